#pragma once
#include "base/status.h"
#include "market/calendar.h"
#include "query/database.h"

namespace pregao::query {

/// Makes what the view `gaps` and users know of trading hours, in a database that has neither:
///
///   sessions(calendar, date, session_start, session_end)  a row for each stretch in which an exchange trades (a lunch
///                                                         break makes two); of one that always trades one row, no date
///   calendar_of(ticker)                                   a macro: the calendar's name as market::Calendars::Of, null
[[nodiscard]] Status LoadSessions(const market::Calendars& calendars, Database* database);

}  // namespace pregao::query
