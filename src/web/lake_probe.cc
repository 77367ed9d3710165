#include "web/lake_probe.h"

#include <condition_variable>

namespace pregao::web {

LakeProbe::LakeProbe(std::function<Status()> look, std::chrono::milliseconds period, const Clock* clock)
    : look_(std::move(look)),
      clock_(clock),
      newest_{Status::OK(), clock->Now()},
      thread_([this, period](std::stop_token stop) { Loop(std::move(stop), period); }) {}

LakeProbe::Answer LakeProbe::newest() const {
  const std::lock_guard lock(mutex_);
  return newest_;
}

void LakeProbe::Loop(std::stop_token stop, std::chrono::milliseconds period) {
  std::condition_variable_any never;
  while (!stop.stop_requested()) {
    const Status status = look_();
    std::unique_lock lock(mutex_);
    newest_ = {status, clock_->Now()};
    never.wait_for(lock, stop, period, [] { return false; });
  }
}

}  // namespace pregao::web
