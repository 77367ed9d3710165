#include "medallion/bars.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

namespace pregao::medallion {
namespace {

using market::kMinuteUs;

/// One bar while its ticks come in order.
class OpenBar {
 public:
  OpenBar(std::int64_t start_us, double price) {
    bar_.start_us = start_us;
    bar_.open = bar_.high = bar_.low = price;
    bar_.ticks = 0;
  }

  void Add(const Tick& tick, const std::optional<std::int64_t>& increase) {
    bar_.high = std::max(bar_.high, tick.price);
    bar_.low = std::min(bar_.low, tick.price);
    bar_.close = tick.price;
    ++*bar_.ticks;
    if (!increase) return;
    std::int64_t sum = 0;
    if (__builtin_add_overflow(bar_.volume.value_or(0), *increase, &sum))
      sum = std::numeric_limits<std::int64_t>::max();
    bar_.volume = sum;
    shares_ += static_cast<double>(*increase);
    value_ += tick.price * static_cast<double>(*increase);
  }

  market::Bar Finish(std::int64_t newest_us) {
    if (shares_ > 0) bar_.vwap_estimate = value_ / shares_;
    bar_.is_final = MinuteOf(newest_us) >= bar_.start_us + kMinuteUs + kBarGraceUs;
    return std::move(bar_);
  }

  [[nodiscard]] std::int64_t start_us() const { return bar_.start_us; }

 private:
  market::Bar bar_;
  double shares_ = 0, value_ = 0;
};

}  // namespace

bool operator<(const Tick& a, const Tick& b) {
  return std::tie(a.time_us, a.day_volume, a.offset, a.partition, a.price) <
         std::tie(b.time_us, b.day_volume, b.offset, b.partition, b.price);
}

Tick MakeTick(std::int64_t time_us, double price, std::optional<std::int64_t> day_volume, bool crypto,
              std::int32_t partition, std::int64_t offset) {
  const bool known = day_volume && *day_volume >= 0 && !crypto;
  return {time_us, known ? *day_volume : Tick::kNoVolume, offset, partition, price == 0 ? 0.0 : price};  // no -0
}

std::int64_t MinuteOf(std::int64_t time_us) {
  const std::int64_t past = time_us % kMinuteUs;
  return time_us - (past < 0 ? past + kMinuteUs : past);
}

void Normalise(std::vector<Tick>* ticks) {
  if (!std::is_sorted(ticks->begin(), ticks->end())) std::sort(ticks->begin(), ticks->end());
  ticks->erase(std::unique(ticks->begin(), ticks->end()), ticks->end());
}

Increase IncreaseOf(const std::optional<Tick>& before, const Tick& tick) {
  if (!tick.has_volume() || !before) return {};
  const std::int64_t silence = tick.time_us - before->time_us;
  if (silence > kVolumeMemoryUs) return {};
  if (silence >= kSessionGapUs) return {tick.day_volume};
  if (tick.day_volume >= before->day_volume) return {tick.day_volume - before->day_volume};
  if (silence >= kSessionPauseUs) return {tick.day_volume};
  return {0, true};
}

BuiltBars BuildBars(std::span<const Tick> ticks, const std::optional<Tick>& before, std::int64_t newest_us) {
  BuiltBars out;
  out.last_volume = before;
  std::optional<OpenBar> open;
  for (const Tick& tick : ticks) {
    const std::int64_t start = MinuteOf(tick.time_us);
    if (!open || open->start_us() != start) {
      if (open) out.bars.push_back(open->Finish(newest_us));
      open.emplace(start, tick.price);
    }
    const Increase increase = IncreaseOf(out.last_volume, tick);
    open->Add(tick, increase.shares);
    if (increase.flagged) out.falls.push_back(tick.time_us);
    if (tick.has_volume()) out.last_volume = tick;
  }
  if (open) out.bars.push_back(open->Finish(newest_us));
  return out;
}

std::vector<market::Bar> Revise(const std::string& ticker, std::vector<market::Bar> built, StoredBars* stored) {
  std::vector<market::Bar> changed;
  for (market::Bar& bar : built) {
    bar.ticker = ticker;
    bar.revision = 1;
    const auto found = stored->find(bar.start_us);
    if (found != stored->end()) {
      bar.revision = found->second.revision;
      if (bar == found->second) continue;
      ++bar.revision;
    }
    stored->insert_or_assign(bar.start_us, bar);
    changed.push_back(std::move(bar));
  }
  return changed;
}

}  // namespace pregao::medallion
