#include "yahoo/chart_windows.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace pregao::yahoo {
namespace {

constexpr std::int64_t kDayS = 86'400;
constexpr std::int64_t kNow = 1'760'000'000;

ChartInterval Interval(std::string_view name) { return ChartIntervalOf(name).ValueOrDie(); }

TEST(PlanChart, AMonthOfMinutesIsAskedForByTheWeek) {
  const ChartPlan plan = PlanChart("AAPL", Interval("1m"), kNow - 28 * kDayS, kNow, kNow);
  EXPECT_EQ(plan.begins_at, std::nullopt);
  EXPECT_EQ(plan.windows.size(), 5u);
  EXPECT_EQ(plan.windows.front().from_s, kNow - 28 * kDayS);
  EXPECT_EQ(plan.windows.back().to_s, kNow);
  EXPECT_EQ(plan.windows.front().ticker, "AAPL");
}

TEST(PlanChart, WhatYahooNoLongerHasIsLeftOutAndSaid) {
  const ChartPlan plan = PlanChart("AAPL", Interval("1m"), kNow - 90 * kDayS, kNow, kNow);
  EXPECT_EQ(plan.begins_at, kNow - 29 * kDayS);
  EXPECT_EQ(plan.windows.front().from_s, kNow - 29 * kDayS);
  const ChartPlan gone = PlanChart("AAPL", Interval("1m"), kNow - 90 * kDayS, kNow - 60 * kDayS, kNow);
  EXPECT_TRUE(gone.windows.empty());
  EXPECT_TRUE(gone.begins_at.has_value());
}

TEST(PlanChart, DaysReachBackToTheBeginningBefore1970) {
  const ChartPlan plan = PlanChart("^GSPC", Interval("1d"), -1'325'583'000, kNow, kNow);
  EXPECT_EQ(plan.begins_at, std::nullopt);
  EXPECT_EQ(plan.windows.front().from_s, -1'325'583'000);
  EXPECT_LE(plan.windows.size(), 11u);
}

TEST(PlanChart, TheFutureIsNotAskedFor) {
  EXPECT_EQ(PlanChart("A", Interval("1d"), kNow - kDayS, kNow + kDayS, kNow).windows.back().to_s, kNow);
  EXPECT_TRUE(PlanChart("A", Interval("1d"), kNow, kNow + kDayS, kNow).windows.empty());
}

RC_GTEST_PROP(PlanChart, WindowsCoverTheRangeWithoutGapOrOverlapAndNoneIsTooWide, ()) {
  const ChartInterval interval = kChartIntervals[*rc::gen::inRange<std::size_t>(0, kChartIntervals.size())];
  const std::int64_t from = kNow - *rc::gen::inRange<std::int64_t>(0, 25 * kDayS);
  const std::int64_t to = kNow - *rc::gen::inRange<std::int64_t>(0, 25 * kDayS);
  const ChartPlan plan = PlanChart("A", interval, from, to, kNow);
  RC_ASSERT(plan.windows.empty() == (from >= to));
  std::int64_t at = from;
  for (const ChartQuery& window : plan.windows) {
    RC_ASSERT(window.from_s == at);
    RC_ASSERT(window.to_s > window.from_s);
    RC_ASSERT(window.to_s - window.from_s <= interval.request_days * kDayS);
    at = window.to_s;
  }
  if (from < to) RC_ASSERT(at == to);
}

RC_GTEST_PROP(PlanChart, ALongerRangeHasTheInnerWindowsOfAShorterOne, ()) {
  const ChartInterval day = Interval("1m");
  const std::int64_t from = kNow - 25 * kDayS + *rc::gen::inRange<std::int64_t>(0, 4 * kDayS);
  const auto all = PlanChart("A", day, kNow - 28 * kDayS, kNow, kNow).windows;
  const auto some = PlanChart("A", day, from, kNow, kNow).windows;
  for (std::size_t i = 1; i < some.size(); ++i) {
    const auto& same = all[all.size() - (some.size() - i)];
    RC_ASSERT(same.from_s == some[i].from_s);
    RC_ASSERT(same.to_s == some[i].to_s);
  }
}

}  // namespace
}  // namespace pregao::yahoo
