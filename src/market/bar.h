#pragma once
/// A bar: what a ticker did in one interval, and what a company did to its shares.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pregao::market {

/// Who says so. Stored in tables by name.
enum class BarSource : std::uint8_t {
  kStream,  ///< built from the quotes of Silver, 1 minute
  kChart,   ///< Yahoo's history
};
[[nodiscard]] std::string_view BarSourceName(BarSource source);
/// The reverse; nullopt for any other text.
[[nodiscard]] std::optional<BarSource> BarSourceOf(std::string_view name);

/// The interval of stream bars.
inline constexpr std::string_view kMinuteInterval = "1m";
inline constexpr std::int64_t kMinuteUs = 60'000'000;

/// One revision of one bar. A bar is named by ticker, interval, start and source; the greatest revision is what holds.
struct Bar {
  std::string ticker;
  std::string interval{kMinuteInterval};          ///< as Yahoo writes it: 1m, 2m, 5m, …, 1d
  std::int64_t start_us = 0;                      ///< UTC microseconds; the bar is [start, start + interval)
  double open = 0, high = 0, low = 0, close = 0;  ///< in the quote's currency (pence stay pence)
  std::optional<std::int64_t> volume;             ///< shares traded in the interval; nullopt: unknown, which is not 0
  std::optional<double> vwap_estimate;            ///< of prices weighed by the volume seen at them
  std::optional<std::int64_t> ticks;              ///< quotes in the interval; nullopt where the source does not say
  BarSource source = BarSource::kStream;
  std::int64_t revision = 1;  ///< from 1
  bool is_final = false;      ///< no more is expected; a late quote revises it all the same

  friend bool operator==(const Bar&, const Bar&) = default;
};

enum class ActionKind : std::uint8_t { kDividend, kSplit };
[[nodiscard]] std::string_view ActionKindName(ActionKind kind);

/// A dividend or split. Named by ticker, day and kind; of several rows the one received last holds.
struct CorporateAction {
  std::string ticker;
  std::int32_t day = 0;  ///< the ex-date in the exchange's own calendar, days since the epoch
  ActionKind kind = ActionKind::kDividend;
  std::optional<double> amount;                  ///< of a dividend, per share, in `currency`
  std::optional<double> numerator, denominator;  ///< of a split: numerator new shares for denominator old ones
  std::optional<std::string> currency;
  BarSource source = BarSource::kChart;
  std::int64_t received_us = 0;  ///< when it was fetched, UTC microseconds

  friend bool operator==(const CorporateAction&, const CorporateAction&) = default;
};

}  // namespace pregao::market
