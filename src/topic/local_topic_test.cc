#include "topic/local_topic.h"

#include <gtest/gtest.h>

#include "topic/local_test_file.h"
#include "topic/sqlite.h"

#include "test/topic_conformance.h"

namespace pregao::topic::test {
namespace {

class LocalHarness {
 public:
  static constexpr std::uint32_t kModelRuns = 8;
  std::unique_ptr<TopicWriter> Writer() { return Get(OpenLocalWriter(file_.options())); }
  std::unique_ptr<TopicReader> Reader(const std::string& group) {
    return Get(OpenLocalReader(file_.options(), {.group = group}));
  }
  void DropSome(std::mt19937& random) {
    LocalTopicOptions options = file_.options();
    options.retention_bytes = 1000 + random() % 50'000;
    (void)Get(ApplyRetention(options));
  }
  void Recreate() {
    ASSERT_OK(DeleteLocalTopic(file_.options()));
    (void)Writer();
  }

 private:
  LocalTestFile file_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Local, TopicConformance, LocalHarness);

TEST(LocalTopic, SurvivesItsWritersAndReaders) {
  LocalTestFile file;
  std::string generation;
  for (int i = 0; i < 5; ++i) {
    const auto writer = Get(OpenLocalWriter(file.options()));
    if (generation.empty()) generation = writer->info().generation;
    EXPECT_EQ(writer->info().generation, generation);
    ASSERT_OK(writer->Append(Records("key", 10)));
  }
  const auto reader = Get(OpenLocalReader(file.Existing()));
  Start(*reader);
  const auto got = ReadSome(*reader, 50);
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i].offset, Offset(static_cast<std::int64_t>(i)));
}

TEST(LocalTopic, CreatesItsFolder) {
  LocalTestFile file;
  LocalTopicOptions options = file.options();
  options.path = (file.folder() / "data" / "deep" / "topic.db").string();
  ASSERT_OK(Get(OpenLocalWriter(options))->Append(Records("key", 1)));
  EXPECT_TRUE(std::filesystem::exists(options.path));
}

TEST(LocalTopic, KeepsSeveralTopicsApartInOneFile) {
  LocalTestFile file;
  LocalTopicOptions dead = file.options();
  dead.name = "quotes.dead-letter";
  dead.partitions = 1;
  const auto quotes = Get(OpenLocalWriter(file.options())), letters = Get(OpenLocalWriter(dead));
  ASSERT_OK(quotes->Append({{Record("a", "quote")}}));
  ASSERT_OK(letters->Append({{Record("a", "letter")}}));
  EXPECT_NE(quotes->info().generation, letters->info().generation);
  EXPECT_EQ(Get(ListLocalTopics(file.path())), (std::vector<std::string>{"quotes", "quotes.dead-letter"}));
  const auto reader = Get(OpenLocalReader(dead));
  EXPECT_EQ(reader->info().partitions, 1);
  Start(*reader);
  EXPECT_EQ(ReadSome(*reader, 1).at(0).record.value, "letter");
  EXPECT_TRUE(Get(reader->Poll(1, kMoment)).records.empty());
  ASSERT_OK(DeleteLocalTopic(dead));
  EXPECT_EQ(Get(ListLocalTopics(file.path())), std::vector<std::string>{"quotes"});
  ASSERT_OK(quotes->Append({{Record("a", "goes on")}}));
}

TEST(LocalTopic, KeepsThePartitionsItWasCreatedWith) {
  LocalTestFile file;
  (void)Get(OpenLocalWriter(file.options()));
  LocalTopicOptions more = file.options();
  more.partitions = 16;
  EXPECT_EQ(Get(OpenLocalWriter(more))->info().partitions, kPartitions);
}

TEST(LocalReader, OwnsASubsetWhenAskedTo) {
  LocalTestFile file;
  std::vector<NewRecord> records;
  for (int i = 0; i < 60; ++i) records.push_back(Record("key" + std::to_string(i), "v"));
  ASSERT_OK(Get(OpenLocalWriter(file.options()))->Append(records));
  const std::vector<Partition> mine = {Partition(2), Partition(0)};
  const auto reader = Get(OpenLocalReader(file.options(), {.partitions = mine}));
  const Polled first = Get(reader->Poll(1, kPatience));
  EXPECT_THAT(first.assigned.value(), ::testing::UnorderedElementsAreArray(mine));
  EXPECT_TRUE(reader->Seek({{Partition(1), Offset(0)}}).IsInvalid());
  ASSERT_OK(reader->Seek({{Partition(0), Offset(0)}, {Partition(2), Offset(0)}}));
  const auto ranges = Get(reader->Ranges());
  EXPECT_EQ(ranges.size(), static_cast<std::size_t>(kPartitions)) << "of all partitions, owned or not";
  const std::int64_t others = ranges.at(Partition(1)).high - Offset(0);
  for (const Read& read : ReadSome(*reader, static_cast<std::size_t>(60 - others))) {
    EXPECT_NE(read.partition, Partition(1));
  }
  EXPECT_TRUE(Get(reader->Poll(10, kMoment)).records.empty());
  EXPECT_TRUE(
      OpenLocalReader(file.options(), {.partitions = std::vector{Partition(kPartitions)}}).status().IsInvalid());
}

TEST(LocalReader, SharesItsCommitsForToolsThatShowLag) {
  LocalTestFile file;
  const auto writer = Get(OpenLocalWriter(file.options()));
  ASSERT_OK(writer->Append(Records("key", 10)));
  const auto reader = Get(OpenLocalReader(file.options(), {.group = "silver"}));
  Start(*reader);
  EXPECT_TRUE(Get(LocalGroupPositions(file.options(), "silver")).empty());
  ASSERT_OK(reader->Commit({{Partition(0), Offset(4)}}));
  ASSERT_OK(reader->Commit({{Partition(0), Offset(9)}, {Partition(2), Offset(1)}}));
  EXPECT_EQ(Get(LocalGroupPositions(file.options(), "silver")),
            (Positions{{Partition(0), Offset(9)}, {Partition(2), Offset(1)}}));
  EXPECT_TRUE(Get(LocalGroupPositions(file.options(), "other")).empty());
  EXPECT_TRUE(reader->Commit({{Partition(7), Offset(1)}}).IsInvalid());
}

TEST(LocalReader, MayComeBeforeTheFirstWriterOnlyIfItMayCreate) {
  LocalTestFile file;
  EXPECT_TRUE(OpenLocalReader(file.Existing()).status().IsKeyError());
  EXPECT_FALSE(std::filesystem::exists(file.path())) << "asking leaves nothing behind";
  const auto reader = Get(OpenLocalReader(file.options()));
  Start(*reader);
  ASSERT_OK(Get(OpenLocalWriter(file.options()))->Append(Records("key", 3)));
  EXPECT_EQ(ReadSome(*reader, 3).size(), 3U);
}

TEST(LocalWriter, ShrinksTheWriteAheadLogOnceTheReaderThatHeldItIsGone) {
  LocalTestFile file;
  const auto writer = Get(OpenLocalWriter(file.options()));
  auto held = sqlite::Database::Open(file.path(), sqlite::Database::Mode::kExisting, std::chrono::seconds(1));
  ASSERT_OK(held.status());
  ASSERT_OK(held->Exec("BEGIN; SELECT count(*) FROM topic"));
  const std::vector<NewRecord> batch(8, Record("key", std::string(1 << 20, 'x')));
  const auto wal = [&] { return std::filesystem::file_size(file.path() + "-wal") >> 20; };
  for (int i = 0; i < 10; ++i) ASSERT_OK(writer->Append(batch));
  EXPECT_GE(wal(), 80U) << "nothing can be reused while the snapshot is held, and appends go on";
  ASSERT_OK(held->Exec("COMMIT"));
  for (int i = 0; i < 3; ++i) ASSERT_OK(writer->Append(batch));
  EXPECT_LE(wal(), 64U);
}

class LocalRetention : public ::testing::Test {
 protected:
  LocalRetention() {
    options_ = file_.options();
    options_.partitions = 1;
    options_.clock = &clock_;
  }
  OffsetRange Range() { return Get(Get(OpenLocalReader(options_))->Ranges()).at(Partition(0)); }

  LocalTestFile file_;
  ManualClock clock_{TimestampMs(1'700'000'000'000)};
  LocalTopicOptions options_;
};

TEST_F(LocalRetention, RemovesWhatIsOlderThanItsAge) {
  const auto writer = Get(OpenLocalWriter(options_));
  for (int hour = 0; hour < 10; ++hour) {
    ASSERT_OK(writer->Append(Records("key", 10)));
    clock_.Advance(std::chrono::hours(1));
  }
  options_.retention_age = std::chrono::hours(4);
  EXPECT_EQ(Get(ApplyRetention(options_)), 60) << "appended 10 to 5 hours ago; what is 4 hours old is not older";
  EXPECT_EQ(Range().low, Offset(60));
  EXPECT_EQ(Range().high, Offset(100));
  EXPECT_EQ(Get(ApplyRetention(options_)), 0);
}

TEST_F(LocalRetention, CountsTheAgeFromTheAppendNotFromTheRecordsTime) {
  const auto writer = Get(OpenLocalWriter(options_));
  ASSERT_OK(writer->Append({{{"key", "replayed", TimestampMs(1), {}}}}));
  options_.retention_age = std::chrono::hours(1);
  EXPECT_EQ(Get(ApplyRetention(options_)), 0);
}

TEST_F(LocalRetention, RemovesTheOldestUntilTheTopicFits) {
  const auto writer = Get(OpenLocalWriter(options_));
  for (int i = 0; i < 100; ++i) ASSERT_OK(writer->Append({{Record("key", Noise(10'000, i))}}));
  options_.retention_bytes = 300'000;
  EXPECT_EQ(Get(ApplyRetention(options_)), 71) << "29 records of a little more than 10,000 bytes fit";
  EXPECT_EQ(Range().low, Offset(71));
}

TEST_F(LocalRetention, MayRemoveEverythingAndOffsetsGoOn) {
  ASSERT_OK(Get(OpenLocalWriter(options_))->Append(Records("key", 100)));
  options_.retention_bytes = 0;
  EXPECT_EQ(Get(ApplyRetention(options_)), 100);
  EXPECT_EQ(Range().low, Offset(100));
  EXPECT_EQ(Range().high, Offset(100));
  options_.retention_bytes.reset();
  ASSERT_OK(Get(OpenLocalWriter(options_))->Append(Records("key", 1)));
  EXPECT_EQ(Range().high, Offset(101));
}

TEST_F(LocalRetention, RemovesTheOldestOfAllPartitions) {
  options_.partitions = 2;
  const auto writer = Get(OpenLocalWriter(options_));
  Partitioner partitioner(2);
  std::map<Partition, std::string> key;  // one of each partition
  for (int i = 0; key.size() < 2; ++i)
    key.try_emplace(partitioner.Of("k" + std::to_string(i)), "k" + std::to_string(i));
  ASSERT_OK(writer->Append({{Record(key[Partition(1)], Noise(1000, 1))}}));
  clock_.Advance(std::chrono::seconds(1));
  ASSERT_OK(writer->Append({{Record(key[Partition(0)], Noise(1000, 2))}}));
  options_.retention_bytes = 1500;
  EXPECT_EQ(Get(ApplyRetention(options_)), 1);
  const auto ranges = Get(Get(OpenLocalReader(options_))->Ranges());
  EXPECT_EQ(ranges.at(Partition(0)).low, Offset(0));
  EXPECT_EQ(ranges.at(Partition(1)).low, Offset(1));
}

TEST_F(LocalRetention, IsAppliedByTheWriterAsItGoes) {
  options_.retention_age = std::chrono::hours(1);
  const auto writer = Get(OpenLocalWriter(options_));
  ASSERT_OK(writer->Append(Records("key", 100)));
  clock_.Advance(std::chrono::hours(2));
  ASSERT_OK(writer->Append(Records("key", 1)));
  EXPECT_EQ(Range().low, Offset(100));
}

TEST_F(LocalRetention, KeepsTheFileFromGrowing) {
  options_.retention_bytes = 4 << 20;
  const auto writer = Get(OpenLocalWriter(options_));
  for (int i = 0; i < 100; ++i) ASSERT_OK(writer->Append({{Record("key", Noise(1 << 20, i))}}));
  EXPECT_LT(std::filesystem::file_size(options_.path), 60U << 20) << "100 MiB went through";
  EXPECT_LE(Range().high - Range().low, 25);
}

}  // namespace
}  // namespace pregao::topic::test
