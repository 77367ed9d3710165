#pragma once
/// What every topic must do, run by each implementation's own test:
///
///   INSTANTIATE_TYPED_TEST_SUITE_P(Local, TopicConformance, LocalHarness);
///
/// A harness is default-constructible, makes a topic of kPartitions partitions and has
///   std::unique_ptr<TopicWriter> Writer();
///   std::unique_ptr<TopicReader> Reader(const std::string& group);
///   void DropSome(std::mt19937& random);  // retention: removes some of the oldest records, or none
///   void Recreate();                      // deletes the topic and creates it anew
///   static constexpr std::uint32_t kModelRuns;  // random runs of 150 steps
/// and, if its writers go on with whatever topic has the name, `static constexpr bool kWriterFollowsTheName = true;`
/// and, if its readers may hold records that retention removed since, until a Seek, `static … kReadsAhead = true;`
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <vector>

#include "topic/partitioner.h"
#include "topic/rules.h"

#include "test/topic_tools.h"

namespace pregao::topic::test {

template <class Harness>
class TopicConformance : public ::testing::Test {
 protected:
  /// A reader that has its assignment and stands at the lowest offset of every partition.
  std::unique_ptr<TopicReader> Started(const std::string& group = "conformance") {
    auto reader = harness_.Reader(group);
    Start(*reader);
    return reader;
  }

  Harness harness_;
};

TYPED_TEST_SUITE_P(TopicConformance);

TYPED_TEST_P(TopicConformance, TellsItsNameGenerationAndPartitions) {
  const auto writer = this->harness_.Writer();
  const auto reader = this->harness_.Reader("g");
  EXPECT_FALSE(writer->info().name.empty());
  EXPECT_FALSE(writer->info().generation.empty());
  EXPECT_EQ(writer->info().partitions, kPartitions);
  EXPECT_EQ(reader->info().name, writer->info().name);
  EXPECT_EQ(reader->info().generation, writer->info().generation);
  EXPECT_EQ(reader->info().partitions, kPartitions);
}

TYPED_TEST_P(TopicConformance, AnnouncesAllPartitionsFirstAndAlone) {
  ASSERT_OK(this->harness_.Writer()->Append(Records("k", 10)));
  const auto reader = this->harness_.Reader("g");
  const Polled first = Get(reader->Poll(100, kPatience));
  ASSERT_TRUE(first.assigned);
  EXPECT_THAT(*first.assigned, ::testing::UnorderedElementsAreArray(AllPartitions()));
  EXPECT_TRUE(first.records.empty());
}

TYPED_TEST_P(TopicConformance, DeliversAPartitionOnlyAfterSeek) {
  std::vector<NewRecord> records;
  for (int i = 0; i < 40; ++i) records.push_back(Record("key" + std::to_string(i), "v"));
  ASSERT_OK(this->harness_.Writer()->Append(records));
  const auto reader = this->harness_.Reader("g");
  (void)Get(reader->Poll(100, kPatience));
  EXPECT_TRUE(Get(reader->Poll(100, kMoment)).records.empty());

  ASSERT_OK(reader->Seek({{Partition(1), Offset(0)}}));
  const auto range = Get(reader->Ranges()).at(Partition(1));
  const auto got = ReadSome(*reader, static_cast<std::size_t>(range.high - range.low));
  for (const Read& read : got) EXPECT_EQ(read.partition, Partition(1));
  EXPECT_TRUE(Get(reader->Poll(100, kMoment)).records.empty());
}

TYPED_TEST_P(TopicConformance, GivesBackRecordsOfEveryShape) {
  const std::string binary("\0\xff\n\"\xc3", 5);
  const std::vector<NewRecord> records = {
      {"PETR4.SA", "{\"price\":1}", TimestampMs(1'739'577'599'123), {}},
      {"tombstone", std::nullopt, TimestampMs(1), {}},
      {"empty value", "", TimestampMs(2), {}},
      {std::nullopt, "no key", TimestampMs(3), {}},
      {"", "empty key", TimestampMs(7), {}},
      {std::nullopt, std::nullopt, TimestampMs(4), {}},
      {binary, binary, TimestampMs(5), {{"reason", "bad_price"}, {"reason", "twice"}, {"bin", binary}}},
      {std::nullopt, "only headers beside", TimestampMs(6), {{"empty", ""}}},
      {std::string(10'000, 'k'), std::string(100'000, 'v'), TimestampMs(4'102'444'800'000), {}},
  };
  ASSERT_OK(this->harness_.Writer()->Append(records));
  const auto reader = this->Started();
  auto got = ReadSome(*reader, records.size());
  ASSERT_EQ(got.size(), records.size());
  // Partitions come in any order, and keyless records may lie in any of them: compare as sets.
  std::vector<NewRecord> contents;
  for (const Read& read : got) contents.push_back(read.record);
  EXPECT_THAT(contents, ::testing::UnorderedElementsAreArray(records));
}

TYPED_TEST_P(TopicConformance, KeepsAKeyInOnePartitionAndInOrder) {
  const auto writer = this->harness_.Writer();
  const int keys = 50, rounds = 20;
  for (int round = 0; round < rounds; ++round) {
    std::vector<NewRecord> records;
    for (int k = 0; k < keys; ++k) records.push_back(Record("T" + std::to_string(k), std::to_string(round)));
    ASSERT_OK(writer->Append(records));
  }
  const auto reader = this->Started();
  Partitioner partitioner(kPartitions);
  std::map<std::string, int> next;
  for (const Read& read : ReadSome(*reader, keys * rounds)) {
    EXPECT_EQ(read.partition, partitioner.Of(read.record.key));
    EXPECT_EQ(*read.record.value, std::to_string(next[*read.record.key]++));
  }
  EXPECT_EQ(next.size(), static_cast<std::size_t>(keys));
}

TYPED_TEST_P(TopicConformance, NumbersTheRecordsOfAPartitionFromZeroWithoutHoles) {
  const auto writer = this->harness_.Writer();
  for (const int count : {1, 500, 3, 2000}) ASSERT_OK(writer->Append(Records("key", count)));
  const auto reader = this->Started();
  std::map<Partition, Offset> next;
  for (const Read& read : ReadSome(*reader, 2504)) {
    EXPECT_EQ(read.offset, next[read.partition]);
    next[read.partition] = read.offset + 1;
  }
  for (const auto& [partition, range] : Get(reader->Ranges())) {
    EXPECT_EQ(range.low, Offset(0));
    EXPECT_EQ(range.high, next[partition]) << partition;
  }
  EXPECT_EQ(EndsMet(*reader), next);
}

TYPED_TEST_P(TopicConformance, TakesAnEmptyAppend) {
  ASSERT_OK(this->harness_.Writer()->Append({}));
  const auto reader = this->Started();
  for (const auto& [partition, range] : Get(reader->Ranges())) EXPECT_EQ(range.high, Offset(0)) << partition;
}

TYPED_TEST_P(TopicConformance, ReadsNoMoreRecordsThanAsked) {
  ASSERT_OK(this->harness_.Writer()->Append(Records("key", 1000)));
  const auto reader = this->Started();
  std::size_t total = 0;
  for (const std::size_t most : {1U, 1U, 7U, 100U}) {
    const RecordBatch batch = Get(reader->Poll(most, kPatience)).records;
    EXPECT_GE(batch.size(), 1U);
    EXPECT_LE(batch.size(), most);
    total += batch.size();
  }
  EXPECT_EQ(ReadSome(*reader, 1000 - total).size(), 1000 - total);
  EXPECT_TRUE(Get(reader->Poll(10, kMoment)).records.empty());
}

TYPED_TEST_P(TopicConformance, EndsAPollOfLargeValuesEarly) {
  std::vector<NewRecord> records;
  for (int i = 0; i < 40; ++i) records.push_back(Record("key" + std::to_string(i), Noise(1 << 20, i)));
  ASSERT_OK(this->harness_.Writer()->Append(records));
  const auto reader = this->Started();
  std::size_t seen = 0;
  while (seen < records.size()) {
    const RecordBatch batch = Get(reader->Poll(1000, kPatience)).records;
    ASSERT_FALSE(batch.empty());
    EXPECT_LE(batch.bytes(), kMaxPollBytes + (2U << 20));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const int number = std::stoi(std::string(batch.Key(i)->substr(3)));
      EXPECT_TRUE(batch.Value(i) == Noise(1 << 20, number)) << number;
    }
    seen += batch.size();
  }
}

TYPED_TEST_P(TopicConformance, LetsAParserReadPastEveryValue) {
  ASSERT_OK(this->harness_.Writer()->Append(Records("key", 300)));
  const auto reader = this->Started();
  const RecordBatch batch = Get(reader->Poll(1000, kPatience)).records;
  ASSERT_FALSE(batch.empty());
  unsigned sum = 0;  // an address sanitizer judges the reads
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const std::string_view value = *batch.Value(i);
    for (std::size_t p = 0; p < RecordBatch::kPadding; ++p) {
      sum += static_cast<unsigned char>(*(value.data() + value.size() + p));
    }
  }
  EXPECT_EQ(*(batch.Value(batch.size() - 1)->end()), '\0') << sum;
}

TYPED_TEST_P(TopicConformance, SeeksBackAndForward) {
  ASSERT_OK(this->harness_.Writer()->Append(Records("one key", 3000)));
  const auto reader = this->Started();
  const Partition partition = ReadSome(*reader, 3000).front().partition;
  for (const std::int64_t offset : {0, 2999, 1234, 1233, 1, 1500}) {
    ASSERT_OK(reader->Seek({{partition, Offset(offset)}}));
    const Polled polled = Get(reader->Poll(5, kPatience));
    const RecordBatch& batch = polled.records;
    ASSERT_FALSE(batch.empty());
    EXPECT_TRUE(!polled.ended.contains(partition) || polled.ended.at(partition) == Offset(3000)) << offset;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      EXPECT_EQ(batch[i].offset, Offset(offset + static_cast<std::int64_t>(i)));
      EXPECT_EQ(batch.Value(i), std::to_string(batch[i].offset.value));
    }
  }
}

TYPED_TEST_P(TopicConformance, ReadsOnlyWhatIsNewAfterASeekToTheEnd) {
  const auto writer = this->harness_.Writer();
  ASSERT_OK(writer->Append(Records("key", 100)));
  const auto reader = this->harness_.Reader("g");
  (void)Get(reader->Poll(1, kPatience));
  Positions end;
  for (const auto& [partition, range] : Get(reader->Ranges())) end[partition] = range.high;
  ASSERT_OK(reader->Seek(end));
  EXPECT_TRUE(Get(reader->Poll(100, kMoment)).records.empty());
  ASSERT_OK(writer->Append({{Record("key", "new")}}));
  const auto got = ReadSome(*reader, 1);
  EXPECT_EQ(got.at(0).record.value, "new");
  EXPECT_EQ(got.at(0).offset, end[got.at(0).partition]);
}

TYPED_TEST_P(TopicConformance, RefusesToSeekWhereNothingCanBeRead) {
  ASSERT_OK(this->harness_.Writer()->Append(Records("key", 10)));
  const auto reader = this->Started();
  const auto high = Get(reader->Ranges()).at(Partition(0)).high;
  EXPECT_TRUE(reader->Seek({{Partition(kPartitions), Offset(0)}}).IsInvalid());
  EXPECT_TRUE(reader->Seek({{Partition(-1), Offset(0)}}).IsInvalid());
  EXPECT_TRUE(reader->Seek({{Partition(0), Offset(-1)}}).IsInvalid());
  const Status past = reader->Seek({{Partition(0), high + 1}});
  EXPECT_TRUE(past.IsInvalid());
  EXPECT_THAT(past.message(), ::testing::HasSubstr("lost records"));
  EXPECT_EQ(ReadSome(*reader, 10).size(), 10U) << "a refused Seek moves nothing";
}

TYPED_TEST_P(TopicConformance, RefusesToSeekBeforeTheAssignmentIsKnown) {
  EXPECT_TRUE(this->harness_.Reader("g")->Seek({{Partition(0), Offset(0)}}).IsInvalid());
}

TYPED_TEST_P(TopicConformance, ServesEachGroupIndependently) {
  ASSERT_OK(this->harness_.Writer()->Append(Records("key", 100)));
  const auto one = this->Started("one"), other = this->Started("other");
  EXPECT_EQ(ReadSome(*one, 100).size(), 100U);
  EXPECT_EQ(ReadSome(*other, 100).size(), 100U);
}

TYPED_TEST_P(TopicConformance, ReadsNothingBackFromACommit) {
  ASSERT_OK(this->harness_.Writer()->Append(Records("key", 100)));
  {
    const auto reader = this->Started("g");
    Positions end;
    for (const auto& [partition, range] : Get(reader->Ranges())) end[partition] = range.high;
    ASSERT_OK(reader->Commit(end));
    EXPECT_EQ(ReadSome(*reader, 100).size(), 100U);
  }
  EXPECT_EQ(ReadSome(*this->Started("g"), 100).size(), 100U);
}

TYPED_TEST_P(TopicConformance, AnswersEmptyWhenTheTimeIsUp) {
  const auto reader = this->Started();
  const Polled polled = Get(reader->Poll(10, std::chrono::milliseconds(0)));
  EXPECT_TRUE(polled.records.empty());
  EXPECT_FALSE(polled.assigned);
  EXPECT_TRUE(Get(reader->Poll(10, kMoment)).records.empty());
}

TYPED_TEST_P(TopicConformance, StopsWaitingWhenAskedTo) {
  const auto reader = this->Started();
  for (int i = 0; i < 20; ++i) {  // the request comes before, while or after Poll begins to wait
    std::stop_source stop;
    std::jthread stopper([&] { stop.request_stop(); });
    EXPECT_TRUE(Get(reader->Poll(10, std::chrono::hours(1), stop.get_token())).records.empty());
  }
}

TYPED_TEST_P(TopicConformance, WakesForRecordsOfAnotherThread) {
  const auto reader = this->Started();
  const auto writer = this->harness_.Writer();
  std::jthread appender([&] {
    for (int i = 0; i < 20; ++i) ASSERT_OK(writer->Append({{Record("key", std::to_string(i))}}));
  });
  const auto got = ReadSome(*reader, 20);
  ASSERT_EQ(got.size(), 20U);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)].record.value, std::to_string(i));
}

TYPED_TEST_P(TopicConformance, TakesRecordsOfSeveralWritersAtOnce) {
  const int writers = 4, appends = 50, batch = 7;
  {
    const auto shared = this->harness_.Writer();
    std::vector<std::jthread> threads;  // joined before `shared` goes
    for (int w = 0; w < writers; ++w) {
      threads.emplace_back([&, w] {
        const auto own = w % 2 == 0 ? this->harness_.Writer() : nullptr;  // two share one, two have their own
        for (int a = 0; a < appends; ++a) {
          std::vector<NewRecord> records;
          for (int b = 0; b < batch; ++b)
            records.push_back(Record("w" + std::to_string(w), std::to_string(a * batch + b)));
          ASSERT_OK((own ? own : shared)->Append(records));
        }
      });
    }
  }
  const auto reader = this->Started();
  std::map<std::string, int> next;
  std::map<Partition, Offset> offsets;
  for (const Read& read : ReadSome(*reader, writers * appends * batch)) {
    EXPECT_EQ(*read.record.value, std::to_string(next[*read.record.key]++));
    EXPECT_EQ(read.offset, offsets[read.partition]);
    offsets[read.partition] = read.offset + 1;
  }
  EXPECT_EQ(next.size(), static_cast<std::size_t>(writers));
}

TYPED_TEST_P(TopicConformance, LetsNoPartitionWaitForAnothersBacklog) {
  std::vector<NewRecord> records = Records("the busy key", 10'000);
  for (int i = 0; i < 100; ++i) records.push_back(Record("key" + std::to_string(i), "v"));
  ASSERT_OK(this->harness_.Writer()->Append(records));
  const auto reader = this->Started();
  if constexpr (requires { TypeParam::kReadsAhead; }) (void)Get(reader->Poll(0, std::chrono::seconds(2)));
  std::set<Partition> seen;
  for (int polls = 0; polls < kPartitions; ++polls) {
    const RecordBatch batch = Get(reader->Poll(100, kPatience)).records;
    for (std::size_t i = 0; i < batch.size(); ++i) seen.insert(batch[i].partition);
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kPartitions));
}

TYPED_TEST_P(TopicConformance, RefusesARecordThatIsTooLarge) {
  const auto writer = this->harness_.Writer();
  const Status status = writer->Append({{Record("small", "v"), Record("huge", std::string(kMaxRecordBytes, 'x'))}});
  EXPECT_TRUE(status.IsInvalid());
  EXPECT_THAT(status.message(), ::testing::HasSubstr("'huge'"));
  for (const auto& [partition, range] : Get(this->Started()->Ranges())) EXPECT_EQ(range.high, Offset(0)) << partition;
}

TYPED_TEST_P(TopicConformance, NeverUsesAnOffsetAgainAndGoesOnBehindTheGapThatRetentionLeft) {
  std::mt19937 random(7);
  const auto writer = this->harness_.Writer();
  const auto behind = this->Started("behind");
  for (int i = 0; i < 20; ++i) ASSERT_OK(writer->Append(Records("one key", 100)));
  const Partition partition = Get(behind->Poll(1, kPatience)).records[0].partition;
  OffsetRange range;
  for (int tries = 0; tries < 100 && range.low < Offset(1000); ++tries) {
    this->harness_.DropSome(random);
    range = Get(behind->Ranges()).at(partition);
    EXPECT_EQ(range.high, Offset(2000));
  }
  ASSERT_GE(range.low, Offset(1000));
  if constexpr (requires { TypeParam::kReadsAhead; }) ASSERT_OK(behind->Seek({{partition, Offset(1)}}));
  ASSERT_OK(this->harness_.Writer()->Append({{Record("one key", "after")}}));
  std::map<Partition, OffsetRange> lost;
  const auto got = ReadSome(*behind, static_cast<std::size_t>(Offset(2001) - range.low), &lost);
  EXPECT_EQ(std::pair(lost[partition].low, lost[partition].high), std::pair(Offset(1), range.low)) << "a loss is said";
  EXPECT_EQ(got.front().offset, range.low);
  EXPECT_EQ(got.back().record.value, "after");
}

TYPED_TEST_P(TopicConformance, RefusesToGoOnWhenTheTopicWasCreatedAnew) {
  const auto writer = this->harness_.Writer();
  ASSERT_OK(writer->Append(Records("key", 10)));
  auto reader = this->Started();
  EXPECT_EQ(ReadSome(*reader, 10).size(), 10U);
  this->harness_.Recreate();
  if constexpr (!requires { TypeParam::kWriterFollowsTheName; }) {
    const Status append = writer->Append(Records("key", 1));
    EXPECT_TRUE(append.IsInvalid()) << append;
    EXPECT_THAT(append.message(), ::testing::HasSubstr("created anew"));
  }
  const Status poll = reader->Poll(10, kPatience).status();
  EXPECT_TRUE(poll.IsInvalid()) << poll;
  EXPECT_THAT(poll.message(), ::testing::HasSubstr(writer->info().generation));
  EXPECT_TRUE(reader->Seek({{Partition(0), Offset(0)}}).IsInvalid());
  EXPECT_TRUE(reader->Ranges().status().IsInvalid());
  reader.reset();  // a group waits for its members
  const auto fresh = this->harness_.Writer();
  EXPECT_NE(fresh->info().generation, writer->info().generation);
  ASSERT_OK(fresh->Append({{Record("key", "new")}}));
  const auto got = ReadSome(*this->Started(), 1);
  EXPECT_EQ(got.at(0).offset, Offset(0));
  EXPECT_EQ(got.at(0).record.value, "new");
}

TYPED_TEST_P(TopicConformance, AgreesWithAModelInRandomRuns) {
  for (std::uint32_t seed = 1; seed <= TypeParam::kModelRuns; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    TypeParam harness;
    TopicModel<TypeParam>(&harness, seed).Run(150);
    if (this->HasFailure()) return;
  }
}

REGISTER_TYPED_TEST_SUITE_P(TopicConformance, TellsItsNameGenerationAndPartitions, AnnouncesAllPartitionsFirstAndAlone,
                            DeliversAPartitionOnlyAfterSeek, GivesBackRecordsOfEveryShape,
                            KeepsAKeyInOnePartitionAndInOrder, NumbersTheRecordsOfAPartitionFromZeroWithoutHoles,
                            TakesAnEmptyAppend, ReadsNoMoreRecordsThanAsked, EndsAPollOfLargeValuesEarly,
                            LetsAParserReadPastEveryValue, SeeksBackAndForward, ReadsOnlyWhatIsNewAfterASeekToTheEnd,
                            RefusesToSeekWhereNothingCanBeRead, RefusesToSeekBeforeTheAssignmentIsKnown,
                            ServesEachGroupIndependently, ReadsNothingBackFromACommit, AnswersEmptyWhenTheTimeIsUp,
                            StopsWaitingWhenAskedTo, WakesForRecordsOfAnotherThread, TakesRecordsOfSeveralWritersAtOnce,
                            LetsNoPartitionWaitForAnothersBacklog, RefusesARecordThatIsTooLarge,
                            NeverUsesAnOffsetAgainAndGoesOnBehindTheGapThatRetentionLeft,
                            RefusesToGoOnWhenTheTopicWasCreatedAnew, AgreesWithAModelInRandomRuns);

}  // namespace pregao::topic::test
