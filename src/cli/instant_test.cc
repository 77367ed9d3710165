#include "cli/instant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pregao::cli {
namespace {

constexpr TimestampMs kNow(1'795'367'120'123);  // 2026-11-22T17:05:20.123Z

std::int64_t Parse(const std::string& text) { return ParseInstant(text, kNow).ValueOrDie().value; }

TEST(Instant, DurationsCountBackFromNow) {
  EXPECT_EQ(Parse("10m"), kNow.value - 600'000);
  EXPECT_EQ(Parse("0s"), kNow.value);
}

TEST(Instant, TimesAreUtcUnlessTheySayOtherwise) {
  EXPECT_EQ(Parse("2026-11-22T17:05:20.123Z"), kNow.value);
  EXPECT_EQ(Parse("2026-11-22 17:05:20.123"), kNow.value);
  EXPECT_EQ(Parse("2026-11-22 17:05:20.123+00"), kNow.value);  // as `pregao sql` prints them
  EXPECT_EQ(Parse("2026-11-22 14:05:20.123456-03:00"), kNow.value);
  EXPECT_EQ(Parse("2026-11-22T17:05"), kNow.value - 20'123);
  EXPECT_EQ(Parse("1970-01-02"), 86'400'000);
}

TEST(Instant, WhatIsNoTimeIsRefused) {
  for (const char* text : {"", "yesterday", "2026-13-01", "2026-02-30", "2026-11-22T24:00", "2026-11-22T10", "-10m",
                           "2026-11-22T10:00:00+99"}) {
    EXPECT_TRUE(ParseInstant(text, kNow).status().IsInvalid()) << text;
  }
}

}  // namespace
}  // namespace pregao::cli
