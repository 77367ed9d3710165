#pragma once
#include <chrono>
#include <mutex>

#include "base/types.h"

namespace pregao {

/// Where the time comes from, so that tests and the simulation own it. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  /// The wall clock, UTC.
  [[nodiscard]] virtual TimestampMs Now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] TimestampMs Now() const override {
    using namespace std::chrono;
    return TimestampMs(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
  }
};

/// A clock that moves only when told to.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimestampMs now) : now_(now) {}
  [[nodiscard]] TimestampMs Now() const override {
    std::lock_guard lock(mutex_);
    return now_;
  }
  void Advance(std::chrono::milliseconds by) {
    std::lock_guard lock(mutex_);
    now_ = now_ + by.count();
  }

 private:
  mutable std::mutex mutex_;
  TimestampMs now_;
};

}  // namespace pregao
