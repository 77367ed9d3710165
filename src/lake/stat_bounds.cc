#include <charconv>
#include <chrono>

#include "lake/data_file.h"
#include "lake/json_reader.h"

namespace pregao::lake {
namespace {

namespace dom = simdjson::dom;

std::optional<std::string> BoundText(const dom::object& stats, std::string_view bound, std::string_view column) {
  dom::object values;
  dom::element value;
  if (stats.at_key(bound).get(values) != simdjson::SUCCESS) return std::nullopt;
  if (values.at_key(column).get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
  if (std::string_view text; value.get(text) == simdjson::SUCCESS) return std::string(text);
  return simdjson::minify(value);
}

/// Digits of a fixed width at the front of `text`, which is shortened by them.
std::optional<int> TakeDigits(std::string_view* text, std::size_t width) {
  int number = 0;
  if (text->size() < width) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + width, number);
  if (error != std::errc() || end != text->data() + width || number < 0) return std::nullopt;
  text->remove_prefix(width);
  return number;
}

bool TakeChar(std::string_view* text, char c) {
  if (!text->starts_with(c)) return false;
  text->remove_prefix(1);
  return true;
}

/// ".123456" as microseconds; nothing is zero.
std::optional<int> TakeFraction(std::string_view* text) {
  if (!TakeChar(text, '.')) return 0;
  int micros = 0, digits = 0;
  for (; !text->empty() && text->front() >= '0' && text->front() <= '9'; text->remove_prefix(1)) {
    if (digits < 6) micros = micros * 10 + (text->front() - '0');
    ++digits;
  }
  if (digits == 0) return std::nullopt;
  for (int i = digits; i < 6; ++i) micros *= 10;
  return micros;
}

/// "Z", "+02:00" or nothing (UTC), as minutes east of Greenwich.
std::optional<int> TakeZone(std::string_view* text) {
  if (text->empty() || TakeChar(text, 'Z')) return 0;
  const int sign = text->front() == '-' ? -1 : 1;
  if (!TakeChar(text, '+') && !TakeChar(text, '-')) return std::nullopt;
  const auto hours = TakeDigits(text, 2);
  if (!hours || !TakeChar(text, ':')) return std::nullopt;
  const auto minutes = TakeDigits(text, 2);
  if (!minutes) return std::nullopt;
  return sign * (*hours * 60 + *minutes);
}

}  // namespace

std::optional<Bounds> StatBounds(const DataFile& file, const std::string& column) {
  thread_local dom::parser parser;
  const auto stats = ParseJsonObject(&parser, file.stats);
  if (!stats.ok()) return std::nullopt;
  auto min = BoundText(*stats, "minValues", column), max = BoundText(*stats, "maxValues", column);
  if (!min || !max) return std::nullopt;
  return Bounds{std::move(*min), std::move(*max)};
}

std::optional<std::int64_t> StatRows(const DataFile& file) {
  thread_local dom::parser parser;
  const auto stats = ParseJsonObject(&parser, file.stats);
  std::int64_t rows = 0;
  if (!stats.ok() || stats->at_key("numRecords").get(rows) != simdjson::SUCCESS || rows < 0) return std::nullopt;
  return rows;
}

std::optional<std::int64_t> ParseStatTimestamp(std::string_view text) {
  using namespace std::chrono;
  const auto y = TakeDigits(&text, 4);
  if (!y || !TakeChar(&text, '-')) return std::nullopt;
  const auto m = TakeDigits(&text, 2);
  if (!m || !TakeChar(&text, '-')) return std::nullopt;
  const auto d = TakeDigits(&text, 2);
  if (!d || !(TakeChar(&text, 'T') || TakeChar(&text, ' '))) return std::nullopt;
  const auto hour = TakeDigits(&text, 2);
  if (!hour || *hour > 23 || !TakeChar(&text, ':')) return std::nullopt;
  const auto minute = TakeDigits(&text, 2);
  if (!minute || *minute > 59 || !TakeChar(&text, ':')) return std::nullopt;
  const auto second = TakeDigits(&text, 2);
  if (!second || *second > 59) return std::nullopt;
  const auto micros = TakeFraction(&text);
  const auto zone = micros ? TakeZone(&text) : std::nullopt;
  const year_month_day date(year(*y), month(static_cast<unsigned>(*m)), day(static_cast<unsigned>(*d)));
  if (!zone || !text.empty() || !date.ok()) return std::nullopt;
  const auto time = sys_days(date).time_since_epoch() + hours(*hour) + minutes(*minute - *zone) + seconds(*second);
  return duration_cast<microseconds>(time).count() + *micros;
}

}  // namespace pregao::lake
