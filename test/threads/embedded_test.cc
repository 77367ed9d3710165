/// The engine with its threads: the memory topic in, tables in memory out.
#include "engine/embedded.h"

#include <atomic>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "lake/upkeep.h"
#include "topic/awaited_reader.h"

#include "test/engine_testing.h"
#include "test/wait_testing.h"

namespace pregao::engine {
namespace {

using testing::IsEmpty;

class Embedded : public testing::Test {
 protected:
  static EngineOptions Quick() {
    EngineOptions options;
    options.commit_interval = std::chrono::milliseconds(5);
    options.poll_records = 50;
    options.retry_min = std::chrono::milliseconds(1);
    options.retry_max = std::chrono::milliseconds(20);
    return options;
  }
  Status RunToEnd(std::shared_ptr<lake::ObjectStore> store, EngineOptions options = Quick()) {
    options.until_end = true;
    const auto reader = topic_.NewReader("once");
    const auto sink = NewSink(std::move(store), &clock_);
    EmbeddedEngine engine(reader.get(), sink.get(), &clock_, options);
    const auto status = engine.Run({});
    stats_ = engine.stats();
    return status;
  }
  void Append(int from, int to) {
    std::vector<topic::NewRecord> records;
    for (int i = from; i < to; ++i) {
      records.push_back(Message(std::string(1, static_cast<char>('A' + i % 7)), kT0 + (i / 3) * 1000, i % 5));
      if (i % 50 == 0) records.push_back({"X", "{", TimestampMs(kT0), {}});
    }
    ASSERT_TRUE(topic_.NewWriter()->Append(records).ok());
  }

  SystemClock clock_;
  topic::MemoryTopic topic_{4};
  std::shared_ptr<lake::MemoryStore> store_ = std::make_shared<lake::MemoryStore>();
  EngineStats stats_;
};

TEST_F(Embedded, UntilEndWritesEverythingAndStops) {
  Append(0, 5000);
  ASSERT_TRUE(RunToEnd(store_).ok());
  EXPECT_THAT(Wrong(&topic_, store_), IsEmpty());
  EXPECT_EQ(stats_.consumed, 5100);
  EXPECT_EQ(stats_.rows + stats_.duplicates + stats_.rejected(), 5100);
  EXPECT_EQ(stats_.rejects[static_cast<std::size_t>(medallion::Reject::kMalformed)], 100);
}

TEST_F(Embedded, UntilEndOfAnEmptyTopicAndOfOneThatIsDoneStops) {
  ASSERT_TRUE(RunToEnd(store_).ok());
  Append(0, 10);
  ASSERT_TRUE(RunToEnd(store_).ok());
  ASSERT_TRUE(RunToEnd(store_).ok());
  EXPECT_EQ(stats_.consumed, 0);
}

TEST_F(Embedded, GoesOnThroughFaultsOfTheStore) {
  Append(0, 3000);
  const auto faulty = std::make_shared<lake::FaultyStore>(store_);
  faulty->FailAtRandom(7, 0.02);
  auto options = Quick();
  options.max_retries = 1000;
  options.max_rows = 300;
  ASSERT_TRUE(RunToEnd(faulty, options).ok());
  EXPECT_THAT(Wrong(&topic_, store_), IsEmpty());
}

TEST_F(Embedded, GivesUpAfterTheRetriesWithTheStoresWords) {
  Append(0, 10);
  const auto faulty = std::make_shared<lake::FaultyStore>(store_);
  faulty->FailAtRandom(7, 1);
  auto options = Quick();
  options.max_retries = 2;
  const Status status = RunToEnd(faulty, options);
  EXPECT_TRUE(status.IsIOError()) << status.ToString();
  EXPECT_THAT(status.message(), testing::HasSubstr("3 attempts"));
}

/// A topic that is away when the engine is started, for longer than any retries would last.
TEST_F(Embedded, WaitsForATopicThatIsAwayAndSaysWhy) {
  Append(0, 100);
  std::atomic<int> attempts = 0;
  std::atomic<bool> away = true;
  topic::AwaitedReader reader("quotes", [&]() -> Result<std::unique_ptr<topic::TopicReader>> {
    ++attempts;
    if (away) return Status::IOError("no broker answers");
    return topic_.NewReader();
  });
  const auto sink = NewSink(store_, &clock_);
  auto options = Quick();
  options.max_retries = 2;
  options.retry_max = std::chrono::milliseconds(2);
  EmbeddedEngine engine(&reader, sink.get(), &clock_, options);
  std::stop_source stop;
  std::jthread thread([&] { EXPECT_TRUE(engine.Run(stop.get_token()).ok()); });
  ASSERT_TRUE(Eventually([&] { return attempts > 20; }));
  EXPECT_EQ(engine.stats().topic_problem, "no broker answers");
  EXPECT_FALSE(engine.stats().reading);
  away = false;
  ASSERT_TRUE(Eventually([&] { return engine.stats().rows + engine.stats().duplicates == 100; }));
  EXPECT_EQ(engine.stats().topic_problem, "");
  EXPECT_TRUE(engine.stats().reading);
  stop.request_stop();
  thread.join();
  EXPECT_THAT(Wrong(&topic_, store_), IsEmpty());
}

TEST_F(Embedded, UntilTheEndDoesNotWaitForATopicThatIsAway) {
  topic::AwaitedReader reader("quotes",
                              []() -> Result<std::unique_ptr<topic::TopicReader>> { return Status::IOError("away"); });
  const auto sink = NewSink(store_, &clock_);
  auto options = Quick();
  options.until_end = true;
  options.max_retries = 2;
  const Status status = EmbeddedEngine(&reader, sink.get(), &clock_, options).Run({});
  EXPECT_TRUE(status.IsIOError()) << status;
  EXPECT_THAT(status.message(), testing::HasSubstr("3 attempts"));
}

/// Two engines of a group and a rival of both, while records come and partitions move; then all stop when asked.
TEST_F(Embedded, RivalsAndRebalancesLoseAndDoubleNothing) {
  std::stop_source stop;
  std::vector<std::jthread> threads;
  for (const std::string group : {"pregao", "pregao", "rival"}) {
    threads.emplace_back([this, group, token = stop.get_token()] {
      const auto reader = topic_.NewReader(group);
      const auto sink = NewSink(store_, &clock_);
      auto options = Quick();
      options.max_fencings = 10'000;
      EmbeddedEngine engine(reader.get(), sink.get(), &clock_, options);
      const Status status = engine.Run(token);
      EXPECT_TRUE(status.ok()) << status.ToString();
    });
  }
  for (int i = 0; i < 20; ++i) {
    Append(i * 100, (i + 1) * 100);
    topic_.Rebalance(static_cast<std::uint64_t>(i));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  stop.request_stop();
  threads.clear();
  ASSERT_TRUE(RunToEnd(store_).ok());
  EXPECT_THAT(Wrong(&topic_, store_), IsEmpty());
}

/// Two engines of a group with the upkeep that `run` gives each of them.
TEST_F(Embedded, UpkeepBesideEnginesLosesAndDoublesNothing) {
  std::stop_source stop;
  std::atomic<int> looks = 0;
  int packed = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([this, token = stop.get_token()] {
      const auto reader = topic_.NewReader("pregao");
      const auto sink = NewSink(store_, &clock_);
      auto options = Quick();
      options.max_fencings = 10'000;
      EmbeddedEngine engine(reader.get(), sink.get(), &clock_, options);
      const Status status = engine.Run(token);
      EXPECT_TRUE(status.ok()) << status.ToString();
    });
    threads.emplace_back([this, &looks, token = stop.get_token()] {
      lake::UpkeepOptions options;
      options.clean_every = std::chrono::milliseconds(1);
      options.optimize.open = {2, 1};
      options.table.retry_backoff = std::chrono::milliseconds(1);
      lake::Upkeep upkeep(store_, {kBronzeRoot, kQuarantineRoot, kSilverRoot}, &clock_, options);
      while (!token.stop_requested()) {
        upkeep.Look(token);
        ++looks;
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    Append(i * 100, (i + 1) * 100);
    topic_.Rebalance(static_cast<std::uint64_t>(i));
    const int seen = looks;
    ASSERT_TRUE(Eventually([&] { return looks >= seen + 4; }));
  }
  stop.request_stop();
  threads.clear();
  ASSERT_TRUE(RunToEnd(store_).ok());
  EXPECT_THAT(Wrong(&topic_, store_), IsEmpty());
  const auto silver = lake::Table::Open(store_, kSilverRoot, &clock_).ValueOrDie();
  for (std::int64_t v = 1; v <= silver->snapshot()->version.value; ++v) {
    const auto entry = store_->Get(fmt::format("{}/_delta_log/{:020}.json", kSilverRoot, v)).ValueOrDie();
    packed += entry.find("\"OPTIMIZE\"") != std::string::npos ? 1 : 0;
  }
  EXPECT_GT(packed, 0);
}

TEST_F(Embedded, AnotherWriterThatAlwaysWinsIsReported) {
  // A sink that is fenced each time.
  class Fenced final : public Sink {
   public:
    explicit Fenced(Sink* inner) : inner_(inner) {}
    Result<Start> Begin(const topic::TopicInfo& topic, const std::vector<Partition>& partitions) override {
      return inner_->Begin(topic, partitions);
    }
    Result<Written> Write(Batch) override {
      Written written;
      written.fenced = true;
      return written;
    }

   private:
    Sink* inner_;
  };
  Append(0, 10);
  const auto reader = topic_.NewReader();
  const auto sink = NewSink(store_, &clock_);
  Fenced fenced(sink.get());
  auto options = Quick();
  options.max_fencings = 3;
  EmbeddedEngine engine(reader.get(), &fenced, &clock_, options);
  const Status status = engine.Run({});
  EXPECT_TRUE(status.IsInvalid());
  EXPECT_THAT(status.message(), testing::HasSubstr("Stop one of the two"));
  EXPECT_EQ(engine.stats().fencings, 3);
}

/// A topic whose retention removes 100 offsets after each of the first two polls that brought records.
class Overtaken final : public topic::TopicReader {
 public:
  explicit Overtaken(topic::MemoryTopic* topic) : topic_(topic), inner_(topic->NewReader()) {}
  Result<topic::Polled> Poll(std::size_t most, std::chrono::milliseconds timeout, std::stop_token stop) override {
    auto polled = inner_->Poll(most, timeout, std::move(stop));
    if (polled.ok() && !polled->records.empty() && ++polls_ <= 2) {
      const auto last = polled->records[polled->records.size() - 1];
      topic_->DropBelow(last.partition, last.offset + 101);
    }
    return polled;
  }
  Status Seek(const topic::Positions& positions) override { return inner_->Seek(positions); }
  Status Commit(const topic::Positions& positions) override { return inner_->Commit(positions); }
  Result<std::map<Partition, topic::OffsetRange>> Ranges() override { return inner_->Ranges(); }
  const topic::TopicInfo& info() const override { return inner_->info(); }

 private:
  topic::MemoryTopic* const topic_;
  const std::unique_ptr<topic::TopicReader> inner_;
  int polls_ = 0;
};

TEST_F(Embedded, WhatRetentionTakesUnderItsHandsIsCountedAndStandsInTheTablesHistory) {
  topic::MemoryTopic topic(1);
  std::vector<topic::NewRecord> records;
  for (int i = 0; i < 500; ++i) records.push_back(Message("A", kT0 + i * 1000, 1));
  ASSERT_TRUE(topic.NewWriter()->Append(records).ok());
  Overtaken reader(&topic);
  const auto sink = NewSink(store_, &clock_);
  auto options = Quick();
  options.until_end = true;
  options.commit_interval = std::chrono::hours(1);  // one commit, at the end
  EmbeddedEngine engine(&reader, sink.get(), &clock_, options);
  ASSERT_TRUE(engine.Run({}).ok());
  EXPECT_EQ(engine.stats().lost, 200);
  EXPECT_EQ(engine.stats().rows, 300);
  for (const char* root : {kBronzeRoot, kSilverRoot}) {
    const auto entry = store_->Get(fmt::format("{}/_delta_log/{:020}.json", root, 1)).ValueOrDie();
    EXPECT_THAT(entry, testing::HasSubstr(R"("lostOffsets":"0:50-149,0:200-299")"));
  }
}

TEST_F(Embedded, AskedToStopItFinishesTheBatch) {
  Append(0, 100);
  const auto reader = topic_.NewReader();
  const auto sink = NewSink(store_, &clock_);
  auto options = Quick();
  options.commit_interval = std::chrono::hours(1);  // nothing is due by itself
  EmbeddedEngine engine(reader.get(), sink.get(), &clock_, options);
  std::stop_source stop;
  std::jthread thread([&] { EXPECT_TRUE(engine.Run(stop.get_token()).ok()); });
  while (engine.stats().consumed < 102) std::this_thread::yield();
  EXPECT_EQ(engine.stats().commits, 0);
  stop.request_stop();
  thread.join();
  EXPECT_EQ(engine.stats().commits, 1);
  EXPECT_THAT(Wrong(&topic_, store_), IsEmpty());
}

}  // namespace
}  // namespace pregao::engine
