// The embedded engine on a real broker: the end of a topic with holes, retention, topics made anew, two engines.
#include <fmt/format.h>
#include <thread>

#include "engine/embedded.h"
#include "engine/lake_sink.h"
#include "lake/faulty_store.h"
#include "lake/memory_store.h"

#include "test/servers/kafka_testing.h"
#include "test/topic_tools.h"

namespace pregao::engine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using topic::test::Get;
using topic::test::TestTopic;

constexpr std::int64_t kT0 = 1'767'225'600'000;

/// Quotes numbered from `from`, of few tickers, no two alike.
std::vector<topic::NewRecord> Quotes(int from, int count) {
  std::vector<topic::NewRecord> records;
  for (int i = from; i < from + count; ++i) {
    const std::string ticker = "T" + std::to_string(i % 11);
    records.push_back(
        {ticker,
         fmt::format(R"({{"ticker":"{}","price":1.5,"time":{},"received_at":{}}})", ticker, kT0 + i, kT0 + i),
         TimestampMs(kT0 + i),
         {}});
  }
  return records;
}

class KafkaEngine : public ::testing::Test {
 protected:
  void Append(int from, int count) {
    ASSERT_OK(Get(topic::OpenKafkaWriter(topic_.options()))->Append(Quotes(from, count)));
  }

  struct Engine {
    std::unique_ptr<topic::TopicReader> reader;
    std::unique_ptr<LakeSink> sink;
    std::unique_ptr<EmbeddedEngine> engine;
  };
  Engine NewEngine(bool until_end, const std::string& group = "", std::shared_ptr<lake::ObjectStore> store = nullptr) {
    Engine out;
    topic::KafkaTopicOptions options = topic_.options();
    options.properties["session.timeout.ms"] = "6000";
    out.reader = Get(topic::OpenKafkaReader(options, {.group = topic_.name() + group, .join = true}));
    out.sink = std::make_unique<LakeSink>(store ? store : store_, &clock_, LakeSinkOptions{});
    EngineOptions engine_options;
    engine_options.until_end = until_end;
    engine_options.commit_interval = std::chrono::milliseconds(50);
    engine_options.retry_min = std::chrono::milliseconds(10);
    out.engine = std::make_unique<EmbeddedEngine>(out.reader.get(), out.sink.get(), &clock_, engine_options);
    return out;
  }
  Result<EngineStats> RunToEnd() {
    const Engine engine = NewEngine(true);
    TRY(engine.engine->Run({}));
    return engine.engine->stats();
  }
  std::int64_t SilverRows() {
    const auto table = Get(lake::Table::Open(store_, kSilverRoot, &clock_));
    std::int64_t rows = 0;
    for (const auto& file : table->snapshot()->files) {
      const auto at = file->stats.find("\"numRecords\":");
      rows += std::stoll(file->stats.substr(at + 13));
    }
    return rows;
  }

  TestTopic topic_;
  SystemClock clock_;
  std::shared_ptr<lake::MemoryStore> store_ = std::make_shared<lake::MemoryStore>();
};

TEST_F(KafkaEngine, StopsAtTheEndAndGoesOnFromTheTablesPositions) {
  Append(0, 5000);
  EXPECT_EQ(Get(RunToEnd()).rows, 5000);
  EXPECT_EQ(Get(RunToEnd()).consumed, 0);
  Append(5000, 10);
  const EngineStats more = Get(RunToEnd());
  EXPECT_EQ(more.consumed, 10);
  EXPECT_EQ(SilverRows(), 5010);
}

TEST_F(KafkaEngine, TellsLagToolsAtItsEndHowFarTheTablesAre) {
  Append(0, 500);
  EXPECT_EQ(Get(RunToEnd()).rows, 500);
  std::map<std::int32_t, std::int64_t> ends;
  for (const auto& [partition, range] : Get(Get(topic::OpenKafkaReader(topic_.options()))->Ranges())) {
    ends[partition.value] = range.high.value;
  }
  const auto told = [&](const std::string& group) {
    return topic_.admin().Committed(topic_.name() + group, topic_.name(), static_cast<std::int32_t>(ends.size()));
  };
  EXPECT_EQ(told(""), ends);
  ASSERT_OK(NewEngine(true, "-another").engine->Run({}));
  EXPECT_EQ(told("-another"), ends) << "also where there was nothing to read";
}

TEST_F(KafkaEngine, RefusesATopicThatWasCreatedAnewUnderTheSameName) {
  Append(0, 100);
  EXPECT_EQ(Get(RunToEnd()).rows, 100);
  const std::string old = Get(topic::OpenKafkaReader(topic_.options()))->info().generation;
  topic_.Recreate();
  Append(100, 200);
  const Status status = RunToEnd().status();
  EXPECT_TRUE(status.IsInvalid()) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr("created anew"), HasSubstr(old), HasSubstr("--accept-new-topic")));
  EXPECT_EQ(SilverRows(), 100) << "nothing was read silently";
}

TEST_F(KafkaEngine, StopsWhenTheTopicIsCreatedAnewUnderItsHands) {
  Append(0, 100);
  const Engine engine = NewEngine(false);
  Status status;
  {
    std::jthread runner([&] { status = engine.engine->Run({}); });
    while (engine.engine->stats().rows < 100) std::this_thread::yield();
    topic_.Recreate();
  }
  EXPECT_TRUE(status.IsInvalid()) << status;
  EXPECT_THAT(status.message(), HasSubstr("created anew"));
}

TEST_F(KafkaEngine, CountsAndRecordsWhatRetentionTookBeforeItWasRead) {
  Append(0, 300);
  EXPECT_EQ(Get(RunToEnd()).rows, 300);
  const auto ranges = Get(Get(topic::OpenKafkaReader(topic_.options()))->Ranges());
  Append(300, 300);
  std::int64_t lost = 0;
  for (const auto& [partition, range] : ranges) {
    topic_.admin().DeleteRecords(topic_.name(), partition.value, range.high.value + 7);
    lost += 7;
  }
  const EngineStats stats = Get(RunToEnd());
  EXPECT_EQ(stats.lost, lost);
  EXPECT_THAT(stats.last_problem, HasSubstr("removed unread"));
  EXPECT_EQ(stats.rows, 300 - lost);
  std::string gaps;
  for (const std::string& name : {std::string("2"), std::string("3")}) {
    const auto entry = store_->Get(fmt::format("{}/_delta_log/{:0>20}.json", kSilverRoot, name));
    if (entry.ok()) gaps += *entry;
  }
  const auto& range = ranges.at(Partition(0));
  EXPECT_THAT(gaps, HasSubstr("lostOffsets"));
  EXPECT_THAT(gaps, HasSubstr(fmt::format("0:{}-{}", range.high.value, range.high.value + 6)));
}

TEST_F(KafkaEngine, SharesItsPartitionsWithASecondAndAThird) {
  std::vector<Engine> engines;
  std::vector<std::jthread> runners;
  std::vector<Status> ends(3);
  std::stop_source stop;
  int sent = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    engines.push_back(NewEngine(false));
    runners.emplace_back(
        [&ends, engine = engines.back().engine.get(), token = stop.get_token(), i] { ends[i] = engine->Run(token); });
    Append(sent, 2000);
    sent += 2000;
  }
  const auto written = [&] {
    std::int64_t rows = 0;
    for (const Engine& engine : engines) rows += engine.engine->stats().rows;
    return rows;
  };
  const auto deadline = std::chrono::steady_clock::now() + topic::test::kPatience;
  while (written() < sent && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  stop.request_stop();
  runners.clear();
  for (const Status& end : ends) EXPECT_TRUE(end.ok()) << end;
  EXPECT_EQ(written(), sent);
  EXPECT_EQ(SilverRows(), sent);
}

/// A second engine in a group of its own, which thus gets the same partitions, and is always the faster one.
TEST_F(KafkaEngine, ThatIsFencedAgainAndAgainStopsAndSaysWhy) {
  Append(0, 100);
  EXPECT_EQ(Get(RunToEnd()).rows, 100);
  int sent = 100;
  Append(sent, 10);
  sent += 10;
  const auto slow = std::make_shared<lake::FaultyStore>(store_);
  slow->set_hook([&](const lake::StoreCall& call) {
    if (call.operation != "PutIfAbsent" || call.path.find("bronze/quotes/_delta_log/") == std::string_view::npos)
      return;
    const Engine rival = NewEngine(true, "-rival");
    ASSERT_OK(rival.engine->Run({}));
    Append(sent, 10);  // for the next round
    sent += 10;
  });
  Engine engine = NewEngine(false, "", slow);
  const Status status = engine.engine->Run({});
  EXPECT_TRUE(status.IsInvalid()) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr("another process writes the same partitions"), HasSubstr(topic_.name()),
                                      HasSubstr("8 batches in a row"), HasSubstr("Stop one of the two")));
  EXPECT_EQ(engine.engine->stats().fencings, 8);
  EXPECT_EQ(engine.engine->stats().rows, 0);
  engine = {};  // a member of the group that is there and does not poll keeps the next one waiting for five minutes
  EXPECT_EQ(Get(RunToEnd()).rows, 10) << "what nobody had yet";
  EXPECT_EQ(SilverRows(), sent);
}

}  // namespace
}  // namespace pregao::engine
