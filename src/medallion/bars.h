#pragma once
/// Rows of Silver -> one-minute bars. Pure: what a bar is depends on the ticks alone, in whatever order they came.
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "market/bar.h"

namespace pregao::medallion {

/// A bar is final when its ticker speaks again so long after the bar's end (in whole minutes).
inline constexpr std::int64_t kBarGraceUs = 2 * market::kMinuteUs;
/// day_volume that falls after a silence so long belongs to a new session; before, it is a correction and flagged.
inline constexpr std::int64_t kSessionPauseUs = 30 * market::kMinuteUs;
/// After a silence so long a new session has begun, whether day_volume fell or not.
inline constexpr std::int64_t kSessionGapUs = 8 * 60 * market::kMinuteUs;
/// What was said longer ago says nothing of a volume now.
inline constexpr std::int64_t kVolumeMemoryUs = 7 * 24 * 60 * market::kMinuteUs;

/// A row of Silver, as far as bars look at it.
struct Tick {
  static constexpr std::int64_t kNoVolume = -1;

  std::int64_t time_us = 0;  ///< event_time
  std::int64_t day_volume = kNoVolume;
  std::int64_t offset = 0;
  std::int32_t partition = 0;
  double price = 0;

  [[nodiscard]] bool has_volume() const { return day_volume >= 0; }
  friend bool operator==(const Tick&, const Tick&) = default;
};
/// The order of ticks: event time, then volume, then offset; what follows only tells rows of several topics apart.
[[nodiscard]] bool operator<(const Tick& a, const Tick& b);

/// A volume is left out where it is no session's: absent, negative, or a crypto's, whose number is a rolling 24 h.
[[nodiscard]] Tick MakeTick(std::int64_t time_us, double price, std::optional<std::int64_t> day_volume, bool crypto,
                            std::int32_t partition, std::int64_t offset);

/// The start of the minute that `time_us` is in.
[[nodiscard]] std::int64_t MinuteOf(std::int64_t time_us);
/// Sorts, and drops what is there twice.
void Normalise(std::vector<Tick>* ticks);

/// What was traded between two ticks of one ticker, as day_volume tells.
struct Increase {
  std::optional<std::int64_t> shares;  ///< nullopt: unknown
  bool flagged = false;                ///< day_volume fell within a session
};
/// @param before  the last tick with a volume before `tick`, if any
[[nodiscard]] Increase IncreaseOf(const std::optional<Tick>& before, const Tick& tick);

struct BuiltBars {
  std::vector<market::Bar> bars;    ///< by start; `ticker` is empty and `revision` 1
  std::optional<Tick> last_volume;  ///< the last tick with a volume: of these, else the one given
  std::vector<std::int64_t> falls;  ///< times at which day_volume fell within a session, in order
};
/// The bars of all ticks of some whole minutes of one ticker.
/// @param ticks      normalised
/// @param before     the last tick with a volume before them
/// @param newest_us  time of the ticker's newest tick: what is final depends on it
[[nodiscard]] BuiltBars BuildBars(std::span<const Tick> ticks, const std::optional<Tick>& before,
                                  std::int64_t newest_us);

/// Bars as a table holds them: their last revisions by start, of one ticker.
using StoredBars = std::map<std::int64_t, market::Bar>;
/// Those of `built` that `stored` lacks or has otherwise, with ticker and next revision; `stored` then has them.
[[nodiscard]] std::vector<market::Bar> Revise(const std::string& ticker, std::vector<market::Bar> built,
                                              StoredBars* stored);

}  // namespace pregao::medallion
