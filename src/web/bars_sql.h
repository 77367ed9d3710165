#pragma once
#include <string>

#include "base/status.h"

namespace pregao::web {

/// One statement for the newest `limit` bars of a ticker, oldest first: t (seconds since the epoch), open, high, low,
/// close, volume (null: unknown), out of Gold's views; where a bar that is over was fetched with that interval it
/// stands for the minutes that it overlaps. A bar of 1d is named by its exchange's date. Invalid: the interval is none
/// of 1m, 5m, 15m, 1h, 1d.
/// @param last_day  looked at, with so many days before it that `limit` bars are there for a ticker that trades, from 5
///                  of 1m to 1,500 of 1d; empty: today
[[nodiscard]] Result<std::string> BarsSql(const std::string& ticker, const std::string& interval, int limit,
                                          const std::string& last_day = "");

/// One statement of one row: the day of the newest bar that BarsSql can be made of, however old, as 2026-11-28; null:
/// there is none.
[[nodiscard]] std::string NewestDaySql(const std::string& ticker, const std::string& interval);

/// One statement, of one row or none: the seconds to be added to a UTC time of today, so that its date is the day of
/// the ticker's exchange.
[[nodiscard]] std::string DayOffsetSql(const std::string& ticker);

/// One statement for sparklines: ticker, and a list of at most 60 prices of its last six hours with quotes.
[[nodiscard]] std::string SparklineSql(const std::string& tickers_in);

/// One statement for the newest row of each of these tickers within the last ten days, in the order that the board
/// reads (see LatestQuote).
[[nodiscard]] std::string LatestSql(const std::string& tickers_in);

}  // namespace pregao::web
