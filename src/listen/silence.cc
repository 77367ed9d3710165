#include "listen/silence.h"

#include <algorithm>

namespace pregao::listen {
namespace {

constexpr std::int64_t kDelayMs = 30 * 60'000;  // by which Yahoo tells some exchanges late

/// Since when the exchange has been trading, in ms; nullopt: it is not, or nobody knows.
std::optional<std::int64_t> OpenSince(const market::Calendar& calendar, TimestampMs now) {
  if (calendar.always()) return 0;
  const std::int64_t second = now.value / 1000;
  for (const market::Session& session : calendar.SessionsIn({second, second + 1})) {
    if (!session.pause || second < session.pause->from_s) return session.hours.from_s * 1000;
    if (second >= session.pause->to_s) return session.pause->to_s * 1000;
  }
  return std::nullopt;
}

}  // namespace

Silences JudgeSilences(const std::map<std::string, std::optional<TimestampMs>>& last_heard,
                       const market::Calendars& calendars, TimestampMs now, std::chrono::milliseconds after) {
  Silences out;
  for (const auto& [ticker, heard] : last_heard) {
    if (!heard || now.value - heard->value < after.count()) continue;
    const market::Calendar* const calendar = calendars.Of(ticker);
    if (calendar == nullptr) continue;
    const auto open_since = OpenSince(*calendar, now);
    if (!open_since) {
      out.closed += calendar->StateAt(now) == market::MarketState::kClosed;
      continue;
    }
    const std::int64_t since = heard->value >= *open_since ? heard->value : *open_since + kDelayMs;
    if (now.value - since >= after.count()) out.quiet.push_back(ticker);
  }
  return out;
}

}  // namespace pregao::listen
