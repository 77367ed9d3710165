#include "medallion/bar_tail.h"

#include <algorithm>

namespace pregao::medallion {
namespace {

using market::kMinuteUs;

/// Final bars stay so long, for ticks that come a little late.
constexpr std::int64_t kKeepUs = 10 * kMinuteUs;

}  // namespace

std::int64_t TailStart(std::int64_t newest_start_us) { return newest_start_us - kBarGraceUs; }

void BarTail::Insert(std::vector<Tick> ticks) {
  if (ticks.empty()) return;
  Normalise(&ticks);
  newest_us_ = std::max(newest_us_, ticks.back().time_us);
  const auto middle = static_cast<std::ptrdiff_t>(ticks_.size());
  const bool behind = ticks_.empty() || ticks_.back() < ticks.front();
  ticks_.insert(ticks_.end(), ticks.begin(), ticks.end());
  if (behind) return;
  std::inplace_merge(ticks_.begin(), ticks_.begin() + middle, ticks_.end());
  ticks_.erase(std::unique(ticks_.begin(), ticks_.end()), ticks_.end());
}

void BarTail::Restore(market::Bar bar) {
  falls_counted_to_us_ = std::max(falls_counted_to_us_, bar.start_us + kMinuteUs);
  auto& held = stored_[bar.start_us];
  if (held.ticker.empty() || held.revision < bar.revision) held = std::move(bar);
}

bool BarTail::NeedsBefore() const {
  return !before_known_ &&
         std::any_of(ticks_.begin(), ticks_.end(), [](const Tick& tick) { return tick.has_volume(); });
}

void BarTail::SetBefore(std::optional<Tick> before) {
  before_ = before;
  before_known_ = true;
}

std::vector<market::Bar> BarTail::Changes(bool open_too) {
  BuiltBars built = BuildBars(ticks_, before_, newest_us_);
  for (const std::int64_t at_us : built.falls) falls_ += at_us >= falls_counted_to_us_;
  falls_counted_to_us_ = std::max(falls_counted_to_us_, newest_us_ + 1);
  if (!open_too) std::erase_if(built.bars, [](const market::Bar& bar) { return !bar.is_final; });
  return Revise(ticker_, std::move(built.bars), &stored_);
}

void BarTail::Trim() {
  if (ticks_.empty()) return;
  const std::int64_t keep_us = TailStart(MinuteOf(newest_us_)) - kKeepUs;
  if (keep_us <= from_us_) return;
  auto end = ticks_.begin();
  for (; end != ticks_.end() && end->time_us < keep_us; ++end) {
    if (end->has_volume()) SetBefore(*end);
  }
  ticks_.erase(ticks_.begin(), end);
  stored_.erase(stored_.begin(), stored_.lower_bound(keep_us));
  from_us_ = keep_us;
}

}  // namespace pregao::medallion
