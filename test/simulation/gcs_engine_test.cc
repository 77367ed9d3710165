/// The engine on a bucket that fails: what may pass is ridden out, and every record ends up where it belongs, once.
#include <atomic>
#include <fmt/format.h>
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
  /// The bucket as a process of its own would open it; waits take time by the test's clock alone.
  std::shared_ptr<lake::ObjectStore> OpenStore(int attempts) {
    lake::GcsOptions options;
    options.emulator = gcs_.url();
    options.counters = counters_;
    options.retry.wait = [this](milliseconds wait) { clock_.Advance(wait); };
    options.retry.max_attempts = attempts;
    return lake::GcsStore::Open(lake_, options, &clock_).ValueOrDie();
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

  ManualClock clock_{TimestampMs(kT0 + 400LL * 86'400'000)};
  topic::MemoryTopic topic_{4};
  FakeGcs gcs_;
  std::string lake_ = "gs://lake/x";
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

/// Stretches of requests are refused that are shorter, and much longer, than what one call tries again.
TEST_F(OnGcs, BurstsOf429And503AreRiddenOut) {
  for (const GcsFault fault : {GcsFault::kTooFast, GcsFault::kBusy}) {
    for (const int length : {5, 30, 200}) {
      SCOPED_TRACE(testing::Message() << "fault " << static_cast<int>(fault) << ", " << length << " requests");
      lake_ = fmt::format("gs://lake/{}-{}", static_cast<int>(fault), length);
      topic_.Recreate();
      Append(0, 1'000);
      std::atomic<int> refused = 0;
      gcs_.set_plan([&, from = gcs_.requests()](const ServedRequest& request) {
        const auto at = request.number - from;
        const bool burst = (at >= 40 && at < 40 + length) || (at >= 300 && at < 300 + length);
        refused += burst ? 1 : 0;
        return burst ? fault : GcsFault::kNone;
      });
      const Status status = RunToEnd(OpenStore(8));
      ASSERT_TRUE(status.ok()) << status;
      gcs_.set_plan(nullptr);
      EXPECT_GE(refused, length);
      EXPECT_THAT(Wrong(&topic_, OpenStore(8)), IsEmpty());
    }
  }
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
  // The topic has no holes: a position is the number of records below it, and Bronze has exactly those.
  std::int64_t positions = 0;
  const auto bronze = lake::Table::Open(OpenStore(8), kBronzeRoot, &clock_).ValueOrDie();
  for (const auto& [app, position] : bronze->snapshot()->positions) positions += position;
  EXPECT_GT(positions, 0);
  EXPECT_LT(positions, 2'000);
  EXPECT_EQ(positions, std::ssize(RowsOf(OpenStore(8), kBronzeRoot))) << "no offset moved without its record";
  ASSERT_TRUE(RunToEnd(OpenStore(8)).ok());  // with good credentials it goes on from the tables' positions
  EXPECT_THAT(Wrong(&topic_, OpenStore(8)), IsEmpty());
}

/// The bucket is away for half an hour, by the clock that the waits move on, while records come.
TEST_F(OnGcs, HalfAnHoursOutageHoldsTheConsumerBackAndIsCaughtUpWith) {
  constexpr std::int64_t kRecords = 20'000;
  Append(0, 500);
  const auto reader = topic_.NewReader("pregao");
  const auto sink = NewSink(OpenStore(8), &clock_);
  const EngineOptions options = Options();
  EmbeddedEngine engine(reader.get(), sink.get(), &clock_, options);
  std::stop_source stop;
  Status status;
  std::jthread thread([&] { status = engine.Run(stop.get_token()); });
  ASSERT_TRUE(Eventually([&] { return engine.stats().commits > 0; }));

  const TimestampMs back = clock_.Now() + std::chrono::milliseconds(std::chrono::minutes(30)).count();
  gcs_.set_plan([&](const ServedRequest&) { return clock_.Now() < back ? GcsFault::kBusy : GcsFault::kNone; });
  const auto before = engine.stats();
  Append(1'000, 1'000 + static_cast<int>(kRecords));
  ASSERT_TRUE(Eventually([&] { return clock_.Now() > back + -60'000 || engine.stats().rows > before.rows + 1'000; }));
  const auto in_outage = engine.stats();
  EXPECT_FALSE(in_outage.last_problem.empty());
  EXPECT_GT(in_outage.retries - before.retries, 20);
  // Each session reads no more than its queues and batches hold before it waits for the bucket, so memory is flat.
  const auto sessions = in_outage.retries - before.retries + 2;
  const auto held = 6 * static_cast<std::int64_t>(options.poll_records) + 4 * options.max_rows;
  EXPECT_LT(in_outage.consumed - before.consumed, sessions * held);
  EXPECT_LT(held, kRecords / 10) << "far less than what waits";
  ASSERT_TRUE(Eventually([&] {
    const auto stats = engine.stats();
    return stats.rows + stats.duplicates + stats.rejected() >= kRecords + kRecords / 50 + 510;
  }));
  EXPECT_GE(clock_.Now(), back);
  stop.request_stop();
  thread.join();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(Wrong(&topic_, OpenStore(8)), IsEmpty());
}

}  // namespace
}  // namespace pregao::engine
