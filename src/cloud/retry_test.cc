#include "cloud/retry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

namespace pregao::cloud {
namespace {

using std::chrono::milliseconds;

/// Counts the waits in place of waiting.
struct Waits {
  RetryOptions Options() {
    RetryOptions options;
    options.wait = [this](milliseconds wait) { waits.push_back(wait); };
    return options;
  }
  std::vector<milliseconds> waits;
};

TEST(MayPass, AreTheStatusesThatServersGetOver) {
  for (int status = 100; status < 600; ++status) {
    const bool expected = status == 408 || status == 429 || (status >= 500 && status != 501 && status != 505);
    EXPECT_EQ(MayPass(status), expected) << status;
  }
}

TEST(Retries, WaitsDoubleUpToTheLongestHalfOfItAtRandom) {
  Waits waits;
  RetryOptions options = waits.Options();
  options.max_attempts = 12;
  options.total = std::chrono::hours(1);
  HttpCounters counters;
  Retries retries(&options, &counters);
  while (retries.Again()) {
  }
  ASSERT_EQ(waits.waits.size(), 11u);
  EXPECT_EQ(counters.retries, 11);
  for (std::size_t i = 0; i < waits.waits.size(); ++i) {
    const auto full = std::min(options.longest, options.first * (1L << i));
    EXPECT_GE(waits.waits[i], full / 2) << i;
    EXPECT_LE(waits.waits[i], full) << i;
  }
}

TEST(Retries, RetryAfterIsTheLeastThatIsWaited) {
  Waits waits;
  const RetryOptions options = waits.Options();
  HttpCounters counters;
  Retries retries(&options, &counters);
  ASSERT_TRUE(retries.Again(milliseconds(20'000)));
  EXPECT_EQ(waits.waits.at(0), milliseconds(20'000));
}

TEST(Retries, AllTogetherTheyEndWithinTheTotal) {
  Waits waits;
  RetryOptions options = waits.Options();
  options.max_attempts = 1'000'000;
  HttpCounters counters;
  Retries retries(&options, &counters);
  while (retries.Again()) {
  }
  milliseconds sum{0};
  for (const auto wait : waits.waits) sum += wait;
  EXPECT_LE(sum, options.total);
  EXPECT_GT(sum, options.total - options.longest - milliseconds(2000));
  EXPECT_FALSE(Retries(&options, &counters).Again(options.total + milliseconds(1)));
}

TEST(Retries, ProgressBeginsAnew) {
  Waits waits;
  RetryOptions options = waits.Options();
  options.max_attempts = 2;
  HttpCounters counters;
  Retries retries(&options, &counters);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(retries.Again());
    retries.Progress();
  }
  EXPECT_TRUE(retries.Again());
  EXPECT_FALSE(retries.Again());
}

TEST(Retries, NothingIsTriedAgainAfterAStop) {
  std::stop_source stop;
  RetryOptions options;
  options.stop = stop.get_token();
  options.first = options.longest = std::chrono::hours(1);
  options.total = std::chrono::hours(10);
  HttpCounters counters;
  Retries retries(&options, &counters);
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_FALSE(retries.Again());  // also when the stop comes while it waits
}

}  // namespace
}  // namespace pregao::cloud
