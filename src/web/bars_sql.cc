#include "web/bars_sql.h"

#include <array>
#include <fmt/format.h>

#include "query/database.h"

namespace pregao::web {
namespace {

struct Interval {
  std::string_view name, sql;
  int days;  ///< how far back the newest bars can lie
};
constexpr std::array<Interval, 5> kIntervals{{{"1m", "1 minute", 5},
                                              {"5m", "5 minutes", 10},
                                              {"15m", "15 minutes", 20},
                                              {"1h", "1 hour", 60},
                                              {"1d", "1 day", 1500}}};

}  // namespace

Result<std::string> BarsSql(const std::string& ticker, const std::string& interval, int limit) {
  for (const Interval& known : kIntervals) {
    if (known.name != interval) continue;
    // A day's volume is a running count: a bar has its increases; a decrease begins a new session.
    return fmt::format(
        R"(WITH ticks AS (
  SELECT event_time, price, day_volume, "offset", quote_type,
         day_volume - lag(day_volume) OVER (ORDER BY event_time, day_volume, "offset") AS added
  FROM silver WHERE ticker = {} AND date >= current_date - {}),
bars AS (
  SELECT CAST(epoch(time_bucket(INTERVAL '{}', event_time)) AS BIGINT) AS t,
         arg_min(price, (event_time, coalesce(day_volume, 0), "offset")) AS open, max(price) AS high, min(price) AS low,
         arg_max(price, (event_time, coalesce(day_volume, 0), "offset")) AS close,
         CASE WHEN any_value(quote_type) = 'CRYPTOCURRENCY' THEN NULL
              ELSE CAST(sum(greatest(added, 0)) AS BIGINT) END AS volume
  FROM ticks GROUP BY 1 ORDER BY 1 DESC LIMIT {})
SELECT * FROM bars ORDER BY t)",
        query::QuoteText(ticker), known.days, known.sql, limit);
  }
  return Status::Invalid("interval '", interval, "' is none of 1m, 5m, 15m, 1h, 1d");
}

std::string SparklineSql(const std::string& tickers_in) {
  return fmt::format(
      R"(WITH recent AS (SELECT ticker, event_time, price FROM silver WHERE date >= current_date - 4 AND ticker IN ({0})),
ends AS (SELECT ticker, max(event_time) AS newest FROM recent GROUP BY ticker),
parts AS (
  SELECT ticker, event_time, price, ntile(60) OVER (PARTITION BY ticker ORDER BY event_time) AS part
  FROM recent JOIN ends USING (ticker) WHERE event_time > newest - INTERVAL '6 hours'),
points AS (
  SELECT ticker, part, arg_max(price, event_time) AS price, CAST(max(epoch_ms(event_time)) AS BIGINT) AS t
  FROM parts GROUP BY ALL)
SELECT ticker, list([t, price] ORDER BY part) AS points FROM points GROUP BY ticker)",
      tickers_in);
}

std::string LatestSql(const std::string& tickers_in) {
  return fmt::format(
      R"(SELECT ticker, CAST(epoch_ms(event_time) AS BIGINT), price, change, change_percent, previous_close, day_high, day_low,
  CAST(day_volume AS DOUBLE), currency, exchange, quote_type, market_hours, short_name, source,
  CAST(epoch_ms(received_at) AS BIGINT)
FROM silver WHERE date >= current_date - 10 AND ticker IN ({})
QUALIFY row_number() OVER (PARTITION BY ticker ORDER BY event_time DESC, "offset" DESC) = 1)",
      tickers_in);
}

}  // namespace pregao::web
