/// The engine on a bucket that fails: what may pass is ridden out, and every record ends up where it belongs, once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "engine/embedded.h"
#include "lake/gcs_store.h"

#include "test/engine_testing.h"
#include "test/fake_gcs.h"
#include "test/wait_testing.h"

namespace pregao::engine {
namespace {

using std::chrono::milliseconds;
using test::FakeGcs;
using test::GcsFault;
using test::ServedRequest;
using testing::IsEmpty;

class OnGcs : public testing::Test {
 protected:
  /// The bucket as a process of its own would open it; waits take no time.
  std::shared_ptr<lake::ObjectStore> OpenStore(int attempts) {
    lake::GcsOptions options;
    options.emulator = gcs_.url();
    options.counters = counters_;
    options.retry.wait = [](milliseconds) {};
    options.retry.max_attempts = attempts;
    return lake::GcsStore::Open("gs://lake/x", options, &clock_).ValueOrDie();
  }
  static EngineOptions Options() {
    EngineOptions options;
    options.commit_interval = milliseconds(5);
    options.poll_records = 50;
    options.max_rows = 200;
    options.max_retries = 100'000;
    options.retry_min = options.retry_max = milliseconds(1);
    return options;
  }
  Status RunToEnd(std::shared_ptr<lake::ObjectStore> store) {
    auto options = Options();
    options.until_end = true;
    const auto reader = topic_.NewReader("once");
    const auto sink = NewSink(std::move(store), &clock_);
    EmbeddedEngine engine(reader.get(), sink.get(), &clock_, options);
    return engine.Run({});
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
  FakeGcs gcs_;
  std::shared_ptr<cloud::HttpCounters> counters_ = std::make_shared<cloud::HttpCounters>();
};

TEST_F(OnGcs, FaultsOfEveryKindAtOneRequestInTwentyLoseAndDoubleNothing) {
  for (const int attempts : {8, 1}) {  // with retries in the store, and with the engine's alone
    Append(attempts * 10'000, attempts * 10'000 + 2'000);
    gcs_.set_plan([](const ServedRequest& request) {
      constexpr GcsFault kFaults[] = {GcsFault::kBusy, GcsFault::kTooFast, GcsFault::kDrop, GcsFault::kDoneDrop,
                                      GcsFault::kDoneError};
      const auto dice = static_cast<std::uint64_t>(request.number) * 2654435761u >> 12;
      return dice % 20 == 0 ? kFaults[dice / 20 % 5] : GcsFault::kNone;
    });
    const Status status = RunToEnd(OpenStore(attempts));
    ASSERT_TRUE(status.ok()) << status;
    gcs_.set_plan(nullptr);
    EXPECT_THAT(Wrong(&topic_, OpenStore(8)), IsEmpty()) << attempts;
  }
  EXPECT_GT(counters_->retries, 0);
}

TEST_F(OnGcs, ATokenRefusedInTheMiddleMovesNoOffsetsAndStopsTheEngine) {
  Append(0, 2'000);
  std::atomic<int> uploads = 0;
  gcs_.set_plan([&](const ServedRequest& request) {
    if (request.target.starts_with("/upload/")) ++uploads;
    return uploads > 20 ? GcsFault::kUnauthorised : GcsFault::kNone;
  });
  const Status status = RunToEnd(OpenStore(8));
  EXPECT_TRUE(status.IsInvalid()) << status;
  EXPECT_THAT(status.message(), testing::HasSubstr("refuses the credentials"));
  gcs_.set_plan(nullptr);
  EXPECT_FALSE(RowsOf(OpenStore(8), kBronzeRoot).empty());
  ASSERT_TRUE(RunToEnd(OpenStore(8)).ok());  // with good credentials it goes on from the tables' positions
  EXPECT_THAT(Wrong(&topic_, OpenStore(8)), IsEmpty());
}

/// The bucket is away while records come; an outage is as long as the attempts that fail in it.
TEST_F(OnGcs, AnOutageHoldsTheConsumerBackAndIsCaughtUpWith) {
  constexpr std::int64_t kRecords = 20'000;
  Append(0, 500);
  const auto reader = topic_.NewReader("pregao");
  const auto sink = NewSink(OpenStore(8), &clock_);
  EmbeddedEngine engine(reader.get(), sink.get(), &clock_, Options());
  std::stop_source stop;
  Status status;
  std::jthread thread([&] { status = engine.Run(stop.get_token()); });
  ASSERT_TRUE(Eventually([&] { return engine.stats().commits > 0; }));

  std::atomic<bool> away = true;
  gcs_.set_plan([&](const ServedRequest&) { return away ? GcsFault::kBusy : GcsFault::kNone; });
  Append(1'000, 1'000 + static_cast<int>(kRecords));
  const auto before = engine.stats().retries;
  ASSERT_TRUE(Eventually([&] { return engine.stats().retries > before + 50; }));
  // Each session reads no more than its queues and batches hold before it waits for the bucket, so memory is flat.
  const auto rows = engine.stats().rows;
  EXPECT_LT(rows, kRecords / 10);
  EXPECT_FALSE(engine.stats().last_problem.empty());
  away = false;
  ASSERT_TRUE(Eventually([&] {
    const auto stats = engine.stats();
    return stats.rows + stats.duplicates + stats.rejected() >= kRecords + kRecords / 50 + 510;
  }));
  stop.request_stop();
  thread.join();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(Wrong(&topic_, OpenStore(8)), IsEmpty());
}

}  // namespace
}  // namespace pregao::engine
