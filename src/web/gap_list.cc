#include "web/gap_list.h"

#include <fmt/format.h>
#include <map>

#include "engine/history.h"
#include "market/calendar.h"
#include "query/format.h"

namespace pregao::web {
namespace {

constexpr std::int64_t kDayS = 86'400;

// {0}: rows (ticker, seconds) up to when gaps were asked for; {1}: the first date; {2}: how many are listed
constexpr char kSql[] = R"(
WITH asked(ticker, until_s) AS (VALUES ('', NULL::BIGINT){0}), judged AS (
  SELECT g.*, CASE WHEN filled >= minutes THEN 'filled'
                   WHEN coalesce(epoch(gap_end)::BIGINT <= until_s, false)
                   THEN CASE WHEN filled > 0 THEN 'partly' ELSE 'unfilled' END
                   ELSE 'waiting' END AS state
  FROM gaps AS g LEFT JOIN asked USING (ticker) WHERE date >= DATE '{1}'
), newest AS (
  SELECT * FROM judged ORDER BY gap_start DESC, ticker LIMIT {2}
)
SELECT (SELECT count(*) FROM judged), (SELECT count(*) FROM judged WHERE state = 'waiting'),
  coalesce(list({{'ticker': ticker, 'from': epoch_ms(gap_start), 'to': epoch_ms(gap_end), 'minutes': minutes,
                 'filled': filled, 'feed_silent': feed_silent, 'calendar': calendar, 'state': state}}
                ORDER BY gap_start DESC, ticker), [])
FROM newest)";

std::string DateOf(std::int64_t second) { return market::DayText(static_cast<std::int32_t>(second / kDayS)); }

/// Up to when gaps of each ticker were asked for, as further rows of a VALUES list.
std::string AskedRows(const std::map<std::string, std::int64_t>& positions) {
  std::string out;
  for (const auto& [ticker, until_s] : engine::History::GapsAsked(positions)) {
    out += fmt::format(", ({}, {})", query::QuoteText(ticker), until_s);
  }
  return out;
}

}  // namespace

Result<std::string> GapList::Json(Waited* waited) {
  const TimestampMs now = clock_->Now();
  const std::int64_t first_s = now.value / 1000 - kDays * kDayS;
  query::JsonRows found;
  const Status status = session_.With(
      [&](query::Session* session) -> Status {
        // A day more: in it are the bars before the first gaps. That an earlier call showed more does no harm.
        session->ShowFrom("bar_revisions", DateOf(first_s - kDayS));
        TRY(query::RunLimited(session, "SELECT 1 FROM bar_revisions LIMIT 0", kOwnLimits).status());
        const auto shown = session->Shown("bar_revisions");
        const std::string asked = shown ? AskedRows(shown->positions) : "";
        return query::RunLimited(session, fmt::format(kSql, asked, DateOf(first_s), kMost), kOwnLimits).Value(&found);
      },
      kOwnPatience, waited);
  const bool bars = !NothingYet(status);
  if (bars) TRY(status);
  // One row: [[count, waiting, [gaps]]].
  const std::string row = bars ? found.rows.substr(2, found.rows.size() - 4) : "null,null,[]";
  const auto comma = row.find(','), second = row.find(',', comma + 1);
  return fmt::format(R"({{"now":{},"days":{},"count":{},"waiting":{},"gaps":{}}})", now.value, kDays,
                     row.substr(0, comma), row.substr(comma + 1, second - comma - 1), row.substr(second + 1));
}

}  // namespace pregao::web
