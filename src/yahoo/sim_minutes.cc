#include "yahoo/sim_minutes.h"

#include <algorithm>

namespace pregao::yahoo {

void Join(const SimMinute& later, SimMinute* whole) {
  whole->high = std::max(whole->high, later.high);
  whole->low = std::min(whole->low, later.low);
  whole->close = later.close;
  whole->volume += later.volume;
}

void SimMinutes::Add(std::int64_t time_s, float price, std::int64_t traded) {
  const std::int64_t start = time_s - time_s % 60;
  newest_ = {time_s, price, price, price, price, traded};
  if (!minutes_.empty() && minutes_.back().start_s == start) {
    before_ = minutes_.back();
    Join(*newest_, &minutes_.back());
    return;
  }
  before_.reset();
  minutes_.push_back(*newest_);
  minutes_.back().start_s = start;
  if (minutes_.size() > kMost) minutes_.pop_front();
}

}  // namespace pregao::yahoo
