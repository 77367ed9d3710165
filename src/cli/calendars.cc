#include "cli/calendars.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace pregao::cli {

Result<market::Calendars> LoadCalendars(const Settings& settings) {
  if (settings.calendars.empty()) return market::Calendars::Builtin();
  std::ifstream file(settings.calendars);
  if (!file)
    return Status::IOError("cannot open the calendars ", settings.calendars, ": ", std::strerror(errno),
                           " (setting calendars)");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto calendars = market::Calendars::Builtin().With(text);
  if (!calendars.ok()) {
    return calendars.status().WithMessage(settings.calendars, ": ", calendars.status().message(),
                                          " (setting calendars)");
  }
  return calendars;
}

Result<std::shared_ptr<const market::Calendars>> LoadSharedCalendars(const Settings& settings) {
  TRY_ASSIGN(auto calendars, LoadCalendars(settings));
  return std::make_shared<const market::Calendars>(std::move(calendars));
}

}  // namespace pregao::cli
