#pragma once
/// The fields of Yahoo's PricingData: one table that the frame decoder, the topic message and the Silver schema share.
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/types.h"

namespace pregao::market {

enum class FieldKind : std::uint8_t {
  kString,
  kFloat,        ///< float32 on the wire; kept as the double of its shortest decimal
  kDouble,       ///< float64 on the wire
  kInt,          ///< sint64 (zigzag) on the wire
  kQuoteType,    ///< int32 enum, by name from here on
  kMarketHours,  ///< int32 enum, by name from here on
};

/// Indices of kFields, in the order of Silver's columns.
enum Field : std::size_t {
  kTicker,
  kEventTime,
  kPrice,
  kChange,
  kChangePercent,
  kPreviousClose,
  kCurrency,
  kExchange,
  kQuoteType,
  kMarketHours,
  kDayVolume,
  kDayHigh,
  kDayLow,
  kShortName,
  kExpireDate,
  kOpenPrice,
  kStrikePrice,
  kUnderlyingSymbol,
  kOpenInterest,
  kOptionsType,
  kMiniOption,
  kLastSize,
  kBid,
  kBidSize,
  kAsk,
  kAskSize,
  kPriceHint,
  kVol24hr,
  kVolAllCurrencies,
  kFromCurrency,
  kLastMarket,
  kCirculatingSupply,
  kMarketCap,
  kFieldCount
};

struct FieldSpec {
  Field field;
  std::string_view column;  ///< Silver's column name
  std::string_view key;     ///< the topic message's key
  std::uint32_t tag;        ///< the protobuf field number
  FieldKind kind;
};

/// Source of names and numbers: yfinance's and yliveticker's PricingData.
inline constexpr std::array<FieldSpec, kFieldCount> kFields{{
    {kTicker, "ticker", "ticker", 1, FieldKind::kString},
    {kEventTime, "event_time", "time", 3, FieldKind::kInt},
    {kPrice, "price", "price", 2, FieldKind::kFloat},
    {kChange, "change", "change", 12, FieldKind::kFloat},
    {kChangePercent, "change_percent", "change_percent", 8, FieldKind::kFloat},
    {kPreviousClose, "previous_close", "previous_close", 16, FieldKind::kFloat},
    {kCurrency, "currency", "currency", 4, FieldKind::kString},
    {kExchange, "exchange", "exchange", 5, FieldKind::kString},
    {kQuoteType, "quote_type", "quote_type", 6, FieldKind::kQuoteType},
    {kMarketHours, "market_hours", "market_hours", 7, FieldKind::kMarketHours},
    {kDayVolume, "day_volume", "day_volume", 9, FieldKind::kInt},
    {kDayHigh, "day_high", "day_high", 10, FieldKind::kFloat},
    {kDayLow, "day_low", "day_low", 11, FieldKind::kFloat},
    {kShortName, "short_name", "short_name", 13, FieldKind::kString},
    {kExpireDate, "expire_date", "expire_date", 14, FieldKind::kInt},
    {kOpenPrice, "open_price", "open_price", 15, FieldKind::kFloat},
    {kStrikePrice, "strike_price", "strike_price", 17, FieldKind::kFloat},
    {kUnderlyingSymbol, "underlying_symbol", "underlying_symbol", 18, FieldKind::kString},
    {kOpenInterest, "open_interest", "open_interest", 19, FieldKind::kInt},
    {kOptionsType, "options_type", "options_type", 20, FieldKind::kInt},
    {kMiniOption, "mini_option", "mini_option", 21, FieldKind::kInt},
    {kLastSize, "last_size", "last_size", 22, FieldKind::kInt},
    {kBid, "bid", "bid", 23, FieldKind::kFloat},
    {kBidSize, "bid_size", "bid_size", 24, FieldKind::kInt},
    {kAsk, "ask", "ask", 25, FieldKind::kFloat},
    {kAskSize, "ask_size", "ask_size", 26, FieldKind::kInt},
    {kPriceHint, "price_hint", "price_hint", 27, FieldKind::kInt},
    {kVol24hr, "vol_24hr", "vol_24hr", 28, FieldKind::kInt},
    {kVolAllCurrencies, "vol_all_currencies", "vol_all_currencies", 29, FieldKind::kInt},
    {kFromCurrency, "from_currency", "from_currency", 30, FieldKind::kString},
    {kLastMarket, "last_market", "last_market", 31, FieldKind::kString},
    {kCirculatingSupply, "circulating_supply", "circulating_supply", 32, FieldKind::kDouble},
    {kMarketCap, "market_cap", "market_cap", 33, FieldKind::kDouble},
}};

/// The name of an enum value, or its digits when no client lists it ("46" would be, were it not listed).
[[nodiscard]] std::string QuoteTypeName(std::int32_t value);
[[nodiscard]] std::string MarketHoursName(std::int32_t value);
/// The reverse, for encoders; nullopt when the name is neither listed nor a number.
[[nodiscard]] std::optional<std::int32_t> QuoteTypeValue(std::string_view name);
[[nodiscard]] std::optional<std::int32_t> MarketHoursValue(std::string_view name);

/// The double that prints as the shortest decimal naming this float32: 232.35f gives 232.35, not 232.35000610351562.
[[nodiscard]] double ShortestDouble(float wire);

/// One quote as it was sent. A field that the frame did not carry holds monostate (proto3's zero defaults of
/// market_hours, change and change_percent are restored by yahoo::DecodeFrame). Enums hold their name.
struct Quote {
  using Value = std::variant<std::monostate, std::int64_t, double, std::string>;
  std::array<Value, kFieldCount> values;
  std::string unknown_fields;              ///< protobuf fields that kFields does not list, as they were on the wire
  std::optional<TimestampMs> received_at;  ///< the listener's clock
  std::string source;                      ///< "yahoo", "simulator", "replay"

  [[nodiscard]] const Value& operator[](Field f) const { return values[f]; }
  [[nodiscard]] Value& operator[](Field f) { return values[f]; }
  /// The ticker, empty when absent.
  [[nodiscard]] std::string_view ticker() const;

  friend bool operator==(const Quote&, const Quote&) = default;
};

/// The topic message: one JSON object, the seed's six fields (ticker, price, time, exchange, change_percent, change)
/// first, then the others in the order of kFields, unknown_fields (base64), received_at, source. Absent fields are
/// omitted; an enum value without a name is written as a number.
/// A number that is not finite has no JSON and is omitted too.
[[nodiscard]] std::string ToJson(const Quote& quote);
/// The same, appended to `out`, for writers of many.
void AppendJson(const Quote& quote, std::string* out);

}  // namespace pregao::market
