#pragma once
#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/types.h"
#include "market/calendar.h"

namespace pregao::listen {

/// Tickers that have spoken, and have said nothing for a while.
struct Silences {
  std::vector<std::string> quiet;  ///< though their exchange has been open for so long, in order
  std::size_t closed = 0;          ///< whose exchange is closed
};

/// Tickers whose hours nobody knows are not judged. After the opening, exchanges that Yahoo tells late have half an
/// hour more. Pure.
/// @param after  which silence counts
[[nodiscard]] Silences JudgeSilences(const std::map<std::string, std::optional<TimestampMs>>& last_heard,
                                     const market::Calendars& calendars, TimestampMs now,
                                     std::chrono::milliseconds after);

}  // namespace pregao::listen
