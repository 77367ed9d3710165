#include "medallion/judge.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <simdjson.h>
#include <string>
#include <unordered_set>

#include "medallion/message_keys.h"
#include "medallion/plain_parser.h"

namespace pregao::medallion {
namespace {

namespace ondemand = simdjson::ondemand;
using market::FieldKind;

/// The start of a value for people to read, cut between characters.
std::string Excerpt(std::string_view text) {
  constexpr std::size_t kMost = 60;
  if (text.size() <= kMost) return std::string(text);
  std::size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

std::string_view TrimRight(std::string_view token) {
  const auto end = token.find_last_not_of(" \t\r\n");
  return token.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

/// RFC 8259's `number`.
bool IsJsonNumber(std::string_view s) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t from = i;
    while (i < s.size() && s[i] >= '0' && s[i] <= '9') ++i;
    return i - from;
  };
  if (i < s.size() && s[i] == '-') ++i;
  const bool zero = i < s.size() && s[i] == '0';
  const std::size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (i < s.size() && s[i] == '.') {
    ++i;
    if (digits() == 0) return false;
  }
  if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
    ++i;
    if (i < s.size() && (s[i] == '+' || s[i] == '-')) ++i;
    if (digits() == 0) return false;
  }
  return i == s.size();
}

bool OnlyPositivePrices(std::string_view quote_type) {
  return quote_type == "EQUITY" || quote_type == "ETF" || quote_type == "MUTUALFUND" ||
         quote_type == "CRYPTOCURRENCY" || quote_type == "CURRENCY";
}

std::string_view Wanted(FieldKind kind) {
  switch (kind) {
    case FieldKind::kString:
      return "a string";
    case FieldKind::kFloat:
    case FieldKind::kDouble:
      return "a number";
    case FieldKind::kInt:
      return "an integer of 64 bits";
    case FieldKind::kQuoteType:
    case FieldKind::kMarketHours:
      return "a name or an integer";
  }
  return "";
}

}  // namespace

class Judge::Impl {
 public:
  std::optional<Rejection> Decide(const Record& record, SilverRow* row);

 private:
  // Parsing stops at the first fault of the grammar; a field of a wrong type is noted, and parsing goes on, because a
  // fault of the grammar behind it comes first in the order of the rules.
  void Forget();
  void Parse(std::string_view value, SilverRow* row);
  simdjson::error_code ParseObject(ondemand::object object, SilverRow* row);
  simdjson::error_code Known(std::size_t key, ondemand::value& value, SilverRow* row);
  simdjson::error_code Number(std::size_t key, ondemand::value& value, SilverRow* row);
  simdjson::error_code Integer(std::size_t key, ondemand::value& value, SilverRow* row);
  simdjson::error_code Text(std::size_t key, ondemand::value& value, SilverRow* row);
  simdjson::error_code Misfit(std::size_t key, ondemand::value& value);
  simdjson::error_code Validate(ondemand::value& value, std::string* shown);
  void WrongType(std::size_t key, std::string_view shown);
  std::optional<Rejection> Rules(const Record& record, SilverRow* row) const;

  PlainParser plain_;  // of nearly all messages; the rest goes the long way
  ondemand::parser parser_;
  simdjson::dom::parser validator_;
  std::unordered_set<std::string> unknown_;  // unknown keys seen in this message
  std::uint64_t seen_ = 0;                   // known keys seen in this message
  std::uint64_t given_ = 0;                  // those whose value does not fit, and is not null
  std::string malformed_, wrong_type_;
  std::string copy_;  // of a value at fault, with nothing behind it
  bool infinite_price_ = false;
  std::array<std::array<char, 24>, 2> enum_digits_;
};

void Judge::Impl::WrongType(std::size_t key, std::string_view shown) {
  if (!wrong_type_.empty()) return;
  const std::string_view wanted = key == kReceivedAtKey ? "an integer of 64 bits"
                                  : key == kSourceKey   ? "a string"
                                                        : Wanted(market::kFields[key].kind);
  wrong_type_ = fmt::format("{}: {} is not {}", internal::KeyName(key), Excerpt(shown), wanted);
}

/// Checks a value that nothing converts: On-Demand alone skips such values unread. `*shown` gets it as text.
simdjson::error_code Judge::Impl::Validate(ondemand::value& value, std::string* shown) {
  ondemand::json_type type;
  if (auto error = value.type().get(type)) return error;
  switch (type) {
    case ondemand::json_type::object:
    case ondemand::json_type::array: {
      std::string_view raw;
      if (auto error = value.raw_json().get(raw)) return error;
      *shown = raw;
      simdjson::dom::element element;
      return validator_.parse(raw.data(), raw.size()).get(element);
    }
    case ondemand::json_type::number:
      *shown = TrimRight(value.raw_json_token());
      return IsJsonNumber(*shown) ? simdjson::SUCCESS : simdjson::NUMBER_ERROR;
    case ondemand::json_type::string: {
      *shown = TrimRight(value.raw_json_token());
      std::string_view text;
      return value.get_string().get(text);
    }
    case ondemand::json_type::boolean: {
      bool b;
      if (auto error = value.get_bool().get(b)) return error;
      *shown = b ? "true" : "false";
      return simdjson::SUCCESS;
    }
    case ondemand::json_type::null: {
      bool null;
      if (auto error = value.is_null().get(null)) return error;
      return null ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
    }
  }
  return simdjson::TAPE_ERROR;
}

simdjson::error_code Judge::Impl::Misfit(std::size_t key, ondemand::value& value) {
  std::string shown;
  if (auto error = Validate(value, &shown)) return error;
  if (shown.empty()) return simdjson::SUCCESS;  // null: absent
  given_ |= 1ULL << key;
  const bool number = shown[0] == '-' || (shown[0] >= '0' && shown[0] <= '9');
  if (number && key == market::kPrice) {
    infinite_price_ = true;  // the only number that is no double: one beyond its range
  } else {
    WrongType(key, shown);
  }
  return simdjson::SUCCESS;
}

simdjson::error_code Judge::Impl::Number(std::size_t key, ondemand::value& value, SilverRow* row) {
  double number;
  if (value.get_double().get(number)) return Misfit(key, value);
  row->cells[key].number = number;
  row->present |= 1ULL << key;
  return simdjson::SUCCESS;
}

simdjson::error_code Judge::Impl::Integer(std::size_t key, ondemand::value& value, SilverRow* row) {
  std::int64_t number;
  if (value.get_int64().get(number)) return Misfit(key, value);
  if (key == kReceivedAtKey) {
    if (number <= 0 || number > kMaxTimestampMs) {
      WrongType(key, std::to_string(number));
    } else {
      row->received_at_us = number * 1000;
    }
    return simdjson::SUCCESS;
  }
  row->cells[key].integer = number;
  row->present |= 1ULL << key;
  return simdjson::SUCCESS;
}

simdjson::error_code Judge::Impl::Text(std::size_t key, ondemand::value& value, SilverRow* row) {
  std::string_view text;
  if (const auto error = value.get_string().get(text)) {
    if (error == simdjson::STRING_ERROR) return error;
    const bool is_enum = key == market::kQuoteType || key == market::kMarketHours;
    std::int64_t number;
    if (!is_enum || value.get_int64().get(number)) return Misfit(key, value);
    auto& digits = enum_digits_[key == market::kQuoteType ? 0 : 1];
    const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    text = {digits.data(), end};
  }
  if (key == kSourceKey) {
    row->source = text;
  } else {
    row->cells[key].text = text;
    row->present |= 1ULL << key;
  }
  return simdjson::SUCCESS;
}

simdjson::error_code Judge::Impl::Known(std::size_t key, ondemand::value& value, SilverRow* row) {
  if (key == kReceivedAtKey) return Integer(key, value, row);
  if (key == kSourceKey) return Text(key, value, row);
  switch (market::kFields[key].kind) {
    case FieldKind::kFloat:
    case FieldKind::kDouble:
      return Number(key, value, row);
    case FieldKind::kInt:
      return Integer(key, value, row);
    case FieldKind::kString:
    case FieldKind::kQuoteType:
    case FieldKind::kMarketHours:
      return Text(key, value, row);
  }
  return simdjson::UNEXPECTED_ERROR;
}

simdjson::error_code Judge::Impl::ParseObject(ondemand::object object, SilverRow* row) {
  for (auto item : object) {
    if (auto error = item.error()) return error;
    auto&& field =
        std::move(item).value_unsafe();  // where it is: copies of fields and values cost a tenth of the parse
    std::string_view name = field.escaped_key();
    if (name.find('\\') != std::string_view::npos) {
      if (auto error = field.unescaped_key(false).get(name)) return error;
    }
    const std::size_t key = FindKey(name);
    if (key == kUnknownKey) {
      if (!unknown_.insert(std::string(name)).second) {
        malformed_ = fmt::format("key \"{}\" occurs twice", Excerpt(name));
        return simdjson::SUCCESS;
      }
      std::string shown;
      if (auto error = Validate(field.value(), &shown)) return error;
      continue;
    }
    if (((seen_ >> key) & 1) != 0) {
      malformed_ = fmt::format("key \"{}\" occurs twice", name);
      return simdjson::SUCCESS;
    }
    seen_ |= 1ULL << key;
    if (auto error = Known(key, field.value(), row)) return error;
  }
  return simdjson::SUCCESS;
}

/// What was noted of the message before.
void Judge::Impl::Forget() {
  seen_ = given_ = 0;
  infinite_price_ = false;
  malformed_.clear();
  wrong_type_.clear();
  if (!unknown_.empty()) unknown_.clear();
}

void Judge::Impl::Parse(std::string_view value, SilverRow* row) {
  Forget();
  row->present = 0;
  row->received_at_us.reset();
  row->source.reset();
  const auto fail = [&](std::string_view why) { malformed_ = why; };
  if (value.starts_with("\xEF\xBB\xBF")) return fail("starts with a byte order mark");
  ondemand::document document;
  if (auto error = parser_.iterate(value.data(), value.size(), value.size() + simdjson::SIMDJSON_PADDING).get(document))
    return fail(simdjson::error_message(error));
  ondemand::object object;
  if (auto error = document.get_object().get(object)) {
    return fail(error == simdjson::INCORRECT_TYPE ? "is not a JSON object" : simdjson::error_message(error));
  }
  if (auto error = ParseObject(object, row)) return fail(simdjson::error_message(error));
  if (malformed_.empty() && !document.at_end()) fail("something stands behind the JSON object");
}

std::optional<Rejection> Judge::Impl::Rules(const Record& record, SilverRow* row) const {
  using market::kPrice;
  if (!malformed_.empty()) return Rejection{Reject::kMalformed, malformed_};
  constexpr std::uint64_t kRequired = 1ULL << market::kTicker | 1ULL << kPrice | 1ULL << market::kEventTime;
  const std::uint64_t missing = kRequired & ~(row->present | given_);
  for (const auto field : {market::kTicker, kPrice, market::kEventTime}) {
    if (((missing >> field) & 1) != 0) {
      return Rejection{Reject::kMissingField, fmt::format("{} is absent", market::kFields[field].key)};
    }
  }
  if (row->Has(market::kTicker) && row->ticker().empty()) return Rejection{Reject::kMissingField, "ticker is empty"};
  if (!wrong_type_.empty()) return Rejection{Reject::kWrongType, wrong_type_};
  if (infinite_price_) return Rejection{Reject::kBadPrice, "price: not finite"};
  const double price = row->cells[kPrice].number;
  if (price <= 0 && row->Has(market::kQuoteType) && OnlyPositivePrices(row->cells[market::kQuoteType].text)) {
    return Rejection{Reject::kBadPrice,
                     fmt::format("price: {} is not positive, for {}", price, row->cells[market::kQuoteType].text)};
  }
  const std::int64_t time = row->event_time_us();  // still milliseconds here
  if (time <= 0 || time > kMaxTimestampMs)
    return Rejection{Reject::kBadTime, fmt::format("time: {} is out of range", time)};
  const std::int64_t received = row->received_at_us ? *row->received_at_us / 1000 : record.timestamp_ms;
  if (received >= 0 && time - received > kMaxAheadMs) {
    return Rejection{Reject::kBadTime, fmt::format("time: {} is {} ms ahead of its reception", time, time - received)};
  }
  if (row->ticker().size() > kMaxTickerBytes) {
    return Rejection{Reject::kTooLarge,
                     fmt::format("ticker: {} bytes, at most {}", row->ticker().size(), kMaxTickerBytes)};
  }
  return std::nullopt;
}

std::optional<Rejection> Judge::Impl::Decide(const Record& record, SilverRow* row) {
  if (!record.value) return Rejection{Reject::kTombstone, "the record has no value"};
  if (record.value->size() > kMaxValueBytes) {
    return Rejection{Reject::kTooLarge,
                     fmt::format("value: {} bytes, at most {}", record.value->size(), kMaxValueBytes)};
  }
  Forget();
  if (!plain_.Parse(*record.value, row)) Parse(*record.value, row);
  if (!malformed_.empty() || !wrong_type_.empty()) {
    // A parser at a fault may look at what follows the value in memory; its words must not depend on that.
    copy_.assign(*record.value).append(simdjson::SIMDJSON_PADDING, '\0');
    Parse({copy_.data(), record.value->size()}, row);
  }
  if (auto rejection = Rules(record, row)) return rejection;
  row->cells[market::kEventTime].integer *= 1000;
  if (!row->Has(market::kPreviousClose) && row->Has(market::kChange)) {
    const double close = row->cells[market::kPrice].number - row->cells[market::kChange].number;
    row->cells[market::kPreviousClose].number = close;
    if (std::isfinite(close)) row->present |= 1ULL << market::kPreviousClose;
  }
  return std::nullopt;
}

Judge::Judge() : impl_(std::make_unique<Impl>()) {}
Judge::~Judge() = default;
Judge::Judge(Judge&&) noexcept = default;
Judge& Judge::operator=(Judge&&) noexcept = default;

std::optional<Rejection> Judge::Decide(const Record& record, SilverRow* row) { return impl_->Decide(record, row); }

RowKey KeyOf(const SilverRow& row, RowHasher* hasher) {
  const auto each = [&row](std::uint64_t sort, auto&& add) {
    for (std::uint64_t rest = row.present & sort; rest != 0; rest &= rest - 1) {
      const auto field = static_cast<market::Field>(std::countr_zero(rest));
      add(field, row.cells[field]);
    }
  };
  each(kSorts.numbers, [&](auto field, const auto& cell) { hasher->Add(field, cell.number); });
  each(kSorts.integers, [&](auto field, const auto& cell) { hasher->Add(field, cell.integer); });
  each(kSorts.texts, [&](auto field, const auto& cell) { hasher->Add(field, cell.text); });
  return hasher->Finish();
}

}  // namespace pregao::medallion
