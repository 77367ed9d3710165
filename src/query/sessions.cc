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

// What a ticker's calendar has; the order is that of market::Calendars::Of.
constexpr char kOf[] = R"(
CREATE MACRO {0}(ticker) AS coalesce({1}[ticker],
  CASE WHEN ticker = '' OR starts_with(ticker, '^') THEN NULL
    WHEN contains(ticker, '=') THEN {2}[regexp_extract(ticker, '=[^=]*$')]
    WHEN contains(ticker, '.') THEN {2}[regexp_extract(ticker, '\.[^.]*$')]
    WHEN regexp_matches(ticker, '-[A-Z]{{3,}}$') THEN {3}
    ELSE {2}['.'] END))";

// Futures begin their day at 18:00 in New York; Yahoo's days of currencies are London's. An index that no calendar
// names is most likely American; an exchange that none knows has its hours within a UTC day as likely as in any.
constexpr char kExchangeTime[] = R"(
CREATE MACRO exchange_time(ticker, "time") AS CASE
  WHEN ticker LIKE '%=F' THEN "time" AT TIME ZONE 'America/New_York' + INTERVAL 6 HOUR
  WHEN ticker LIKE '%=X' THEN "time" AT TIME ZONE 'Europe/London'
  ELSE "time" AT TIME ZONE coalesce(timezone_of(ticker),
    CASE WHEN starts_with(ticker, '^') THEN 'America/New_York' ELSE 'UTC' END) END;
CREATE MACRO exchange_day(ticker, "time") AS exchange_time(ticker, "time")::DATE)";

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

using Field = const std::string& (market::Calendar::*)() const;

std::string MapOf(const market::Calendars& calendars, const market::Calendars::Names& names, Field field) {
  std::string out;
  for (const auto& [key, name] : names) {
    const market::Calendar* const calendar = calendars.Find(name);
    if (calendar == nullptr) continue;
    out += (out.empty() ? "" : ", ") + QuoteText(key) + ": " + QuoteText((calendar->*field)());
  }
  return out.empty() ? "map {'': NULL::VARCHAR}" : "map {" + out + "}";
}

std::string MacroOf(const market::Calendars& calendars, const std::string& macro, Field field) {
  const market::Calendar* const always = calendars.Find("ALWAYS");
  return fmt::format(kOf, macro, MapOf(calendars, calendars.tickers(), field),
                     MapOf(calendars, calendars.suffixes(), field),
                     always != nullptr ? QuoteText((always->*field)()) : "NULL");
}

}  // namespace

Status NameCalendars(const market::Calendars& calendars, Database* database) {
  TRY(database->Execute(MacroOf(calendars, "calendar_of", &market::Calendar::name)));
  TRY(database->Execute(MacroOf(calendars, "timezone_of", &market::Calendar::timezone)));
  return database->Execute(kExchangeTime);
}

Status LoadSessions(const market::Calendars& calendars, Database* database) {
  TRY(database->Execute("CREATE TABLE session_seconds (calendar VARCHAR, day BIGINT, from_s BIGINT, to_s BIGINT)"));
  TRY(database->Append("session_seconds", Stretches(calendars)));
  TRY(database->Execute(fmt::format(kSessions, kNoDay)));
  return database->Execute("DROP TABLE session_seconds");
}

}  // namespace pregao::query
