#pragma once
#include <memory>

#include "cli/settings.h"
#include "market/calendar.h"

namespace pregao::cli {

/// The built-in calendars with the user's file (setting `calendars`) on top. Invalid: the file does not read, with its
/// name and line; IOError: it cannot be opened.
[[nodiscard]] Result<market::Calendars> LoadCalendars(const Settings& settings);
/// The same, for those who keep them.
[[nodiscard]] Result<std::shared_ptr<const market::Calendars>> LoadSharedCalendars(const Settings& settings);

}  // namespace pregao::cli
