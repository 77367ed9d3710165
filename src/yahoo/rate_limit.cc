#include "yahoo/rate_limit.h"

#include <algorithm>
#include <cmath>

namespace pregao::yahoo {

using std::chrono::milliseconds;

milliseconds TokenBucket::Take(milliseconds now) {
  constexpr double kMinuteMs = 60'000;
  if (begun_) tokens_ += static_cast<double>((now - at_).count()) / kMinuteMs * per_minute_;
  begun_ = true;
  at_ = now;
  tokens_ = std::min(tokens_, burst_) - 1;
  return milliseconds(tokens_ >= 0 ? 0 : static_cast<std::int64_t>(std::ceil(-tokens_ / per_minute_ * kMinuteMs)));
}

milliseconds CircuitBreaker::Closed(milliseconds now) const { return std::max(until_ - now, milliseconds(0)); }

void CircuitBreaker::Success() {
  failures_ = 0;
  pause_ = options_.first;
}

void CircuitBreaker::Failure(milliseconds now, milliseconds retry_after) {
  until_ = std::max(until_, now + retry_after);
  if (++failures_ < options_.failures) return;
  until_ = std::max(until_, now + pause_);
  pause_ = std::min(pause_ * 2, options_.longest);
}

}  // namespace pregao::yahoo
