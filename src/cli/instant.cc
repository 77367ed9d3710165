#include "cli/instant.h"

#include <chrono>
#include <regex>

#include "base/text.h"
#include "cli/misuse.h"

namespace pregao::cli {

Result<TimestampMs> ParseInstant(const std::string& text, TimestampMs now) {
  if (const auto ago = ParseDuration(text); ago.ok()) return now + -ago->count();
  static const std::regex form(
      R"((\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3})\d*)?)?(?:Z|([+-])(\d\d)(?::?(\d\d))?)?)?)");
  std::smatch match;
  const auto part = [&](std::size_t i) { return match[i].matched ? std::stoi(match[i].str()) : 0; };
  if (std::regex_match(text, match, form)) {
    const std::chrono::year_month_day day{std::chrono::year(part(1)),
                                          std::chrono::month(static_cast<unsigned>(part(2))),
                                          std::chrono::day(static_cast<unsigned>(part(3)))};
    if (day.ok() && part(4) < 24 && part(5) < 60 && part(6) < 60 && part(9) < 15 && part(10) < 60) {
      const std::string millis = (match[7].str() + "000").substr(0, 3);
      const auto zone = std::chrono::minutes(part(9) * 60 + part(10)) * (match[8].str() == "-" ? -1 : 1);
      const auto since_epoch = std::chrono::sys_days(day).time_since_epoch() + std::chrono::hours(part(4)) +
                               std::chrono::minutes(part(5)) + std::chrono::seconds(part(6)) - zone;
      return TimestampMs(std::chrono::milliseconds(since_epoch).count() + std::stoi(millis));
    }
  }
  return Status::Invalid("'", text, "' is no point in time; write how long ago (10m, 2h, 1d) or a time in UTC ",
                         "(2026-11-22, 2026-11-22T17:05:20)");
}

Result<TimestampMs> InstantOf(const std::string& flag, const std::string& text, TimestampMs now) {
  const auto instant = ParseInstant(text, now);
  return instant.ok() ? instant : Misuse(flag + ": " + instant.status().message());
}

}  // namespace pregao::cli
