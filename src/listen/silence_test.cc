#include "listen/silence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pregao::listen {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kMinute = 60'000, kHour = 60 * kMinute;
constexpr std::int64_t kMidnight = 1'795'392'000'000;  // 2026-11-23, a Monday; New York trades from 14:30 to 21:00 UTC
constexpr std::chrono::minutes kAfter{15};

TimestampMs At(std::int64_t hour, std::int64_t minute = 0) {
  return TimestampMs(kMidnight + hour * kHour + minute * kMinute);
}

Silences Judge(const std::map<std::string, std::optional<TimestampMs>>& heard, TimestampMs now) {
  return JudgeSilences(heard, market::Calendars::Builtin(), now, kAfter);
}

TEST(Silences, InASessionItIsTheFeedsAndOutsideOfItTheExchanges) {
  const std::map<std::string, std::optional<TimestampMs>> heard{{"AAPL", At(16)}, {"MSFT", At(16, 20)}};
  EXPECT_THAT(Judge(heard, At(16, 20)).quiet, ElementsAre("AAPL"));
  EXPECT_EQ(Judge(heard, At(16, 20)).closed, 0u);
  EXPECT_THAT(Judge(heard, At(22)).quiet, IsEmpty());
  EXPECT_EQ(Judge(heard, At(22)).closed, 2u);
}

TEST(Silences, ASilenceShorterThanThatIsNone) {
  EXPECT_THAT(Judge({{"AAPL", At(16)}}, At(16, 14)).quiet, IsEmpty());
  EXPECT_EQ(Judge({{"AAPL", At(21)}}, At(21, 14)).closed, 0u);
}

TEST(Silences, AfterTheOpeningADelayedExchangeHasHalfAnHourMore) {
  const std::map<std::string, std::optional<TimestampMs>> heard{{"AAPL", At(-3)}};
  EXPECT_THAT(Judge(heard, At(15, 14)).quiet, IsEmpty());
  EXPECT_THAT(Judge(heard, At(15, 15)).quiet, ElementsAre("AAPL"));
}

TEST(Silences, ALunchBreakIsClosedAndCryptoNever) {
  // Hong Kong breaks from 04:00 to 05:00 UTC.
  const auto lunch = Judge({{"0700.HK", At(3, 59)}, {"BTC-USD", At(3, 59)}}, At(4, 30));
  EXPECT_EQ(lunch.closed, 1u);
  EXPECT_THAT(lunch.quiet, ElementsAre("BTC-USD"));
}

TEST(Silences, WhatHasNeverSpokenAndWhatNobodyKnowsIsNotJudged) {
  const auto found = Judge({{"AAPL", std::nullopt}, {"^NONE", At(0)}}, At(18));
  EXPECT_THAT(found.quiet, IsEmpty());
  EXPECT_EQ(found.closed, 0u);
}

}  // namespace
}  // namespace pregao::listen
