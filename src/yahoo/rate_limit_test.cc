#include "yahoo/rate_limit.h"

#include <deque>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pregao::yahoo {
namespace {

using std::chrono::milliseconds;

TEST(TokenBucket, GivesItsBurstAtOnceAndThenOneAtATime) {
  TokenBucket bucket(30, 3);
  const milliseconds now(5'000);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bucket.Take(now), milliseconds(0));
  EXPECT_EQ(bucket.Take(now), milliseconds(2'000));
  EXPECT_EQ(bucket.Take(now), milliseconds(4'000)) << "places are promised in turn";
  EXPECT_EQ(bucket.Take(milliseconds(11'000)), milliseconds(0));
}

TEST(TokenBucket, IsNeverFullerThanItsBurst) {
  TokenBucket bucket(60, 2);
  (void)bucket.Take(milliseconds(0));
  const milliseconds later(10 * 3'600'000);
  EXPECT_EQ(bucket.Take(later), milliseconds(0));
  EXPECT_EQ(bucket.Take(later), milliseconds(0));
  EXPECT_EQ(bucket.Take(later), milliseconds(1'000));
}

RC_GTEST_PROP(TokenBucket, NoMinuteHasMoreThanTheBurstAndTheRate, ()) {
  const auto per_minute = *rc::gen::inRange(1, 200);
  const auto burst = *rc::gen::inRange(1, 20);
  TokenBucket bucket(per_minute, burst);
  milliseconds now(0);
  std::deque<milliseconds> minute;
  for (int i = 0; i < 500; ++i) {
    now += milliseconds(*rc::gen::inRange(0, 500));
    now += bucket.Take(now);
    minute.push_back(now);
    while (minute.front() <= now - milliseconds(60'000)) minute.pop_front();
    RC_ASSERT(minute.size() <= static_cast<std::size_t>(per_minute + burst));
  }
}

constexpr BreakerOptions kThree{3, milliseconds(1'000), milliseconds(3'000)};

TEST(CircuitBreaker, ClosesAfterFailuresInARowOnly) {
  CircuitBreaker breaker(kThree);
  const milliseconds now(0);
  breaker.Failure(now, milliseconds(0));
  breaker.Failure(now, milliseconds(0));
  breaker.Success();
  breaker.Failure(now, milliseconds(0));
  breaker.Failure(now, milliseconds(0));
  EXPECT_EQ(breaker.Closed(now), milliseconds(0));
  breaker.Failure(now, milliseconds(0));
  EXPECT_EQ(breaker.Closed(now), milliseconds(1'000));
  EXPECT_EQ(breaker.Closed(milliseconds(400)), milliseconds(600));
  EXPECT_EQ(breaker.Closed(milliseconds(1'000)), milliseconds(0));
}

TEST(CircuitBreaker, PausesDoubleUpToTheLongestAndASuccessEndsThem) {
  CircuitBreaker breaker(kThree);
  milliseconds now(0);
  for (int i = 0; i < 2; ++i) breaker.Failure(now, milliseconds(0));
  for (const int pause : {1'000, 2'000, 3'000, 3'000}) {
    breaker.Failure(now, milliseconds(0));
    EXPECT_EQ(breaker.Closed(now), milliseconds(pause));
    now += milliseconds(pause);
  }
  breaker.Success();
  for (int i = 0; i < 3; ++i) breaker.Failure(now, milliseconds(0));
  EXPECT_EQ(breaker.Closed(now), milliseconds(1'000));
}

TEST(CircuitBreaker, WhatTheServerAsksForHoldsFromTheFirstFailure) {
  CircuitBreaker breaker(kThree);
  breaker.Failure(milliseconds(0), milliseconds(50'000));
  EXPECT_EQ(breaker.Closed(milliseconds(0)), milliseconds(50'000));
}

}  // namespace
}  // namespace pregao::yahoo
