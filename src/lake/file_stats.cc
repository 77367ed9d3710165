#include "lake/file_stats.h"

#include <algorithm>
#include <arrow/array.h>
#include <arrow/array/array_dict.h>
#include <arrow/util/bit_run_reader.h>
#include <arrow/util/utf8.h>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <fmt/format.h>
#include <optional>
#include <vector>

#include "base/json_writer.h"

namespace pregao::lake {
namespace {

/// Bounds as JSON values; nullopt where there is none.
struct JsonBounds {
  std::optional<std::string> min, max;
};

constexpr std::size_t kMaxCharacters = 32;

std::string JsonText(std::string_view text) {
  std::string json;
  AppendJsonString(text, &json);
  return json;
}

/// Bytes of the first kMaxCharacters code points of `text`, which is UTF-8.
std::size_t PrefixLength(std::string_view text) {
  std::size_t characters = 0, i = 0;
  for (; i < text.size(); ++i) {
    const bool begins_character = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (begins_character && characters++ == kMaxCharacters) break;
  }
  return i;
}

void AppendUtf8(std::uint32_t point, std::string* out) {
  const auto tail = [&](int shift) { out->push_back(static_cast<char>(0x80 | ((point >> shift) & 0x3F))); };
  if (point < 0x80) {
    out->push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out->push_back(static_cast<char>(0xC0 | (point >> 6)));
    tail(0);
  } else if (point < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | (point >> 12)));
    tail(6);
    tail(0);
  } else {
    out->push_back(static_cast<char>(0xF0 | (point >> 18)));
    tail(12);
    tail(6);
    tail(0);
  }
}

/// Takes the last code point off `text`, which is UTF-8 and not empty.
std::uint32_t PopUtf8(std::string* text) {
  std::uint32_t point = 0;
  for (int shift = 0;; shift += 6) {
    const auto byte = static_cast<unsigned char>(text->back());
    text->pop_back();
    if ((byte & 0xC0) == 0x80) {
      point |= (byte & 0x3Fu) << shift;
      continue;
    }
    const unsigned mask = byte < 0x80 ? 0x7F : byte < 0xE0 ? 0x1F : byte < 0xF0 ? 0x0F : 0x07;
    return point | (byte & mask) << shift;
  }
}

/// A short string above every string that begins with the first kMaxCharacters of `text`: the last character of those
/// that has a successor gives way to it and ends the bound. `text` itself when there is none.
/// There is always a bound, because delta-rs finds no row at all where statistics give a min and no max.
std::string RoundUp(std::string_view text) {
  constexpr std::uint32_t kLast = 0x10FFFF, kBeforeSurrogates = 0xD7FF, kAfterSurrogates = 0xE000;
  std::string bound(text.substr(0, PrefixLength(text)));
  while (!bound.empty()) {
    const std::uint32_t point = PopUtf8(&bound);
    if (point == kLast) continue;
    AppendUtf8(point == kBeforeSurrogates ? kAfterSurrogates : point + 1, &bound);
    return bound;
  }
  return std::string(text);
}

/// Least and greatest of the texts that it is told.
struct TextRange {
  std::string_view min, max;
  bool any = false;

  void Take(std::string_view text) {
    if (!any || text < min) min = text;
    if (!any || text > max) max = text;
    any = true;
  }
  [[nodiscard]] JsonBounds ToJson() const {
    JsonBounds bounds;
    if (!any) return bounds;
    arrow::util::InitializeUTF8();
    if (arrow::util::ValidateUTF8(min)) bounds.min = JsonText(min.substr(0, PrefixLength(min)));
    if (!arrow::util::ValidateUTF8(max)) return bounds;
    bounds.max = JsonText(PrefixLength(max) == max.size() ? std::string(max) : RoundUp(max));
    return bounds;
  }
};

JsonBounds TextBounds(const arrow::StringArray& array) {
  TextRange range;
  std::string_view last;
  for (std::int64_t i = 0; i < array.length(); ++i) {
    if (array.IsNull(i)) continue;
    const std::string_view text = array.GetView(i);
    if (range.any && text == last) continue;  // rows are sorted by ticker, and most other text is the same for long
    range.Take(text);
    last = text;
  }
  return range.ToJson();
}

/// Of the words that rows use: a dictionary may hold others. None for other dictionaries than of text by int32.
JsonBounds WordBounds(const arrow::DictionaryArray& array) {
  if (array.dictionary()->type_id() != arrow::Type::STRING || array.indices()->type_id() != arrow::Type::INT32)
    return {};
  const auto& words = static_cast<const arrow::StringArray&>(*array.dictionary());
  const auto& indices = static_cast<const arrow::Int32Array&>(*array.indices());
  std::vector<char> used(static_cast<std::size_t>(words.length()));
  const auto use = [&](std::int64_t begin, std::int64_t size) {
    const std::int32_t* const from = indices.raw_values() + begin;
    for (const std::int32_t* word = from; word != from + size; ++word) used[static_cast<std::size_t>(*word)] = 1;
  };
  arrow::internal::VisitSetBitRunsVoid(indices.null_bitmap_data(), indices.offset(), indices.length(), use);
  TextRange range;
  for (std::int64_t i = 0; i < words.length(); ++i) {
    if (used[static_cast<std::size_t>(i)] != 0) range.Take(words.GetView(i));
  }
  return range.ToJson();
}

/// Least and greatest valid value; NaNs are left out and told by `nan`.
template <class ArrayType>
struct Range {
  using Value = typename ArrayType::TypeClass::c_type;
  bool any = false, nan = false;
  Value min{}, max{};

  explicit Range(const ArrayType& array) {
    const Value* values = array.raw_values();
    const auto take = [&](std::int64_t begin, std::int64_t size) { Take(values + begin, values + begin + size); };
    arrow::internal::VisitSetBitRunsVoid(array.null_bitmap_data(), array.offset(), array.length(), take);
  }
  /// Without a branch for each value: this is done for every value that is written.
  void Take(const Value* begin, const Value* end) {
    if constexpr (std::is_floating_point_v<Value>) {
      const auto nans = std::count_if(begin, end, [](Value value) { return std::isnan(value); });
      nan = nan || nans > 0;
      if (nans == end - begin) return;
      if (!any) min = max = *std::find_if(begin, end, [](Value value) { return !std::isnan(value); });
    } else {
      if (begin == end) return;
      if (!any) min = max = *begin;
    }
    any = true;
    Value low = min, high = max;
    for (; begin != end; ++begin) {
      low = *begin < low ? *begin : low;
      high = *begin > high ? *begin : high;
    }
    min = low;
    max = high;
  }
};

template <class ArrayType>
JsonBounds IntBounds(const arrow::Array& array) {
  const Range<ArrayType> range(static_cast<const ArrayType&>(array));
  if (!range.any) return {};
  return {std::to_string(range.min), std::to_string(range.max)};
}

template <class ArrayType>
JsonBounds FloatBounds(const arrow::Array& array) {
  const Range<ArrayType> range(static_cast<const ArrayType&>(array));
  const auto json = [](double value) -> std::optional<std::string> {
    if (!std::isfinite(value)) return std::nullopt;
    std::string text;
    AppendJsonNumber(value, &text);
    return text;
  };
  if (!range.any) return {};
  return {json(range.min), range.nan ? std::nullopt : json(range.max)};
}

/// nullopt outside the years 1 to 9999, which ISO 8601 has no agreed form for.
std::optional<std::string> IsoDay(std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  const int year = static_cast<int>(date.year());
  if (year < 1 || year > 9999) return std::nullopt;
  return fmt::format("{:04}-{:02}-{:02}", year, static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::optional<std::string> IsoDate(std::int64_t days) {
  constexpr std::int64_t kBeyond = 4'000'000;  // well outside the years that IsoDay takes, well inside chrono's
  if (days < -kBeyond || days > kBeyond) return std::nullopt;
  const auto text = IsoDay(std::chrono::sys_days(std::chrono::days(days)));
  return text ? std::optional(JsonText(*text)) : std::nullopt;
}

std::optional<std::string> IsoTime(std::chrono::milliseconds since_epoch) {
  using namespace std::chrono;
  const sys_time<milliseconds> time(since_epoch);
  const auto day = floor<days>(time);
  const auto text = IsoDay(day);
  if (!text) return std::nullopt;
  const hh_mm_ss clock(time - day);
  return fmt::format("\"{}T{:02}:{:02}:{:02}.{:03}Z\"", *text, clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count(), clock.subseconds().count());
}

JsonBounds DateBounds(const arrow::Array& array) {
  const Range<arrow::Date32Array> range(static_cast<const arrow::Date32Array&>(array));
  if (!range.any) return {};
  return {IsoDate(range.min), IsoDate(range.max)};
}

JsonBounds TimeBounds(const arrow::Array& array) {
  using namespace std::chrono;
  if (static_cast<const arrow::TimestampType&>(*array.type()).unit() != arrow::TimeUnit::MICRO) return {};
  const Range<arrow::TimestampArray> range(static_cast<const arrow::TimestampArray&>(array));
  if (!range.any) return {};
  return {IsoTime(floor<milliseconds>(microseconds(range.min))), IsoTime(ceil<milliseconds>(microseconds(range.max)))};
}

JsonBounds FlagBounds(const arrow::BooleanArray& array) {
  const std::int64_t valid = array.length() - array.null_count(), yes = array.true_count();
  return {yes == valid ? "true" : "false", yes > 0 ? "true" : "false"};
}

JsonBounds ColumnBounds(const arrow::Array& array) {
  if (array.null_count() == array.length()) return {};
  switch (array.type_id()) {
    case arrow::Type::STRING:
      return TextBounds(static_cast<const arrow::StringArray&>(array));
    case arrow::Type::DICTIONARY:
      return WordBounds(static_cast<const arrow::DictionaryArray&>(array));
    case arrow::Type::BOOL:
      return FlagBounds(static_cast<const arrow::BooleanArray&>(array));
    case arrow::Type::INT8:
      return IntBounds<arrow::Int8Array>(array);
    case arrow::Type::INT16:
      return IntBounds<arrow::Int16Array>(array);
    case arrow::Type::INT32:
      return IntBounds<arrow::Int32Array>(array);
    case arrow::Type::INT64:
      return IntBounds<arrow::Int64Array>(array);
    case arrow::Type::FLOAT:
      return FloatBounds<arrow::FloatArray>(array);
    case arrow::Type::DOUBLE:
      return FloatBounds<arrow::DoubleArray>(array);
    case arrow::Type::DATE32:
      return DateBounds(array);
    case arrow::Type::TIMESTAMP:
      return TimeBounds(array);
    default:
      return {};  // binary, boolean: no reader skips files by them
  }
}

}  // namespace

std::string FileStats(const arrow::RecordBatch& rows) {
  JsonWriter min, max, nulls;
  for (JsonWriter* json : {&min, &max, &nulls}) json->BeginObject();
  for (int i = 0; i < rows.num_columns(); ++i) {
    const std::string& name = rows.column_name(i);
    const arrow::Array& column = *rows.column(i);
    nulls.Key(name);
    nulls.Int(column.null_count());
    const JsonBounds bounds = ColumnBounds(column);
    if (bounds.min) {
      min.Key(name);
      min.Raw(*bounds.min);
    }
    if (bounds.max) {
      max.Key(name);
      max.Raw(*bounds.max);
    }
  }
  for (JsonWriter* json : {&min, &max, &nulls}) json->EndObject();
  JsonWriter stats;
  stats.BeginObject();
  stats.Key("numRecords");
  stats.Int(rows.num_rows());
  stats.Key("minValues");
  stats.Raw(min.str());
  stats.Key("maxValues");
  stats.Raw(max.str());
  stats.Key("nullCount");
  stats.Raw(nulls.str());
  stats.EndObject();
  return stats.Take();
}

}  // namespace pregao::lake
