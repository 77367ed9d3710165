#pragma once
/// Asks Yahoo's chart API, and no more often than it likes.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "yahoo/chart.h"
#include "yahoo/pace.h"
#include "yahoo/rate_limit.h"

#include "cloud/http_client.h"

namespace pregao::yahoo {

struct ChartClientOptions {
  std::string url = "https://query1.finance.yahoo.com";  ///< what comes before /v8/finance/chart
  double requests_per_minute = 30;                       ///< retries count
  int burst = 5;                                         ///< requests at once after a rest
  int max_attempts = 6;                                  ///< of one query
  std::chrono::milliseconds first_wait{1'000};           ///< before the second attempt; doubled, half of it at random
  std::chrono::milliseconds longest_wait{60'000};        ///< of the doubled ones; a Retry-After may be longer
  std::chrono::milliseconds patience{15 * 60'000};       ///< of one Fetch; what would take longer fails at once
  BreakerOptions breaker;
  /// Told of each failure that is tried again, and in how long. Called on the thread that fetches; may be null.
  std::function<void(const std::string& problem, std::chrono::milliseconds wait)> on_retry = nullptr;
  cloud::HttpOptions http{std::chrono::milliseconds(10'000), std::chrono::seconds(15),
                          std::chrono::milliseconds(60'000), 4};
};

struct ChartClientStats {
  std::int64_t requests = 0;   ///< sent
  std::int64_t retries = 0;    ///< of these, attempts after the first
  std::int64_t throttled = 0;  ///< answers of 429
  std::int64_t broken = 0;     ///< answers that could not be read
  std::chrono::milliseconds waited{0};
  std::chrono::milliseconds pause{0};  ///< nothing is asked for so long from now: the breaker, or a Retry-After
};

/// Thread-safe; what threads fetch counts against one limit.
class ChartClient {
 public:
  /// `clock` and `pace` must outlive it.
  ChartClient(ChartClientOptions options, const Clock* clock, Pace* pace);

  /// The bars that start in the query's range and the corporate actions of it. No bars are no error: a weekend, or
  /// before the first trade. 30m is asked for as 15m and folded, for Yahoo answers 30m with 60m at times.
  ///
  /// What may pass (no connection, 408, 429, 5xx, an answer that cannot be read) is tried again within max_attempts and
  /// patience.
  /// @return KeyError: Yahoo does not know the ticker; Invalid: it refuses the range, with its own words; IOError: it
  ///         does not answer, or wants to be left alone; Cancelled: stopped, with what it had answered last.
  [[nodiscard]] Result<Chart> Fetch(const ChartQuery& query, std::stop_token stop);

  [[nodiscard]] ChartClientStats stats() const;

 private:
  struct Attempt;
  [[nodiscard]] Attempt Ask(const ChartQuery& query);
  [[nodiscard]] std::chrono::milliseconds NextTurn();
  void Judge(const Attempt& attempt, bool retry);
  [[nodiscard]] std::chrono::milliseconds BackOff(int attempt);
  [[nodiscard]] Status WaitFor(std::chrono::milliseconds time, std::chrono::milliseconds deadline,
                               const std::string& last, std::stop_token stop);

  const ChartClientOptions options_;
  const Clock* const clock_;
  Pace* const pace_;
  cloud::HttpClient http_;
  mutable std::mutex mutex_;
  TokenBucket bucket_;      // guarded by mutex_
  CircuitBreaker breaker_;  // guarded by mutex_
  ChartClientStats stats_;  // guarded by mutex_
  std::mt19937_64 random_;  // guarded by mutex_
};

}  // namespace pregao::yahoo
