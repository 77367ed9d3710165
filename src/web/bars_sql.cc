#include "web/bars_sql.h"

#include <array>
#include <fmt/format.h>

#include "query/database.h"

namespace pregao::web {
namespace {

struct Interval {
  std::string_view name;
  std::string_view from;   ///< of Gold's views (docs/gold.md)
  std::string_view start;  ///< what names the bar on the time axis
  int days;                ///< how far back the newest bars can lie
  int seconds;             ///< of one bar
};
/// Gold has no quarters of an hour.
constexpr char kQuarters[] = R"((SELECT ticker, date, time_bucket(INTERVAL 15 MINUTE, b.bar_start) AS bar_start,
  arg_min(open, b.bar_start) AS open, max(high) AS high, min(low) AS low, arg_max(close, b.bar_start) AS close,
  sum(volume)::BIGINT AS volume FROM bars_5m AS b GROUP BY ALL))";
constexpr std::array<Interval, 5> kIntervals{
    {{"1m", "(SELECT * FROM bars WHERE \"interval\" = '1m')", "bar_start", 5, 60},
     {"5m", "bars_5m", "bar_start", 10, 300},
     {"15m", kQuarters, "bar_start", 20, 900},
     {"1h", "bars_1h", "bar_start", 60, 3600},
     {"1d", "bars_1d", "date", 1500, 86400}}};

// {0}: made of minutes, {1}: fetched with this interval, {2}: its seconds. What is fetched and over is whole, whereas
// minutes may be missing; and Yahoo's hours begin with the session, so that what overlaps is not both.
constexpr char kBoth[] = R"(WITH made AS ({0}), fetched AS ({1})
SELECT made.* FROM made ANTI JOIN (SELECT t FROM fetched WHERE is_final) AS whole
  ON whole.t > made.t - {2} AND whole.t < made.t + {2}
UNION ALL BY NAME SELECT * EXCLUDE (is_final) FROM fetched WHERE is_final
UNION ALL BY NAME SELECT running.* EXCLUDE (is_final) FROM (FROM fetched WHERE NOT is_final) AS running
  ANTI JOIN made ON made.t > running.t - {2} AND made.t < running.t + {2})";

}  // namespace

Result<std::string> BarsSql(const std::string& ticker, const std::string& interval, int limit,
                            const std::string& last_day) {
  const std::string last = last_day.empty() ? "current_date" : "DATE " + query::QuoteText(last_day);
  for (const Interval& known : kIntervals) {
    if (known.name != interval) continue;
    const std::string where =
        fmt::format("ticker = {} AND date >= {} - {}", query::QuoteText(ticker), last, known.days);
    const std::string made =
        fmt::format("SELECT CAST(epoch({}) AS BIGINT) AS t, open, high, low, close, volume FROM {} WHERE {}",
                    known.start, known.from, where);
    std::string sql = made;
    if (known.name != "1m") {
      const bool days = known.name == "1d";
      const std::string fetched = fmt::format(
          "SELECT CAST(epoch({}) AS BIGINT) AS t, open, high, low, close, volume, is_final FROM bars WHERE "
          "\"interval\" = '{}' AND source = 'chart' AND {}",
          days ? "exchange_day(ticker, bar_start)" : "bar_start", known.name, where);
      sql = fmt::format(kBoth, made, fetched, known.seconds);
    }
    return fmt::format("SELECT * FROM (SELECT * FROM ({}) ORDER BY t DESC LIMIT {}) ORDER BY t", sql, limit);
  }
  return Status::Invalid("interval '", interval, "' is none of 1m, 5m, 15m, 1h, 1d");
}

std::string NewestDaySql(const std::string& ticker, const std::string& interval) {
  return fmt::format(
      "SELECT CAST(max(date) AS VARCHAR) FROM bar_revisions WHERE ticker = {} AND \"interval\" IN ('1m', {})",
      query::QuoteText(ticker), query::QuoteText(interval));
}

std::string DayOffsetSql(const std::string& ticker) {
  return fmt::format("SELECT CAST(epoch(exchange_time({}, t)) - epoch(t) AS BIGINT) FROM (SELECT now() AS t)",
                     query::QuoteText(ticker));
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
