#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "medallion/bars.h"

namespace pregao::medallion {

/// The newest minutes of one ticker: their ticks, and the bars that the table has of them. Everything that may still
/// change without a late tick is in it. Not thread-safe.
class BarTail {
 public:
  /// @param from_us  start of a minute: ticks before it are not the tail's
  BarTail(std::string ticker, std::int64_t from_us) : ticker_(std::move(ticker)), from_us_(from_us) {}

  [[nodiscard]] const std::string& ticker() const { return ticker_; }
  [[nodiscard]] std::int64_t from_us() const { return from_us_; }
  /// Time of the newest tick.
  [[nodiscard]] std::int64_t newest_us() const { return newest_us_; }

  /// Ticks from from_us() on, in any order; those that are there already are dropped.
  void Insert(std::vector<Tick> ticks);
  /// A bar that the table has, from from_us() on; of several revisions the last stays.
  void Restore(market::Bar bar);
  /// Whether bars cannot be built before SetBefore.
  [[nodiscard]] bool NeedsBefore() const;
  /// The last tick with a volume before from_us(), or that there is none.
  void SetBefore(std::optional<Tick> before);

  /// The bars that changed since the table's, as their next revisions. NeedsBefore() must be false.
  /// @param open_too  also those that are not final yet
  [[nodiscard]] std::vector<market::Bar> Changes(bool open_too);
  /// Falls of day_volume within a session that Changes came upon, each counted once.
  [[nodiscard]] std::int64_t falls() const { return falls_; }

  /// Lets go of bars that are final and have been so for a while.
  void Trim();

 private:
  std::string ticker_;
  std::int64_t from_us_;
  std::int64_t newest_us_ = std::numeric_limits<std::int64_t>::min();
  std::vector<Tick> ticks_;  // normalised
  std::optional<Tick> before_;
  bool before_known_ = false;
  std::int64_t falls_ = 0;
  std::int64_t falls_counted_to_us_ = std::numeric_limits<std::int64_t>::min();
  StoredBars stored_;
};

/// Where the tail of a ticker begins whose newest bar starts at `newest_start_us`: at the oldest bar that is not final.
[[nodiscard]] std::int64_t TailStart(std::int64_t newest_start_us);

}  // namespace pregao::medallion
