#include "medallion/bars.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "medallion/bar_tail.h"

namespace pregao::medallion {
namespace {

using market::kMinuteUs;
using testing::ElementsAre;
using testing::Optional;

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kNoon = 29'700'000 * kMinuteUs;
constexpr std::int64_t kNo = Tick::kNoVolume;

Tick At(std::int64_t seconds, double price, std::int64_t volume = kNo, std::int64_t offset = 0) {
  return {kNoon + seconds * kSecondUs, volume, offset, 0, price};
}

BuiltBars Build(std::vector<Tick> ticks, const std::optional<Tick>& before = {}) {
  Normalise(&ticks);
  return BuildBars(ticks, before, ticks.back().time_us);
}

std::vector<std::optional<std::int64_t>> Volumes(const BuiltBars& built) {
  std::vector<std::optional<std::int64_t>> out;
  for (const auto& bar : built.bars) out.push_back(bar.volume);
  return out;
}

TEST(Bars, HoldTheFirstLastHighestAndLowestPriceOfTheMinute) {
  const auto built = Build({At(59, 4), At(0, 5), At(20, 9), At(40, 3), At(60, 7)});
  ASSERT_EQ(built.bars.size(), 2u);
  const market::Bar& bar = built.bars[0];
  EXPECT_EQ(bar.start_us, kNoon);
  EXPECT_EQ((std::vector{bar.open, bar.high, bar.low, bar.close}), (std::vector{5.0, 9.0, 3.0, 4.0}));
  EXPECT_THAT(bar.ticks, Optional(4));
  EXPECT_EQ(built.bars[1].start_us, kNoon + kMinuteUs);
}

TEST(Bars, TicksOfOneInstantGoByVolumeThenOffset) {
  // Absent volumes first.
  const auto built = Build({At(0, 1, 20, 1), At(0, 2, 10, 9), At(0, 3, 20, 2), At(0, 4, kNo, 50)});
  EXPECT_EQ(built.bars[0].open, 4);
  EXPECT_EQ(built.bars[0].close, 3);
}

TEST(Bars, TheSameTickTwiceIsOne) {
  EXPECT_THAT(Build({At(0, 1, 10), At(5, 2, 15), At(5, 2, 15)}).bars[0].ticks, Optional(2));
}

TEST(Bars, AreFinalWhenTheTickerSpeaksAGracePeriodLater) {
  const auto final = [](std::int64_t seconds) { return Build({At(0, 1), At(seconds, 2)}).bars[0].is_final; };
  EXPECT_FALSE(final(59));
  EXPECT_FALSE(final(179));
  EXPECT_TRUE(final(180));
}

TEST(BarVolume, IsTheSumOfTheIncreasesSinceTheTickBefore) {
  EXPECT_THAT(Volumes(Build({At(0, 1, 110), At(30, 1, 150), At(70, 1, 190)}, At(-5, 1, 100))), ElementsAre(50, 40));
}

TEST(BarVolume, IsUnknownWhileNothingIsKnownBefore) {
  EXPECT_THAT(Volumes(Build({At(0, 1, 110)})), ElementsAre(std::nullopt));
  EXPECT_THAT(Volumes(Build({At(0, 1, 110), At(1, 1, 117)})), ElementsAre(7));
  EXPECT_THAT(Volumes(Build({At(0, 1, 110)}, At(-8 * 86'400, 1, 100))), ElementsAre(std::nullopt));
}

TEST(BarVolume, AbsentIsUnknownAndNotZero) {
  EXPECT_THAT(Volumes(Build({At(0, 1), At(60, 1), At(120, 1, 130)}, At(-5, 1, 100))),
              ElementsAre(std::nullopt, std::nullopt, 30));
  EXPECT_THAT(Volumes(Build({At(0, 1, 100)}, At(-5, 1, 100))), ElementsAre(0));
}

TEST(BarVolume, OfACryptoIsUnknown) {
  const Tick tick = MakeTick(kNoon, 1, 500, /*crypto=*/true, 0, 0);
  EXPECT_THAT(Volumes(Build({tick}, At(-5, 1, 100))), ElementsAre(std::nullopt));
  EXPECT_FALSE(MakeTick(kNoon, 1, -5, false, 0, 0).has_volume());
}

TEST(BarVolume, AFallAfterAPauseIsANewSessionThatCountsWhole) {
  EXPECT_THAT(Volumes(Build({At(0, 1, 30)}, At(-30 * 60, 1, 100))), ElementsAre(30));
}

TEST(BarVolume, AFallWithinASessionIsFlaggedAndCountsNothing) {
  const auto built = Build({At(0, 1, 90), At(5, 1, 95)}, At(-5, 1, 100));
  EXPECT_THAT(Volumes(built), ElementsAre(5));
  EXPECT_THAT(built.falls, ElementsAre(kNoon));
}

TEST(BarVolume, AfterANightItIsANewSessionThoughTheNumberRose) {
  EXPECT_THAT(Volumes(Build({At(0, 1, 130)}, At(-8 * 3600, 1, 100))), ElementsAre(130));
  EXPECT_THAT(Volumes(Build({At(0, 1, 130)}, At(-8 * 3600 + 1, 1, 100))), ElementsAre(30));
}

TEST(BarVolume, NeverOverflows) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_THAT(Volumes(Build({At(0, 1, kMost), At(1, 1, 0), At(2, 1, kMost)}, At(-5, 1, 0))), ElementsAre(kMost));
}

TEST(BarVwap, WeighsPricesByTheVolumeSeenAtThem) {
  const auto built = Build({At(0, 10, 101), At(1, 20, 104), At(60, 5, 104), At(120, 9)}, At(-5, 1, 100));
  EXPECT_THAT(built.bars[0].vwap_estimate, Optional((10.0 + 20.0 * 3) / 4));
  EXPECT_EQ(built.bars[1].vwap_estimate, std::nullopt) << "nothing was traded";
  EXPECT_EQ(built.bars[2].vwap_estimate, std::nullopt) << "nothing is known";
}

TEST(Revise, GivesTheNextRevisionOfWhatChangedAndNothingElse) {
  StoredBars stored;
  EXPECT_EQ(Revise("A", Build({At(0, 1), At(60, 2)}).bars, &stored).size(), 2u);
  EXPECT_TRUE(Revise("A", Build({At(0, 1), At(60, 2)}).bars, &stored).empty());
  const auto changed = Revise("A", Build({At(0, 1), At(60, 2), At(61, 3)}).bars, &stored);
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(changed[0].revision, 2);
  EXPECT_EQ(changed[0].ticker, "A");
  EXPECT_EQ(stored.at(kNoon + kMinuteUs), changed[0]);
}

TEST(BarTail, ALateTickRevisesItsBarAndTheNextWhereItsVolumeChanges) {
  BarTail tail("A", kNoon);
  tail.SetBefore(At(-5, 1, 100));
  tail.Insert({At(0, 1, 110), At(60, 2, 150), At(120, 3, 160)});
  EXPECT_EQ(tail.Changes(true).size(), 3u);
  tail.Insert({At(30, 1.5, 140)});
  const auto changed = tail.Changes(true);
  ASSERT_EQ(changed.size(), 2u);
  EXPECT_THAT(changed[0].volume, Optional(40));
  EXPECT_EQ(changed[0].close, 1.5);
  EXPECT_THAT(changed[1].volume, Optional(10));
  EXPECT_EQ(changed[1].revision, 2);
}

TEST(BarTail, IsTheSameAfterTrimming) {
  std::vector<Tick> ticks;
  for (int i = 0; i < 3600; i += 7) ticks.push_back(At(i, 10 + i % 13, 1000 + i));
  BarTail whole("A", kNoon), trimmed("A", kNoon);
  whole.SetBefore(std::nullopt);
  trimmed.SetBefore(std::nullopt);
  whole.Insert(ticks);
  StoredBars last;
  for (const Tick& tick : ticks) {
    trimmed.Insert({tick});
    for (auto& bar : trimmed.Changes(true)) last[bar.start_us] = bar;
    trimmed.Trim();
  }
  EXPECT_GT(trimmed.from_us(), kNoon);
  auto all = whole.Changes(true);
  ASSERT_EQ(all.size(), last.size());
  for (auto& bar : all) {
    bar.revision = last.at(bar.start_us).revision;
    EXPECT_EQ(bar, last.at(bar.start_us));
  }
}

TEST(BarTail, AWokenTailSaysNothingThatTheTableHas) {
  BarTail first("A", kNoon), again("A", kNoon);
  for (BarTail* tail : {&first, &again}) {
    tail->SetBefore(std::nullopt);
    tail->Insert({At(0, 1, 110), At(60, 2, 150)});
  }
  for (auto& bar : first.Changes(true)) again.Restore(bar);
  EXPECT_TRUE(again.Changes(true).empty());
}

}  // namespace
}  // namespace pregao::medallion
