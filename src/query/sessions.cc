#include "query/sessions.h"

#include <fmt/format.h>
#include <vector>

namespace pregao::query {
namespace {

constexpr std::int64_t kAlwaysS = 253'370'764'800;  // the year 9999
constexpr std::int64_t kNoDay = -1'000'000;

constexpr char kSessions[] = R"(
CREATE TABLE sessions AS
SELECT calendar, CASE WHEN day > {} THEN DATE '1970-01-01' + day::INTEGER END AS date,
  to_timestamp(from_s) AS session_start, to_timestamp(to_s) AS session_end
FROM session_seconds)";

// The order is that of market::Calendars::Of.
constexpr char kCalendarOf[] = R"(
CREATE MACRO calendar_of(ticker) AS coalesce({0}[ticker],
  CASE WHEN ticker = '' OR starts_with(ticker, '^') THEN NULL
    WHEN contains(ticker, '=') THEN {1}[regexp_extract(ticker, '=[^=]*$')]
    WHEN contains(ticker, '.') THEN {1}[regexp_extract(ticker, '\.[^.]*$')]
    WHEN regexp_matches(ticker, '-[A-Z]{{3,}}$') THEN {2}
    ELSE {1}['.'] END))";

std::vector<NamedNumbers> Stretches(const market::Calendars& calendars) {
  std::vector<NamedNumbers> rows;
  for (const auto& [name, calendar] : calendars.all()) {
    if (calendar.always()) {
      rows.push_back({name, {kNoDay, 0, kAlwaysS}});
      continue;
    }
    for (std::int32_t day = calendar.first_day(); day <= calendar.last_day(); ++day) {
      const auto session = calendar.SessionOf(day);
      if (!session) continue;
      const auto& [from_s, to_s] = session->hours;
      rows.push_back({name, {day, from_s, session->pause ? session->pause->from_s : to_s}});
      if (session->pause) rows.push_back({name, {day, session->pause->to_s, to_s}});
    }
  }
  return rows;
}

std::string MapOf(const market::Calendars& calendars, const market::Calendars::Names& names) {
  std::string out;
  for (const auto& [key, calendar] : names) {
    if (calendars.Find(calendar) == nullptr) continue;
    out += (out.empty() ? "" : ", ") + QuoteText(key) + ": " + QuoteText(calendar);
  }
  return out.empty() ? "map {'': NULL::VARCHAR}" : "map {" + out + "}";
}

}  // namespace

Status LoadSessions(const market::Calendars& calendars, Database* database) {
  TRY(database->Execute("CREATE TABLE session_seconds (calendar VARCHAR, day BIGINT, from_s BIGINT, to_s BIGINT)"));
  TRY(database->Append("session_seconds", Stretches(calendars)));
  TRY(database->Execute(fmt::format(kSessions, kNoDay)));
  TRY(database->Execute("DROP TABLE session_seconds"));
  const std::string always = calendars.Find("ALWAYS") != nullptr ? "'ALWAYS'" : "NULL";
  return database->Execute(
      fmt::format(kCalendarOf, MapOf(calendars, calendars.tickers()), MapOf(calendars, calendars.suffixes()), always));
}

}  // namespace pregao::query
