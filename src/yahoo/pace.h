#pragma once
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace pregao::yahoo {

/// Time that passes, so that tests own it. Thread-safe.
class Pace {
 public:
  virtual ~Pace() = default;
  /// Never goes back; from an arbitrary point.
  [[nodiscard]] virtual std::chrono::milliseconds Now() const = 0;
  /// @return false when `stop` was requested before `time` had passed
  [[nodiscard]] virtual bool Wait(std::chrono::milliseconds time, std::stop_token stop) = 0;
};

class SystemPace final : public Pace {
 public:
  [[nodiscard]] std::chrono::milliseconds Now() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch());
  }
  [[nodiscard]] bool Wait(std::chrono::milliseconds time, std::stop_token stop) override {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any never;
    never.wait_for(lock, stop, time, [] { return false; });
    return !stop.stop_requested();
  }
};

/// Passes when it is waited for, and at once. For tests.
class ManualPace final : public Pace {
 public:
  [[nodiscard]] std::chrono::milliseconds Now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  [[nodiscard]] bool Wait(std::chrono::milliseconds time, std::stop_token stop) override {
    const std::lock_guard lock(mutex_);
    if (stop.stop_requested()) return false;
    now_ += std::max(time, std::chrono::milliseconds(0));
    return true;
  }

 private:
  mutable std::mutex mutex_;
  std::chrono::milliseconds now_{0};  // guarded by mutex_
};

}  // namespace pregao::yahoo
