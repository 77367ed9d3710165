#include "engine/lag.h"

#include <gtest/gtest.h>

namespace pregao::engine {
namespace {

using Ranges = std::map<Partition, topic::OffsetRange>;

constexpr Partition kOne{1}, kTwo{2};

Ranges Ends(std::int64_t one, std::int64_t two) {
  return {{kOne, {Offset(0), Offset(one)}}, {kTwo, {Offset(0), Offset(two)}}};
}

class LagTrackerTest : public testing::Test {
 protected:
  void Read(std::initializer_list<std::tuple<Partition, std::int64_t, std::int64_t>> records) {
    topic::RecordBatch batch;
    for (const auto& [partition, offset, time] : records) {
      batch.Add(partition, Offset(offset), TimestampMs(time), "k", "v");
    }
    tracker_.Read(batch);
  }
  std::optional<std::int64_t> Oldest(Partition partition) {
    const auto oldest = tracker_.Get().at(partition).oldest;
    return oldest ? std::optional(oldest->value) : std::nullopt;
  }
  std::int64_t Lag(Partition partition) { return tracker_.Get().at(partition).records(); }

  LagTracker tracker_;
};

TEST_F(LagTrackerTest, OffsetsBehindAreKnownBeforeAnythingIsRead) {
  tracker_.Begin({{kOne, Offset(3)}, {kTwo, Offset(7)}}, Ends(10, 7));
  EXPECT_EQ(Lag(kOne), 7);
  EXPECT_EQ(Lag(kTwo), 0);
  tracker_.Ends(Ends(12, 8));
  EXPECT_EQ(Lag(kOne), 9);
  EXPECT_EQ(Lag(kTwo), 1);
}

TEST_F(LagTrackerTest, OldestIsTheFirstRecordThatIsNotCommitted) {
  tracker_.Begin({{kOne, Offset(0)}, {kTwo, Offset(0)}}, Ends(2, 1));
  Read({{kOne, 0, 1'000}, {kTwo, 0, 1'500}});
  Read({{kOne, 1, 2'000}});
  EXPECT_EQ(Oldest(kOne), 1'000);
  EXPECT_EQ(Oldest(kTwo), 1'500);
  tracker_.Commit({{kOne, Offset(1)}});
  EXPECT_EQ(Oldest(kOne), 2'000);
  tracker_.Commit({{kOne, Offset(2)}, {kTwo, Offset(1)}});
  EXPECT_EQ(Oldest(kOne), std::nullopt);
  EXPECT_EQ(Oldest(kTwo), std::nullopt);
  EXPECT_EQ(Lag(kOne), 0);
}

TEST_F(LagTrackerTest, ItIsNeverYoungerThanTheTruthAndAtMostAGrainOlderWhereRecordsComeOneByOne) {
  tracker_.Begin({{kOne, Offset(0)}}, {});
  for (std::int64_t i = 0; i < 10'000; ++i) Read({{kOne, i, i * 7}});
  for (std::int64_t committed = 1; committed < 10'000; ++committed) {
    tracker_.Commit({{kOne, Offset(committed)}});
    ASSERT_LE(*Oldest(kOne), committed * 7);
    ASSERT_GT(*Oldest(kOne), committed * 7 - 107 - 7);
  }
}

TEST_F(LagTrackerTest, AFailureMakesTheWaitingRecordNoYounger) {
  tracker_.Begin({{kOne, Offset(5)}}, Ends(9, 0));
  Read({{kOne, 5, 1'000}, {kOne, 6, 1'001}});
  tracker_.Begin({{kOne, Offset(5)}}, Ends(9, 0));
  EXPECT_EQ(Oldest(kOne), 1'000) << "before it is read again";
  tracker_.Begin({{kOne, Offset(7)}}, Ends(9, 0));
  EXPECT_EQ(Oldest(kOne), std::nullopt) << "others committed it; what waits now has not been read";
}

TEST_F(LagTrackerTest, PartitionsThatWentToAnotherReaderAreForgotten) {
  tracker_.Begin({{kOne, Offset(0)}, {kTwo, Offset(0)}}, Ends(5, 5));
  tracker_.Begin({{kTwo, Offset(2)}}, Ends(5, 5));
  EXPECT_FALSE(tracker_.Get().contains(kOne));
  Read({{kOne, 0, 1}});
  tracker_.Commit({{kOne, Offset(1)}});
  EXPECT_EQ(tracker_.Get().size(), 1u);
}

TEST_F(LagTrackerTest, HolesAtTheEndAreBehindUntilReadingHasMetIt) {
  tracker_.Begin({{kOne, Offset(0)}}, Ends(4, 0));
  Read({{kOne, 0, 10}});
  tracker_.Commit({{kOne, Offset(1)}});
  EXPECT_EQ(Lag(kOne), 3) << "they may be records that have not come yet";
  EXPECT_EQ(Oldest(kOne), std::nullopt);
  tracker_.Ended({{kOne, Offset(4)}, {kTwo, Offset(9)}});
  EXPECT_EQ(Lag(kOne), 0);
  EXPECT_FALSE(tracker_.Get().contains(kTwo));
}

TEST_F(LagTrackerTest, HolesAtTheEndArePassedByTheCommitOfWhatLiesBeforeThem) {
  tracker_.Begin({{kOne, Offset(0)}}, Ends(4, 0));
  Read({{kOne, 0, 10}, {kOne, 1, 20}});
  tracker_.Ended({{kOne, Offset(4)}});
  EXPECT_EQ(Lag(kOne), 4);
  tracker_.Commit({{kOne, Offset(1)}});
  EXPECT_EQ(Lag(kOne), 3);
  tracker_.Commit({{kOne, Offset(2)}});
  EXPECT_EQ(Lag(kOne), 0);
}

TEST_F(LagTrackerTest, BehindHolesThatWerePassedWhatWaitsIsBehindAndAgesAsBefore) {
  tracker_.Begin({{kOne, Offset(0)}}, Ends(4, 0));
  Read({{kOne, 0, 10}});
  tracker_.Commit({{kOne, Offset(1)}});
  tracker_.Ended({{kOne, Offset(4)}});
  Read({{kOne, 4, 1'000}});
  EXPECT_EQ(Lag(kOne), 1);
  EXPECT_EQ(Oldest(kOne), 1'000);
  tracker_.Begin({{kOne, Offset(1)}}, Ends(5, 0));
  EXPECT_EQ(Oldest(kOne), 1'000) << "the tables know of no holes";
  EXPECT_EQ(Lag(kOne), 4) << "nor does a session that has not met the end";
}

TEST(Durations, EachFallsIntoTheFirstBucketThatHoldsIt) {
  Durations durations;
  for (const double bound : Durations::kBounds) durations.Add(bound);
  durations.Add(1e9);
  durations.Add(0);
  EXPECT_EQ(durations.counts.front(), 2);
  for (std::size_t i = 1; i < durations.counts.size(); ++i) EXPECT_EQ(durations.counts[i], 1) << i;
}

}  // namespace
}  // namespace pregao::engine
