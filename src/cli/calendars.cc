#include "cli/calendars.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace pregao::cli {

Result<market::Calendars> LoadCalendars(const Settings& settings) {
  if (settings.calendars.empty()) return market::Calendars::Builtin();
  std::ifstream file(settings.calendars);
  if (!file) return Status::IOError("cannot open the calendars ", settings.calendars, ": ", std::strerror(errno));
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto calendars = market::Calendars::Builtin().With(text);
  if (!calendars.ok()) {
    return calendars.status().WithMessage(settings.calendars, ": ", calendars.status().message(),
                                          " (setting calendars)");
  }
  return calendars;
}

}  // namespace pregao::cli
