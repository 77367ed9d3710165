#pragma once
#include <cstdint>
#include <deque>
#include <optional>

namespace pregao::yahoo {

/// One minute of a simulated symbol, as one who heard its every quote would have it.
struct SimMinute {
  std::int64_t start_s = 0;  ///< UTC seconds, a multiple of 60
  float open = 0, high = 0, low = 0, close = 0;
  std::int64_t volume = 0;  ///< by which the day's volume grew, counted where it was first told

  friend bool operator==(const SimMinute&, const SimMinute&) = default;
};

/// The truth about the stream: its quotes by the minute. Not thread-safe.
class SimMinutes {
 public:
  static constexpr std::size_t kMost = 45 * 1440;  ///< older minutes are forgotten

  /// A quote. `time_s` does not go back. @param traded  by which the day's volume grew since the quote before
  void Add(std::int64_t time_s, float price, std::int64_t traded);
  /// By start; a minute without a quote is not among them.
  [[nodiscard]] const std::deque<SimMinute>& all() const { return minutes_; }
  /// The newest minute without its newest quote; nullopt: that is its only one.
  [[nodiscard]] const std::optional<SimMinute>& before_newest() const { return before_; }
  /// The newest quote as a minute of its own, whose start is the quote's time; nullopt: none yet.
  [[nodiscard]] const std::optional<SimMinute>& newest() const { return newest_; }

 private:
  std::deque<SimMinute> minutes_;
  std::optional<SimMinute> before_, newest_;
};

/// Joins a later piece of time to an earlier one.
void Join(const SimMinute& later, SimMinute* whole);

}  // namespace pregao::yahoo
