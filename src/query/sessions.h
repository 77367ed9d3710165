#pragma once
#include "base/status.h"
#include "market/calendar.h"
#include "query/database.h"

namespace pregao::query {

/// Makes macros, in a database that has none of them:
///
///   calendar_of(ticker)          the name of its calendar as market::Calendars::Of; null: none knows it
///   timezone_of(ticker)          that calendar's
///   exchange_time(ticker, time)  a TIMESTAMP whose date is the day of the exchange in which a time lies: its local
///                                time, but of futures, whose day begins at 18:00 in New York (docs/gold.md, bars_1d)
///   exchange_day(ticker, time)   that day
[[nodiscard]] Status NameCalendars(const market::Calendars& calendars, Database* database);

/// Makes the table of trading hours, in a database that has none:
///
///   sessions(calendar, date, session_start, session_end)  a row for each stretch in which an exchange trades (a lunch
///                                                         break makes two); of one that always trades one row, no date
[[nodiscard]] Status LoadSessions(const market::Calendars& calendars, Database* database);

}  // namespace pregao::query
