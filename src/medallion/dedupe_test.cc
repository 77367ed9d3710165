#include "medallion/dedupe.h"

#include <gtest/gtest.h>
#include <random>
#include <set>
#include <tuple>

namespace pregao::medallion {
namespace {

RowKey K(std::uint64_t n) { return {n, n * 7}; }

TEST(DedupeMemory, KnowsWhatItWasToldAndNothingElse) {
  DedupeMemory memory(1000);
  EXPECT_EQ(memory.Probe(memory.Ticker("A"), 10, K(1)), Seen::kNew);
  memory.Insert(&memory.Ticker("A"), 10, K(1), 1);
  EXPECT_EQ(memory.Probe(memory.Ticker("A"), 10, K(1)), Seen::kDuplicate);
  EXPECT_EQ(memory.Probe(memory.Ticker("A"), 10, K(2)), Seen::kNew) << "another payload of the same instant";
  EXPECT_EQ(memory.Probe(memory.Ticker("A"), 5, K(1)), Seen::kNew) << "an older row where everything is covered";
  EXPECT_EQ(memory.Probe(memory.Ticker("B"), 10, K(1)), Seen::kNew);
}

TEST(DedupeMemory, AsksTheTableForWhatItDoesNotCover) {
  DedupeMemory memory(1000, /*covered_from=*/100);
  EXPECT_EQ(memory.Probe(memory.Ticker("A"), 99, K(1)), Seen::kUnknown);
  EXPECT_EQ(memory.Probe(memory.Ticker("A"), 100, K(1)), Seen::kNew);
  memory.Insert(&memory.Ticker("A"), 50, K(1), 0);
  EXPECT_EQ(memory.Probe(memory.Ticker("A"), 50, K(1)), Seen::kDuplicate);
  EXPECT_EQ(memory.Probe(memory.Ticker("A"), 50, K(2)), Seen::kUnknown);
}

TEST(DedupeMemory, KeepsTheNewestRowsOfEachTickerAndOwnsUpToTheRest) {
  DedupeMemory memory(32);
  for (int i = 0; i < 1000; ++i) memory.Insert(&memory.Ticker("A"), i, K(static_cast<std::uint64_t>(i)), 0);
  EXPECT_EQ(memory.Probe(memory.Ticker("A"), 999, K(999)), Seen::kDuplicate);
  EXPECT_EQ(memory.Probe(memory.Ticker("A"), 0, K(0)), Seen::kUnknown);
  EXPECT_LE(memory.keys(), 42u);
}

TEST(DedupeMemory, ARowThatIsNotCommittedNeverLeaves) {
  DedupeMemory memory(16);
  for (int i = 0; i < 500; ++i) memory.Insert(&memory.Ticker("A"), i, K(static_cast<std::uint64_t>(i)), 1);
  EXPECT_EQ(memory.Probe(memory.Ticker("A"), 0, K(0)), Seen::kDuplicate);
  memory.Confirm(1);
  memory.Insert(&memory.Ticker("A"), 500, K(500), 2);
  EXPECT_EQ(memory.Probe(memory.Ticker("A"), 0, K(0)), Seen::kUnknown);
  EXPECT_LE(memory.keys(), 21u);
}

/// Against a set that forgets nothing: a row that is there is never called new, and one that is not never a duplicate.
TEST(DedupeMemory, IsExactOnRandomStreams) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    std::mt19937_64 random(seed);
    DedupeMemory memory(64);
    std::set<std::tuple<int, std::int64_t, std::uint64_t>> truth;
    std::uint32_t batch = 1;
    for (int i = 0; i < 2000; ++i) {
      const int ticker = static_cast<int>(random() % 4);
      const std::int64_t time = i / 4 + static_cast<std::int64_t>(random() % 20) - (random() % 10 == 0 ? 200 : 0);
      const std::uint64_t payload = random() % 3;
      const std::string name(1, static_cast<char>('A' + ticker));
      const bool there = truth.contains({ticker, time, payload});
      switch (memory.Probe(memory.Ticker(name), time, K(payload))) {
        case Seen::kNew:
          ASSERT_FALSE(there) << "seed " << seed;
          break;
        case Seen::kDuplicate:
          ASSERT_TRUE(there) << "seed " << seed;
          break;
        case Seen::kUnknown:
          break;
      }
      memory.Insert(&memory.Ticker(name), time, K(payload), batch);
      truth.insert({ticker, time, payload});
      if (i % 50 == 0) memory.Confirm(batch++);
    }
    EXPECT_LT(memory.keys(), 500u);
  }
}

}  // namespace
}  // namespace pregao::medallion
