/// The lake in Google Cloud Storage, as fake-gcs-server plays it (setup/services/gcs.sh).
#include <cstdlib>
#include <gmock/gmock.h>
#include <thread>
#include <unistd.h>

#include "engine/embedded.h"
#include "lake/gcs_store.h"

#include "test/engine_testing.h"
#include "test/race_testing.h"
#include "test/store_conformance.h"
#include "test/wait_testing.h"

namespace pregao::lake {
namespace {

const SystemClock kClock;

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set: run `make test-servers`");
  return value;
}

/// A prefix of its own in the bucket.
std::shared_ptr<ObjectStore> OpenAt(const std::string& prefix, int page_size = 3) {
  GcsOptions options;
  options.emulator = Variable("PREGAO_TEST_GCS");
  options.upload_chunk = 256u << 10;
  options.page_size = page_size;
  return GcsStore::Open("gs://" + Variable("PREGAO_TEST_GCS_BUCKET") + "/" + prefix, options, &kClock).ValueOrDie();
}

std::string NewPrefix() {
  static std::atomic<int> count = 0;
  return "test-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

INSTANTIATE_TEST_SUITE_P(FakeGcsServer, StoreConformance, testing::Values([] { return OpenAt(NewPrefix()); }));

TEST(GcsServer, ALargeObjectGoesUpInPiecesAndComesBackWhole) {
  const auto store = OpenAt(NewPrefix());
  std::string bytes(5 * (256u << 10) + 11, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * i % 251);
  EXPECT_EQ(*store->PutIfAbsent("large", bytes), PutOutcome::kCreated);
  EXPECT_EQ(*store->PutIfAbsent("large", "other"), PutOutcome::kExists);
  EXPECT_EQ(*store->PutIfAbsent("large", bytes), PutOutcome::kExists);
  EXPECT_TRUE(*store->Get("large") == bytes);
  EXPECT_EQ(*store->GetRange("large", 300'000, 5), bytes.substr(300'000, 5));
}

TEST(GcsServer, OfTwoRivalsAtEachVersionOneCommits) {
  const std::string prefix = NewPrefix();
  test::RaceTwoWriters([&] { return OpenAt(prefix); }, 1'000, &kClock);
}

/// An engine with a group of its own, so that it takes itself for the owner of every partition.
struct RivalEngine {
  RivalEngine(topic::MemoryTopic* topic, const std::string& group, std::shared_ptr<ObjectStore> store)
      : reader(topic->NewReader(group)), sink(engine::NewSink(std::move(store), &kClock, Brief())) {
    engine::EngineOptions options;
    options.commit_interval = options.retry_min = std::chrono::milliseconds(1);
    options.retry_max = std::chrono::milliseconds(20);
    options.max_fencings = 1'000'000;
    engine = std::make_unique<engine::EmbeddedEngine>(reader.get(), sink.get(), &kClock, options);
    thread = std::jthread([this](const std::stop_token& stop) { status = engine->Run(stop); });
  }
  /// Remembers little: it begins anew after each commit that it loses.
  static engine::LakeSinkOptions Brief() {
    engine::LakeSinkOptions options;
    options.remember_rows = 30;
    return options;
  }

  std::unique_ptr<topic::TopicReader> reader;
  std::unique_ptr<engine::LakeSink> sink;
  std::unique_ptr<engine::EmbeddedEngine> engine;
  Status status;
  std::jthread thread;
};

TEST(GcsServer, OfTwoRivalEnginesAtEachCommitOneWins) {
  const char* const wanted = std::getenv("PREGAO_RACE_COMMITS");  // 1,000 take two minutes
  const std::int64_t commits = wanted != nullptr ? std::strtoll(wanted, nullptr, 10) : 200;
  const std::string prefix = NewPrefix();
  topic::MemoryTopic topic(2);
  const auto writer = topic.NewWriter();
  RivalEngine one(&topic, "one", OpenAt(prefix, 1'000)), other(&topic, "other", OpenAt(prefix, 1'000));
  const auto both = [&](std::int64_t engine::EngineStats::*count) {
    return one.engine->stats().*count + other.engine->stats().*count;
  };
  for (std::int64_t batch = 0; batch < commits; ++batch) {
    ASSERT_TRUE(Eventually([&] { return one.engine->stats().reading && other.engine->stats().reading; }));
    const std::string ticker = "T" + std::to_string(batch % 7);
    const std::int64_t at = engine::kT0 + 1'000 * batch;
    ASSERT_OK(writer->Append({{engine::Message(ticker, at, 1), engine::Message(ticker, at + 1, 2)}}));
    ASSERT_TRUE(Eventually([&] { return both(&engine::EngineStats::commits) > batch; }));
  }
  for (RivalEngine* rival : {&one, &other}) {
    rival->thread.request_stop();
    rival->thread.join();
    EXPECT_TRUE(rival->status.ok()) << rival->status;
    EXPECT_GT(rival->engine->stats().commits, 0);
  }
  EXPECT_EQ(both(&engine::EngineStats::commits), commits);
  EXPECT_EQ(both(&engine::EngineStats::rows), 2 * commits);
  EXPECT_GT(both(&engine::EngineStats::fencings), commits / 10) << "they met";
  EXPECT_THAT(engine::Wrong(&topic, OpenAt(prefix, 1'000)), testing::IsEmpty());
}

}  // namespace
}  // namespace pregao::lake
