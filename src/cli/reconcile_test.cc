#include "cli/reconcile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pregao::cli {
namespace {

using market::Bar;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kMonday15 = 1'795'446'000;  // 2026-11-23T15:00Z: New York has been open for half an hour

Bar At(int minute, double price = 100, std::optional<std::int64_t> volume = 1000) {
  Bar bar;
  bar.ticker = "A";
  bar.start_us = (kMonday15 + minute * 60) * 1'000'000;
  bar.open = bar.high = bar.low = bar.close = price;
  bar.volume = volume;
  return bar;
}

std::vector<std::string> What(const Reconciled& found) {
  std::vector<std::string> out;
  for (const Difference& d : found.differences) {
    out.push_back(std::to_string((d.start_us / 1'000'000 - kMonday15) / 60) + " " + d.what);
  }
  return out;
}

TEST(Reconcile, WithinTheToleranceIsTheSameAndBeyondItIsNot) {
  const auto found = Reconcile({At(0, 100.1), At(1, 100.11), At(2, 99.9), At(3, 99.89)}, {At(0), At(1), At(2), At(3)},
                               {.price_percent = 0.1});
  EXPECT_EQ(found.compared, 4);
  EXPECT_EQ(found.differing, 2);
  EXPECT_THAT(What(found), ElementsAre("1 open", "1 high", "1 low", "1 close", "3 open", "3 high", "3 low", "3 close"));
  EXPECT_NEAR(*found.differences[0].percent, 0.11, 1e-9);
  EXPECT_NEAR(*found.differences[4].percent, -0.11, 1e-9);
  EXPECT_EQ(found.differences[0].stream, 100.11);
  EXPECT_EQ(found.differences[0].chart, 100);
}

TEST(Reconcile, OnlyThePriceThatDiffersIsListed) {
  auto mine = At(0);
  mine.high = 103;
  EXPECT_THAT(What(Reconcile({mine}, {At(0)}, {.price_percent = 2.9})), ElementsAre("0 high"));
  EXPECT_TRUE(Reconcile({mine}, {At(0)}, {.price_percent = 3}).clean());
}

TEST(Reconcile, ABarThatOneOfBothLacksIsADifference) {
  const auto found = Reconcile({At(0), At(2)}, {At(1), At(2), At(3)}, {});
  EXPECT_EQ(found.only_stream, 1);
  EXPECT_EQ(found.only_chart, 2);
  EXPECT_EQ(found.compared, 1);
  EXPECT_THAT(What(found), ElementsAre("0 bar", "1 bar", "3 bar"));
  EXPECT_EQ(found.differences[0].chart, std::nullopt);
  EXPECT_EQ(found.differences[1].stream, std::nullopt);
  EXPECT_FALSE(found.clean());
}

TEST(Reconcile, OutsideOfASessionAMissingBarIsNone) {
  const auto* const calendar = market::Calendars::Builtin().Of("A");
  ASSERT_NE(calendar, nullptr);
  const auto found = Reconcile({At(-60)}, {At(-120)}, {.calendar = calendar});
  EXPECT_TRUE(found.clean());
  EXPECT_THAT(found.differences, IsEmpty());
  EXPECT_FALSE(Reconcile({At(0)}, {}, {.calendar = calendar}).clean());
  EXPECT_FALSE(Reconcile({At(-60)}, {}, {}).clean());  // nobody knows
}

TEST(Reconcile, AMinuteOfTheHistoryWithoutATradeIsNotMissed) {
  EXPECT_TRUE(Reconcile({}, {At(0, 100, 0)}, {}).clean());
  EXPECT_FALSE(Reconcile({}, {At(0, 100, 5)}, {}).clean());
}

TEST(Reconcile, VolumesAreComparedWhereItIsAskedForAndBothAreKnown) {
  const std::vector<Bar> mine{At(0, 100, 1100), At(1, 100, 1101), At(2, 100, {})}, theirs{At(0), At(1), At(2)};
  EXPECT_TRUE(Reconcile(mine, theirs, {}).clean());
  EXPECT_THAT(What(Reconcile(mine, theirs, {.volume_percent = 10})), ElementsAre("1 volume"));
}

TEST(Reconcile, ADifferenceFromNothingHasNoPercentage) {
  const auto found = Reconcile({At(0, 100, 5)}, {At(0, 100, 0)}, {.volume_percent = 10});
  ASSERT_EQ(found.differences.size(), 1u);
  EXPECT_EQ(found.differences[0].percent, std::nullopt);
}

}  // namespace
}  // namespace pregao::cli
