#include "query/gold_views.h"

#include <fmt/format.h>

#include "query/adjusted_sql.h"

namespace pregao::query {
namespace {

// The windows are partitioned by all that a statement filters by, so that filters reach the files.
constexpr char kBars[] = R"(
WITH last AS (
  SELECT * FROM bar_revisions
  QUALIFY row_number() OVER (PARTITION BY ticker, "interval", source, date, bar_start ORDER BY revision DESC) = 1
), judged AS (
  SELECT *, source = 'stream' AND coalesce(bar_start - lag(bar_start) OVER w > INTERVAL 1 MINUTE
                                           OR lead(bar_start) OVER w - bar_start > INTERVAL 1 MINUTE, false) AS torn
  FROM last WINDOW w AS (PARTITION BY ticker, "interval", source, date ORDER BY bar_start)
)
SELECT * EXCLUDE (torn) FROM judged
QUALIFY row_number() OVER (PARTITION BY ticker, "interval", date, bar_start
                           ORDER BY CASE WHEN source = 'chart' THEN 1 WHEN torn THEN 2 ELSE 0 END) = 1)";

// %s: the columns that name a bar, and the groups
constexpr char kWider[] = R"(
SELECT {}, {} AS bar_start, arg_min(open, m.bar_start) AS open, max(high) AS high, min(low) AS low,
  arg_max(close, m.bar_start) AS close, sum(volume)::BIGINT AS volume,
  sum(vwap_estimate * volume) / sum(volume) FILTER (WHERE vwap_estimate IS NOT NULL) AS vwap_estimate,
  sum(ticks)::BIGINT AS ticks, count(*) AS minutes,
  CASE WHEN min(source) = max(source) THEN min(source) ELSE 'mixed' END AS source, {} AS date
FROM {} AS m GROUP BY ALL)";

constexpr char kLatest[] = R"(
SELECT ticker, price, previous_close AS reference_price, coalesce(change, price - previous_close) AS change,
  coalesce(change_percent, (price - previous_close) / previous_close * 100) AS change_percent, currency, exchange,
  quote_type, market_hours, day_volume, event_time, received_at, source
FROM silver
QUALIFY row_number() OVER (PARTITION BY ticker ORDER BY event_time DESC, day_volume DESC NULLS LAST, "offset" DESC) = 1)";

// A ticker's silence, cut by the sessions of its exchange. Where nobody knows them, 8 hours or more are a closed
// market. Five minutes are a gap; of one that has spoken in each of ten minutes before, and speaks again in that
// session, one.
constexpr char kGaps[] = R"(
WITH minutes AS (
  SELECT DISTINCT ticker, bar_start FROM bar_revisions WHERE source = 'stream' AND "interval" = '1m'
), silences AS (
  SELECT ticker, bar_start + INTERVAL 1 MINUTE AS silent_from,
    lead(bar_start) OVER (PARTITION BY ticker ORDER BY bar_start) AS silent_to,
    count(*) OVER (PARTITION BY ticker ORDER BY bar_start
                   RANGE BETWEEN INTERVAL 9 MINUTE PRECEDING AND CURRENT ROW) = 10 AS busy
  FROM minutes
), times AS (
  SELECT * FROM sessions
  WHERE session_end >= (SELECT min(bar_start) FROM minutes) AND session_start <= (SELECT max(bar_start) FROM minutes)
), calendars AS (
  SELECT t.ticker, calendar, c.known_from, c.known_to
  FROM (SELECT ticker, calendar_of(ticker) AS calendar FROM (SELECT DISTINCT ticker FROM minutes)) AS t
  LEFT JOIN (SELECT calendar, min(session_start) AS known_from, max(session_end) AS known_to
             FROM sessions GROUP BY calendar) AS c USING (calendar)
), candidates AS (
  SELECT s.*, c.calendar, coalesce(silent_from >= known_from AND silent_to <= known_to, false) AS known
  FROM silences AS s JOIN calendars AS c USING (ticker)
  WHERE silent_to - silent_from >= CASE WHEN busy THEN INTERVAL 1 MINUTE ELSE INTERVAL 5 MINUTE END
), cut AS (
  SELECT ticker, calendar, greatest(silent_from, session_start) AS gap_start, least(silent_to, session_end) AS gap_end,
    busy AND silent_from > session_start AND silent_to < session_end AS busy
  FROM candidates JOIN times USING (calendar)
  WHERE known AND session_start < silent_to AND session_end > silent_from
  UNION ALL
  SELECT ticker, calendar, silent_from, silent_to, busy FROM candidates
  WHERE NOT known AND silent_to - silent_from < INTERVAL 8 HOUR
), found AS (
  SELECT * FROM cut WHERE gap_end - gap_start >= CASE WHEN busy THEN INTERVAL 1 MINUTE ELSE INTERVAL 5 MINUTE END
), anyone AS (
  SELECT DISTINCT bar_start FROM minutes
), filled AS (
  SELECT f.ticker, f.gap_start, count(*) AS filled
  FROM (SELECT DISTINCT ticker, bar_start FROM bar_revisions WHERE source = 'chart' AND "interval" = '1m') AS c
  ASOF JOIN (SELECT ticker, gap_start, gap_end FROM found) AS f ON c.ticker = f.ticker AND c.bar_start >= f.gap_start
  WHERE c.bar_start < f.gap_end GROUP BY ALL
)
SELECT g.ticker, g.gap_start, gap_end, date_diff('minute', g.gap_start, gap_end) AS minutes,
  coalesce(filled, 0) AS filled, coalesce(a.bar_start >= gap_end, true) AS feed_silent, calendar,
  g.gap_start::DATE AS date
FROM found AS g LEFT JOIN filled AS f ON f.ticker = g.ticker AND f.gap_start = g.gap_start
ASOF LEFT JOIN anyone AS a ON g.gap_start <= a.bar_start)";

std::string Days() {
  constexpr char kMinutes[] =
      R"((SELECT *, exchange_day(ticker, bar_start) AS local_day FROM bars WHERE "interval" = '1m'))";
  return fmt::format(kWider, "ticker", "min(m.bar_start)", "local_day", kMinutes);
}

std::string Wider(const std::string& width) {
  const std::string bucket = fmt::format("time_bucket(INTERVAL {}, m.bar_start)", width);
  return fmt::format(kWider, "ticker", bucket, "m.date", "(SELECT * FROM bars WHERE \"interval\" = '1m')");
}

}  // namespace

const std::vector<DerivedView>& DerivedViews() {
  static const std::vector<DerivedView> views{
      {"bars", "bar_revisions", {}, kBars},
      {"bars_5m", "bar_revisions", {"bars"}, Wider("5 MINUTE")},
      {"bars_1h", "bar_revisions", {"bars"}, Wider("1 HOUR")},
      {"bars_1d", "bar_revisions", {"bars"}, Days()},
      {"gaps", "bar_revisions", {}, kGaps},
      {"latest", "silver", {}, kLatest},
      {"bars_adjusted", "corporate_actions", {"bars"}, kAdjustedToday, kAdjustedMacro},
  };
  return views;
}

}  // namespace pregao::query
