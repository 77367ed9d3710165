#pragma once
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace pregao::topic {

/// Lets one thread sleep until others have something for it. Thread-safe. A Wake between Reset and Wait is not lost.
class Waker {
 public:
  void Wake() {
    {
      std::lock_guard lock(mutex_);
      awake_ = true;
    }
    wake_.notify_one();
  }
  void Reset() {
    std::lock_guard lock(mutex_);
    awake_ = false;
  }
  void Wait(std::chrono::milliseconds timeout, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, timeout, [&] { return awake_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any wake_;
  bool awake_ = false;  // guarded by mutex_
};

}  // namespace pregao::topic
