#include "cli/gap_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pregao::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kDay = 86'400, kHour = 3'600, kMinute = 60;
constexpr std::int64_t kNow = 1'795'600'000 / kDay * kDay + 12 * kHour;  // a noon

Gap GapAt(std::int64_t from_s, std::int64_t minutes, const std::string& ticker = "A") {
  return {ticker, {from_s, from_s + minutes * kMinute}};
}

std::vector<GapQuery> Plan(std::vector<Gap> gaps, std::int64_t now_s = kNow, const std::set<Gap>& tried = {},
                           const std::map<std::string, std::int64_t>& positions = {}) {
  return PlanGaps(std::move(gaps), positions, tried, now_s);
}

TEST(PlanGaps, AsksForTheGapAndTheMinuteOnEachSide) {
  const auto gap = GapAt(kNow - 3 * kHour, 10);
  const auto plan = Plan({gap});
  ASSERT_EQ(plan.size(), 1u);
  EXPECT_EQ(plan[0].query.ticker, "A");
  EXPECT_EQ(plan[0].query.interval.name, "1m");
  EXPECT_EQ(plan[0].query.from_s, gap.span.from_s - kMinute);
  EXPECT_EQ(plan[0].query.to_s, gap.span.to_s + kMinute);
  EXPECT_EQ(plan[0].asked_to_s, gap.span.to_s);
}

TEST(PlanGaps, AGapIsDueTwoMinutesAfterItsEndAndRememberedOnceItHasSettled) {
  const auto gap = GapAt(kNow - 10 * kMinute, 10);
  EXPECT_THAT(Plan({gap}, kNow + kMinute), IsEmpty());
  const auto soon = Plan({gap}, kNow + 2 * kMinute);
  ASSERT_EQ(soon.size(), 1u);
  EXPECT_EQ(soon[0].asked_to_s, std::nullopt);
  EXPECT_THAT(Plan({gap}, kNow + 30 * kMinute, {gap}), IsEmpty());
  const auto settled = Plan({gap}, kNow + 2 * kHour, {gap});
  ASSERT_EQ(settled.size(), 1u);
  EXPECT_EQ(settled[0].asked_to_s, gap.span.to_s);
}

TEST(PlanGaps, WhatWasAskedForIsNotAskedForAgain) {
  const auto first = GapAt(kNow - 9 * kHour, 10), second = GapAt(kNow - 5 * kHour, 10);
  const auto plan = Plan({first, second}, kNow, {}, {{"pregao:gaps:A", first.span.to_s}});
  ASSERT_EQ(plan.size(), 1u);
  EXPECT_THAT(plan[0].gaps, ElementsAre(second));
  EXPECT_THAT(Plan({first, second}, kNow, {}, {{"pregao:gaps:A", second.span.to_s}}), IsEmpty());
  EXPECT_EQ(Plan({first, second}, kNow, {}, {{"pregao:gaps:B", second.span.to_s}}).size(), 1u);
}

TEST(PlanGaps, GapsOfATickerInOneWindowAreOneRequestAndTickersAreApart) {
  std::vector<Gap> gaps;
  for (int i = 20; i > 0; --i) gaps.push_back(GapAt(kNow - i * kHour / 4 - 2 * kHour, 6, i % 2 == 0 ? "A" : "B"));
  const auto plan = Plan(gaps);
  ASSERT_EQ(plan.size(), 2u);
  EXPECT_EQ(plan[0].query.ticker, "A");
  EXPECT_EQ(plan[0].gaps.size(), 10u);
  EXPECT_EQ(plan[1].query.ticker, "B");
}

TEST(PlanGaps, NoRequestIsLongerThanYahooAllowsAndWindowsWithoutAGapAreLeftOut) {
  const auto old = GapAt(kNow - 27 * kDay, 30), young = GapAt(kNow - 2 * kDay, 30),
             wide = GapAt(kNow - 20 * kDay, 11 * 1440);
  for (const GapQuery& asked : Plan({old, young, wide})) {
    EXPECT_LE(asked.query.to_s - asked.query.from_s, 7 * kDay);
    EXPECT_FALSE(asked.gaps.empty());
  }
  const auto plan = Plan({young, old});
  ASSERT_EQ(plan.size(), 2u);
  EXPECT_THAT(plan[0].gaps, ElementsAre(old));
  EXPECT_EQ(plan[0].asked_to_s, std::nullopt);  // the ticker's last request remembers all
  EXPECT_EQ(plan[1].asked_to_s, young.span.to_s);
}

TEST(PlanGaps, WhatYahooHasNoMinutesOfIsNotAskedFor) {
  EXPECT_THAT(Plan({GapAt(kNow - 30 * kDay, 10)}), IsEmpty());
  const auto reaching_in = Plan({GapAt(kNow - 30 * kDay, 2 * 1440)});
  ASSERT_FALSE(reaching_in.empty());
  EXPECT_EQ(reaching_in[0].query.from_s, kNow - 29 * kDay);
}

TEST(PlanGaps, SettledGapsBeforeOneThatHasNotAreRemembered) {
  const auto settled = GapAt(kNow - 3 * kHour, 10), fresh = GapAt(kNow - kHour / 2, 10);
  const auto plan = Plan({settled, fresh});
  ASSERT_EQ(plan.size(), 1u);
  EXPECT_EQ(plan[0].asked_to_s, settled.span.to_s);
}

TEST(GapPart, HoldsTheGapsMinutesAndOneOnEachSide) {
  const std::int64_t begin = kNow - 3 * kHour;
  const auto plan = Plan({GapAt(begin, 2), GapAt(begin + 30 * kMinute, 2)});
  ASSERT_EQ(plan.size(), 1u);
  std::vector<market::Bar> bars;
  for (std::int64_t minute = -5; minute < 40; ++minute) {
    bars.emplace_back().start_us = (begin + minute * kMinute) * 1'000'000;
  }
  const auto part = GapPart(plan[0], bars);
  std::vector<std::int64_t> minutes;
  for (const auto& bar : part.bars) minutes.push_back((bar.start_us / 1'000'000 - begin) / kMinute);
  EXPECT_THAT(minutes, ElementsAre(-1, 0, 1, 2, 29, 30, 31, 32));
  EXPECT_FALSE(part.covers);
  EXPECT_EQ(part.gaps_asked_to_s, begin + 32 * kMinute);
}

}  // namespace
}  // namespace pregao::cli
