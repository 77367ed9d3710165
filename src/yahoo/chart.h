#pragma once
/// Yahoo's chart API: what is asked and what comes back (docs/history.md).
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/types.h"
#include "market/bar.h"

namespace pregao::yahoo {

/// A width of bars that Yahoo has, and how much of it.
struct ChartInterval {
  std::string_view name;      ///< as Yahoo and the table write it
  std::int64_t seconds;       ///< of one bar; a day's is a session, which is shorter
  std::int64_t request_days;  ///< at most in one request
  std::int64_t reach_days;    ///< how far back from now; 0: to the beginning
};

/// Yahoo takes 8 days of minutes a request and 30 in all, 60 days up to 90m, 730 of 1h; it shifts, so each has a
/// margin.
inline constexpr std::array<ChartInterval, 8> kChartIntervals{{
    {"1m", 60, 7, 29},
    {"2m", 120, 59, 59},
    {"5m", 300, 59, 59},
    {"15m", 900, 59, 59},
    {"30m", 1800, 59, 59},
    {"90m", 5400, 59, 59},
    {"1h", 3600, 365, 729},
    {"1d", 86'400, 3650, 0},
}};

/// By its name, or "60m", which is 1h. Invalid names those that there are.
[[nodiscard]] Result<ChartInterval> ChartIntervalOf(std::string_view name);

/// What is asked: bars that start in [from_s, to_s), UTC seconds.
struct ChartQuery {
  std::string ticker;
  ChartInterval interval = kChartIntervals.back();
  std::int64_t from_s = 0, to_s = 0;
};

struct ChartMeta {
  std::string symbol, exchange, timezone, instrument_type, granularity;
  std::string currency;                       ///< of all prices; GBp, ZAc and ILA are hundredths (market/currency.h)
  std::int64_t gmt_offset_s = 0;              ///< of the exchange, today
  std::optional<std::int64_t> market_time_s;  ///< of the newest trade
  std::optional<std::pair<std::int64_t, std::int64_t>>
      regular_s;  ///< the running or last regular session, [open, close)
};

/// Rows that did not become bars as they stood, counted.
struct ChartNotes {
  std::int64_t empty = 0;     ///< without a price (nulls, or a volume alone): left out
  std::int64_t partial = 0;   ///< without some of open, high, low, close: left out
  std::int64_t merged = 0;    ///< the second of two for one interval: joined with the first
  std::int64_t rescaled = 0;  ///< hundredfold or a hundredth of its neighbours, in a minor currency: put right

  ChartNotes& operator+=(const ChartNotes& other);
  friend bool operator==(const ChartNotes&, const ChartNotes&) = default;
};

/// An answer with bars, or without: a range that holds no trade.
struct Chart {
  ChartMeta meta;
  std::vector<market::Bar> bars;                 ///< source chart, revision 1; by start, each start once
  std::vector<market::CorporateAction> actions;  ///< by day and kind
  ChartNotes notes;
};

/// Yahoo's own "no": chart.error of an answer.
struct ChartRefusal {
  std::string code, description;  ///< "Not Found", "No data found, symbol may be delisted"
};

}  // namespace pregao::yahoo
