#include "engine/said_gaps.h"

#include <gtest/gtest.h>
#include <random>
#include <set>

namespace pregao::engine {
namespace {

constexpr Partition kOne{1}, kTwo{2};

topic::OffsetRange Gap(std::int64_t low, std::int64_t high) { return {Offset(low), Offset(high)}; }

TEST(SaidGaps, CountsWhatIsNewInAGapThatIsFoundAgain) {
  SaidGaps said;
  EXPECT_EQ(said.Add(kOne, Gap(500, 1000)), 500);
  EXPECT_EQ(said.Add(kOne, Gap(500, 1000)), 0);
  EXPECT_EQ(said.Add(kTwo, Gap(500, 1000)), 500) << "another partition's";
  EXPECT_EQ(said.Add(kOne, Gap(300, 1200)), 400) << "retention went on, and what had been read was not committed";
}

TEST(SaidGaps, ForgetsWhatTheTablesHavePassed) {
  SaidGaps said;
  EXPECT_EQ(said.Add(kOne, Gap(0, 10)), 10);
  said.Forget({{kOne, Offset(9)}, {kTwo, Offset(99)}});
  EXPECT_EQ(said.Add(kOne, Gap(0, 10)), 0);
  said.Forget({{kOne, Offset(10)}});
  EXPECT_EQ(said.Add(kOne, Gap(0, 10)), 10);
}

TEST(SaidGaps, AgreesWithASetOfOffsets) {
  std::minstd_rand random(1);
  for (int run = 0; run < 200; ++run) {
    SaidGaps said;
    std::set<std::int64_t> model;
    for (int i = 0; i < 20; ++i) {
      const std::int64_t low = static_cast<std::int64_t>(random() % 60);
      const std::int64_t high = low + 1 + static_cast<std::int64_t>(random() % 12);
      std::int64_t fresh = 0;
      for (std::int64_t offset = low; offset < high; ++offset) fresh += model.insert(offset).second ? 1 : 0;
      ASSERT_EQ(said.Add(kOne, Gap(low, high)), fresh) << "run " << run << ", [" << low << ", " << high << ")";
    }
  }
}

}  // namespace
}  // namespace pregao::engine
