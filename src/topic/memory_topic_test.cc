#include "topic/memory_topic.h"

#include <gtest/gtest.h>

#include "test/topic_conformance.h"

namespace pregao::topic::test {
namespace {

class MemoryHarness {
 public:
  static constexpr std::uint32_t kModelRuns = 8;
  std::unique_ptr<TopicWriter> Writer() { return topic_.NewWriter(); }
  std::unique_ptr<TopicReader> Reader(const std::string& group) { return topic_.NewReader(group); }
  void DropSome(std::mt19937& random) {
    const auto ranges = Get(topic_.NewReader("ranges")->Ranges());
    const auto& [partition, range] = *std::next(ranges.begin(), static_cast<std::ptrdiff_t>(random() % kPartitions));
    topic_.DropBelow(partition, range.low + static_cast<std::int64_t>(random() % 500));
  }
  void Recreate() { topic_.Recreate(); }

 private:
  MemoryTopic topic_{kPartitions};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, TopicConformance, MemoryHarness);

std::vector<Partition> Assigned(TopicReader& reader) {
  const Polled polled = Get(reader.Poll(100, kMoment));
  EXPECT_TRUE(polled.records.empty());
  return polled.assigned.value_or(std::vector<Partition>{Partition(-1)});
}

TEST(MemoryGroup, DividesThePartitionsAmongItsMembers) {
  MemoryTopic topic(4);
  const auto one = topic.NewReader();
  EXPECT_EQ(Assigned(*one).size(), 4U);
  auto other = topic.NewReader();
  std::vector<Partition> all = Assigned(*one), rest = Assigned(*other);
  EXPECT_EQ(all.size(), 2U);
  all.insert(all.end(), rest.begin(), rest.end());
  EXPECT_THAT(all, ::testing::UnorderedElementsAre(Partition(0), Partition(1), Partition(2), Partition(3)));
  other.reset();
  EXPECT_EQ(Assigned(*one).size(), 4U);
}

TEST(MemoryGroup, TellsOfARebalanceBeforeAnyRecord) {
  MemoryTopic topic(kPartitions);
  const auto reader = topic.NewReader();
  Start(*reader);
  ASSERT_OK(topic.NewWriter()->Append(Records("key", 10)));
  const auto other = topic.NewReader();
  const Polled polled = Get(reader->Poll(100, kPatience));
  ASSERT_TRUE(polled.assigned);
  EXPECT_TRUE(polled.records.empty());
}

TEST(MemoryGroup, GoesOnWithWhatItKeptAndWaitsForSeekOfWhatIsNew) {
  MemoryTopic topic(2);
  const auto writer = topic.NewWriter();
  std::vector<NewRecord> records;
  for (int i = 0; i < 20; ++i) records.push_back(Record("key" + std::to_string(i), "v"));
  ASSERT_OK(writer->Append(records));
  const auto one = topic.NewReader();
  auto other = topic.NewReader();
  const auto kept = Assigned(*one);
  ASSERT_EQ(kept, std::vector{Partition(0)});
  ASSERT_OK(one->Seek({{Partition(0), Offset(3)}}));
  EXPECT_TRUE(one->Seek({{Partition(1), Offset(0)}}).IsInvalid()) << "the other's";
  other.reset();
  ASSERT_EQ(Assigned(*one).size(), 2U);
  const RecordBatch batch = Get(one->Poll(100, kPatience)).records;
  ASSERT_FALSE(batch.empty());
  EXPECT_EQ(batch[0].offset, Offset(3));
  for (std::size_t i = 0; i < batch.size(); ++i) EXPECT_EQ(batch[i].partition, Partition(0));
  ASSERT_OK(one->Seek({{Partition(1), Offset(0)}}));
  EXPECT_EQ(Get(one->Poll(100, kPatience)).records[0].partition, Partition(1));
}

TEST(MemoryGroup, RebalancesAtRandomButNeverLosesOrSharesAPartition) {
  MemoryTopic topic(8);
  std::vector<std::unique_ptr<TopicReader>> readers;
  for (int i = 0; i < 3; ++i) readers.push_back(topic.NewReader());
  std::vector<std::vector<Partition>> owned(readers.size());
  std::set<std::vector<std::vector<Partition>>> divisions;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    topic.Rebalance(seed);
    std::set<Partition> all;
    for (std::size_t r = 0; r < readers.size(); ++r) {
      const Polled polled = Get(readers[r]->Poll(1, std::chrono::milliseconds(0)));
      if (polled.assigned) owned[r] = *polled.assigned;
      for (const Partition partition : owned[r]) EXPECT_TRUE(all.insert(partition).second) << "shared " << partition;
    }
    EXPECT_EQ(all.size(), 8U) << "seed " << seed;
    divisions.insert(owned);
  }
  EXPECT_GT(divisions.size(), 10U);
}

TEST(MemoryGroup, WakesAWaitingReaderForARebalance) {
  MemoryTopic topic(4);
  const auto reader = topic.NewReader();
  Start(*reader);
  std::unique_ptr<TopicReader> other;
  std::jthread joiner([&] { other = topic.NewReader(); });
  EXPECT_TRUE(Get(reader->Poll(1, kPatience)).assigned);
}

TEST(MemoryGroup, RemembersTheLastCommitOfEachPartition) {
  MemoryTopic topic(2);
  const auto reader = topic.NewReader("g");
  ASSERT_EQ(Assigned(*reader).size(), 2U);
  ASSERT_OK(reader->Commit({{Partition(0), Offset(5)}}));
  ASSERT_OK(reader->Commit({{Partition(0), Offset(7)}, {Partition(1), Offset(1)}}));
  EXPECT_EQ(topic.Committed("g"), (Positions{{Partition(0), Offset(7)}, {Partition(1), Offset(1)}}));
  EXPECT_TRUE(topic.Committed("other").empty());
}

std::int64_t Count(MemoryTopic& topic) {
  std::int64_t count = 0;
  for (const auto& [partition, range] : Get(topic.NewReader("count")->Ranges())) count += range.high - range.low;
  return count;
}

TEST(MemoryFaults, AppendsNothingSomeOrAllBeforeAnError) {
  MemoryTopic topic;
  const auto writer = topic.NewWriter();
  topic.FailAppends(2);
  EXPECT_TRUE(writer->Append(Records("k", 10)).IsIOError());
  EXPECT_TRUE(writer->Append(Records("k", 10)).IsIOError());
  EXPECT_EQ(Count(topic), 0);
  topic.FailAppends(1, AppendFault::kPart);
  EXPECT_TRUE(writer->Append(Records("k", 10)).IsIOError());
  EXPECT_EQ(Count(topic), 5);
  topic.FailAppends(1, AppendFault::kAll);
  EXPECT_TRUE(writer->Append(Records("k", 10)).IsIOError());
  EXPECT_EQ(Count(topic), 15);
  ASSERT_OK(writer->Append(Records("k", 10)));
  EXPECT_EQ(Count(topic), 25);
}

TEST(MemoryFaults, LosesNothingByAFailedPoll) {
  MemoryTopic topic(kPartitions);
  ASSERT_OK(topic.NewWriter()->Append(Records("k", 10)));
  const auto reader = topic.NewReader();
  Start(*reader);
  topic.FailPolls(2);
  EXPECT_TRUE(reader->Poll(10, kPatience).status().IsIOError());
  EXPECT_TRUE(reader->Poll(10, kPatience).status().IsIOError());
  EXPECT_EQ(ReadSome(*reader, 10).front().offset, Offset(0));
}

TEST(MemoryFaults, LeavesHolesInTheOffsets) {
  MemoryTopic topic(1);
  const auto writer = topic.NewWriter();
  const auto reader = topic.NewReader();
  Start(*reader);
  ASSERT_OK(writer->Append(Records("k", 3)));
  topic.SkipOffsets(Partition(0), 5);
  ASSERT_OK(writer->Append(Records("k", 1)));
  topic.RemoveRecord(Partition(0), Offset(1));
  std::vector<Offset> offsets;
  for (const Read& read : ReadSome(*reader, 3)) offsets.push_back(read.offset);
  EXPECT_THAT(offsets, ::testing::ElementsAre(Offset(0), Offset(2), Offset(8)));
  EXPECT_EQ(Get(reader->Ranges()).at(Partition(0)).high, Offset(9));
}

TEST(MemoryFaults, DeliversAgainAfterASeekBack) {
  MemoryTopic topic(1);
  ASSERT_OK(topic.NewWriter()->Append(Records("k", 5)));
  const auto reader = topic.NewReader();
  Start(*reader);
  EXPECT_EQ(ReadSome(*reader, 5).size(), 5U);
  ASSERT_OK(reader->Seek({{Partition(0), Offset(2)}}));
  EXPECT_EQ(ReadSome(*reader, 3).front().offset, Offset(2));
}

TEST(MemoryTopic, LivesAsLongAsItsReadersAndWriters) {
  auto topic = std::make_unique<MemoryTopic>(1);
  const auto writer = topic->NewWriter();
  const auto reader = topic->NewReader();
  topic.reset();
  Start(*reader);
  ASSERT_OK(writer->Append(Records("k", 1)));
  EXPECT_EQ(ReadSome(*reader, 1).size(), 1U);
}

}  // namespace
}  // namespace pregao::topic::test
