#pragma once
/// When to ask again, and for how long.
#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>

#include "cloud/http_client.h"

namespace pregao::cloud {

struct RetryOptions {
  int max_attempts = 8;                      ///< of one thing, the first included
  std::chrono::milliseconds first{250};      ///< wait, doubled each time
  std::chrono::milliseconds longest{8'000};  ///< wait
  std::chrono::milliseconds total{45'000};   ///< all waits and requests; a Retry-After beyond it gives up at once
  std::stop_token stop;                      ///< once requested, what fails is not tried again
  /// Waits, in place of the real time: for tests.
  std::function<void(std::chrono::milliseconds)> wait = nullptr;
};

/// The attempts at one thing. For one thread.
class Retries {
 public:
  /// Both must outlive it.
  Retries(const RetryOptions* options, HttpCounters* counters);
  /// After a failed attempt: waits (half of the time at random, `retry_after` at least) and counts a retry.
  /// @return false when there shall be no other attempt
  [[nodiscard]] bool Again(std::optional<std::chrono::milliseconds> retry_after = std::nullopt);
  /// Something was achieved: the attempts count from here.
  void Progress();
  /// Since the first attempt, or the last progress.
  [[nodiscard]] std::chrono::milliseconds elapsed() const;
  [[nodiscard]] int attempts() const { return attempts_; }

 private:
  const RetryOptions* const options_;
  HttpCounters* const counters_;
  int attempts_ = 1;
  std::chrono::milliseconds waited_{0};  ///< by `wait`, which takes no real time
  std::chrono::steady_clock::time_point begun_;
};

/// 408, 429 and the 5xx that a server gets over: the same request may succeed later.
[[nodiscard]] bool MayPass(int status);

}  // namespace pregao::cloud
