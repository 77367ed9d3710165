#include "market/quote.h"

#include <charconv>
#include <cmath>

#include "base/json_writer.h"
#include "market/base64.h"

namespace pregao::market {
namespace {

struct Named {
  std::int32_t value;
  std::string_view name;
};
// Source: yfinance's and yliveticker's pricing.proto (docs/yahoo.md); 46 and 4 are listed by one client each.
constexpr std::array kQuoteTypes{
    Named{0, "NONE"},       Named{5, "ALTSYMBOL"},        Named{7, "HEARTBEAT"},    Named{8, "EQUITY"},
    Named{9, "INDEX"},      Named{11, "MUTUALFUND"},      Named{12, "MONEYMARKET"}, Named{13, "OPTION"},
    Named{14, "CURRENCY"},  Named{15, "WARRANT"},         Named{17, "BOND"},        Named{18, "FUTURE"},
    Named{20, "ETF"},       Named{23, "COMMODITY"},       Named{28, "ECNQUOTE"},    Named{41, "CRYPTOCURRENCY"},
    Named{42, "INDICATOR"}, Named{46, "PRIVATE_COMPANY"}, Named{1000, "INDUSTRY"}};
constexpr std::array kMarketHoursNames{Named{0, "PRE_MARKET"}, Named{1, "REGULAR_MARKET"}, Named{2, "POST_MARKET"},
                                       Named{3, "EXTENDED_HOURS_MARKET"}, Named{4, "OVERNIGHT"}};

template <std::size_t N>
std::string NameOf(const std::array<Named, N>& table, std::int32_t value) {
  for (const Named& named : table) {
    if (named.value == value) return std::string(named.name);
  }
  return std::to_string(value);
}

std::optional<std::int32_t> AsNumber(std::string_view text) {
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <std::size_t N>
std::optional<std::int32_t> ValueOf(const std::array<Named, N>& table, std::string_view name) {
  for (const Named& named : table) {
    if (named.name == name) return named.value;
  }
  return AsNumber(name);
}

bool IsEnum(FieldKind kind) { return kind == FieldKind::kQuoteType || kind == FieldKind::kMarketHours; }

void AppendInt(std::int64_t number, std::string* out) {
  std::array<char, 24> buffer;
  out->append(buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr);
}

void AppendKey(std::string_view key, std::string* out) {
  if (out->back() != '{') out->push_back(',');
  out->push_back('"');
  *out += key;  // our own names: nothing to escape
  *out += "\":";
}

void AppendField(const FieldSpec& spec, const Quote::Value& value, std::string* out) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    AppendKey(spec.key, out);
    AppendInt(*number, out);
  } else if (const auto* real = std::get_if<double>(&value); real != nullptr && std::isfinite(*real)) {
    AppendKey(spec.key, out);
    AppendJsonNumber(*real, out);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    AppendKey(spec.key, out);
    if (IsEnum(spec.kind) && AsNumber(*text).has_value()) {
      *out += *text;
    } else {
      AppendJsonString(*text, out);
    }
  }
}

constexpr std::array kSeedFields{kTicker, kPrice, kEventTime, kExchange, kChangePercent, kChange};
constexpr bool IsSeedField(Field field) {
  for (const Field seed : kSeedFields) {
    if (seed == field) return true;
  }
  return false;
}

}  // namespace

std::string QuoteTypeName(std::int32_t value) { return NameOf(kQuoteTypes, value); }
std::string MarketHoursName(std::int32_t value) { return NameOf(kMarketHoursNames, value); }
std::optional<std::int32_t> QuoteTypeValue(std::string_view name) { return ValueOf(kQuoteTypes, name); }
std::optional<std::int32_t> MarketHoursValue(std::string_view name) { return ValueOf(kMarketHoursNames, name); }

double ShortestDouble(float wire) {
  if (!std::isfinite(wire)) return static_cast<double>(wire);
  std::array<char, 32> buffer;
  const char* end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), wire).ptr;
  double value = 0;
  std::from_chars(buffer.data(), end, value);
  return value;
}

std::string_view Quote::ticker() const {
  const auto* text = std::get_if<std::string>(&values[kTicker]);
  return text != nullptr ? std::string_view(*text) : std::string_view();
}

void AppendJson(const Quote& quote, std::string* out) {
  out->push_back('{');
  for (const Field field : kSeedFields) AppendField(kFields[field], quote[field], out);
  for (const FieldSpec& spec : kFields) {
    if (!IsSeedField(spec.field)) AppendField(spec, quote[spec.field], out);
  }
  if (!quote.unknown_fields.empty()) {
    AppendKey("unknown_fields", out);
    out->push_back('"');
    AppendBase64(quote.unknown_fields, out);
    out->push_back('"');
  }
  if (quote.received_at.has_value()) {
    AppendKey("received_at", out);
    AppendInt(quote.received_at->value, out);
  }
  if (!quote.source.empty()) {
    AppendKey("source", out);
    AppendJsonString(quote.source, out);
  }
  out->push_back('}');
}

std::string ToJson(const Quote& quote) {
  std::string out;
  out.reserve(256);
  AppendJson(quote, &out);
  return out;
}

}  // namespace pregao::market
