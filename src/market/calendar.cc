#include "market/calendar.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fmt/format.h>

namespace pregao::market {
namespace {

constexpr std::int64_t kDayS = 86'400;
constexpr std::int32_t kReach = 2;  // days: hours lie within two days of their session's midnight

std::int32_t DayOfSecond(std::int64_t second) {
  return static_cast<std::int32_t>(second / kDayS - (second % kDayS < 0));
}

bool IsWeekday(std::int32_t day) {  // 1970-01-01 was a Thursday
  const std::int32_t weekday = ((day + 3) % 7 + 7) % 7;
  return weekday < 5;
}

std::chrono::sys_days DaysOf(std::int32_t day) { return std::chrono::sys_days(std::chrono::days(day)); }

bool IsIn(const Span& span, std::int64_t second) { return second >= span.from_s && second < span.to_s; }

bool IsCrypto(std::string_view ticker) {
  const std::size_t dash = ticker.rfind('-');
  if (dash == std::string_view::npos || ticker.size() - dash - 1 < 3) return false;
  return std::all_of(ticker.begin() + static_cast<std::ptrdiff_t>(dash) + 1, ticker.end(),
                     [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

Result<std::int32_t> ParseDay(std::string_view text) {
  const auto number = [&](std::size_t begin, std::size_t size) {
    int value = -1;
    const char* const end = text.data() + begin + size;
    const auto [stop, error] = std::from_chars(text.data() + begin, end, value);
    return error == std::errc() && stop == end ? value : -1;
  };
  if (text.size() == 10 && text[4] == '-' && text[7] == '-') {
    const int y = number(0, 4), m = number(5, 2), d = number(8, 2);
    const std::chrono::year_month_day date{std::chrono::year(y), std::chrono::month(static_cast<unsigned>(m)),
                                           std::chrono::day(static_cast<unsigned>(d))};
    if (y >= 0 && m >= 0 && d >= 0 && date.ok()) {
      return static_cast<std::int32_t>(std::chrono::sys_days(date).time_since_epoch().count());
    }
  }
  return Status::Invalid("'", text, "' is no day: write it like 2026-11-25");
}

std::string DayText(std::int32_t day) {
  const std::chrono::year_month_day date{DaysOf(day)};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

const Calendar::Hours* Calendar::HoursOf(std::int32_t day) const {
  if (day < first_day_ || day > last_day_) return nullptr;
  if (const auto it = special_.find(day); it != special_.end()) return &it->second;
  if (!IsWeekday(day) || closed_.contains(day)) return nullptr;
  const auto next = regular_.upper_bound(day);
  return next == regular_.begin() ? nullptr : &std::prev(next)->second;
}

std::optional<Session> Calendar::SessionOf(std::int32_t day) const {
  const std::int64_t midnight = day * kDayS;
  if (always_) return Session{day, {midnight, midnight + kDayS}, {}};
  const Hours* const hours = HoursOf(day);
  if (hours == nullptr) return std::nullopt;
  Session session{day, {midnight + hours->open * 60, midnight + hours->close * 60}, {}};
  if (hours->pause) session.pause = Span{midnight + hours->pause->first * 60, midnight + hours->pause->second * 60};
  return session;
}

bool Calendar::Covers(Span span) const {
  return always_ || (span.from_s >= first_day_ * kDayS && span.to_s <= (last_day_ + std::int64_t{1}) * kDayS);
}

MarketState Calendar::StateAt(TimestampMs time) const {
  if (always_) return MarketState::kOpen;
  const std::int64_t second = time.value / 1000 - (time.value % 1000 < 0);
  for (const Session& session : SessionsIn({second, second + 1})) {
    if (!session.pause || !IsIn(*session.pause, second)) return MarketState::kOpen;
  }
  return Covers({second, second + 1}) ? MarketState::kClosed : MarketState::kUnknown;
}

std::vector<Session> Calendar::SessionsIn(Span span) const {
  std::vector<Session> out;
  if (span.to_s <= span.from_s) return out;
  std::int32_t first = DayOfSecond(span.from_s) - kReach, last = DayOfSecond(span.to_s) + kReach;
  if (!always_) {
    first = std::max(first, first_day_);
    last = std::min(last, last_day_);
  }
  for (std::int32_t day = first; day <= last; ++day) {
    const auto session = SessionOf(day);
    if (session && session->hours.from_s < span.to_s && session->hours.to_s > span.from_s) out.push_back(*session);
  }
  return out;
}

const Calendars& Calendars::Builtin() {
  static const Calendars builtin = [] {
    constexpr std::string_view kData =
#include "market/calendar_data.inc"
        ;
    return Calendars().With(kData).ValueOrDie();  // a test reads all of it
  }();
  return builtin;
}

const Calendar* Calendars::Find(std::string_view name) const {
  const auto it = calendars_.find(name);
  return it == calendars_.end() ? nullptr : &it->second;
}

const Calendar* Calendars::Named(const Names& names, std::string_view key) const {
  const auto it = names.find(key);
  return it == names.end() ? nullptr : Find(it->second);
}

const Calendar* Calendars::Of(std::string_view ticker, std::string_view exchange) const {
  if (const Calendar* own = Named(tickers_, ticker); own != nullptr) return own;
  if (const Calendar* known = Named(exchanges_, exchange); known != nullptr) return known;
  if (ticker.empty() || ticker.front() == '^') return nullptr;
  if (const std::size_t mark = ticker.rfind('='); mark != std::string_view::npos) {
    return Named(suffixes_, ticker.substr(mark));
  }
  const std::size_t point = ticker.rfind('.');
  if (point != std::string_view::npos) return Named(suffixes_, ticker.substr(point));
  return IsCrypto(ticker) ? Find("ALWAYS") : Named(suffixes_, ".");
}

}  // namespace pregao::market
