#pragma once
/// How often somebody else's server may be asked. Pure: the time is handed in. Not thread-safe.
#include <chrono>

namespace pregao::yahoo {

/// At most `burst` requests at once and `per_minute` a minute after that: in any minute at most burst + per_minute.
class TokenBucket {
 public:
  /// Full at first. @param per_minute  > 0  @param burst  >= 1
  TokenBucket(double per_minute, double burst) : per_minute_(per_minute), burst_(burst), tokens_(burst) {}
  /// Takes the next place. @return how long to wait for it from `now`, which never goes back
  [[nodiscard]] std::chrono::milliseconds Take(std::chrono::milliseconds now);

 private:
  double per_minute_, burst_;
  double tokens_;  // below zero: places promised
  std::chrono::milliseconds at_{0};
  bool begun_ = false;
};

struct BreakerOptions {
  int failures = 5;                                ///< in a row, then nothing is asked for a while
  std::chrono::milliseconds first{60'000};         ///< the pause; doubled each time that the next request fails too
  std::chrono::milliseconds longest{30 * 60'000};  ///< of the doubled pauses; a Retry-After may be longer
};

/// Leaves a server alone that fails again and again. After a pause one request may try; it ends the trouble, or begins
/// the next pause.
class CircuitBreaker {
 public:
  explicit CircuitBreaker(BreakerOptions options) : options_(options), pause_(options.first) {}
  /// How long from `now` nothing may be asked; 0: ask.
  [[nodiscard]] std::chrono::milliseconds Closed(std::chrono::milliseconds now) const;
  void Success();
  /// @param retry_after  what the server asked for, or 0: nothing is asked for at least so long
  void Failure(std::chrono::milliseconds now, std::chrono::milliseconds retry_after);

 private:
  BreakerOptions options_;
  int failures_ = 0;
  std::chrono::milliseconds pause_;
  std::chrono::milliseconds until_{0};
};

}  // namespace pregao::yahoo
