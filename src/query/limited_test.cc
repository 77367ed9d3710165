#include "query/limited.h"

#include <atomic>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "lake/faulty_store.h"
#include "lake/memory_store.h"
#include "lake/table.h"

#include "test/lake_tools.h"

namespace pregao::query {
namespace {

using testing::HasSubstr;
constexpr char kEndless[] = "SELECT sum(hash(range)) FROM range(1000000000000)";

class LimitedTest : public testing::Test {
 protected:
  std::unique_ptr<Session> NewSession(DatabaseOptions options = {}) {
    return Session::OpenGuarded(store_, &clock_, options, FileCache::Open(store_, CacheOptions()).ValueOrDie())
        .ValueOrDie();
  }
  FileCacheOptions CacheOptions() const {
    FileCacheOptions options;
    options.folder = folder_.path() + "/cache";
    return options;
  }

  SystemClock clock_;
  lake::test::TemporaryFolder folder_;
  const std::shared_ptr<lake::FaultyStore> store_ =
      std::make_shared<lake::FaultyStore>(std::make_shared<lake::MemoryStore>());
};

TEST_F(LimitedTest, AStatementThatTakesLongerIsStoppedAndSaysSo) {
  const auto session = NewSession();
  const auto rows = RunLimited(session.get(), kEndless, {.time = std::chrono::milliseconds(50)});
  ASSERT_TRUE(rows.status().IsInvalid()) << rows.status();
  EXPECT_THAT(rows.status().message(), HasSubstr("stopped after 0.05 s"));
  EXPECT_EQ(RunLimited(session.get(), "SELECT 1", {}).ValueOrDie().rows, "[[1]]");
}

TEST_F(LimitedTest, AStopEndsItToo) {
  const auto session = NewSession();
  std::stop_source stop;
  const std::jthread stopper([&] { stop.request_stop(); });
  const Status status = WithinTime(session.get(), std::chrono::hours(1), stop.get_token(), [&]() -> Status {
    TRY_ASSIGN(const auto rows, session->Query(kEndless));
    return rows->Next().status();
  });
  EXPECT_TRUE(status.IsCancelled()) << status;
}

TEST_F(LimitedTest, TheDownloadThatAStatementWaitsForIsStopped) {
  const auto table = lake::Table::OpenOrCreate(store_, "silver/quotes", lake::test::QuoteSpec(), &clock_).ValueOrDie();
  lake::Transaction txn;
  for (int i = 0; i < 1'000; ++i) {  // 1,000 files of 100 ms each, 8 at a time
    txn.adds.push_back(lake::WriteDataFile(store_.get(), "silver/quotes", clock_, *lake::test::Quotes("A", 1),
                                           {{"date", "2026-11-22"}})
                           .ValueOrDie());
  }
  ASSERT_TRUE(table->Commit(table->snapshot(), txn).ok());
  const auto session = NewSession();
  std::atomic<bool> asked = false;
  std::promise<void> never;
  const auto waits = never.get_future().share();
  store_->set_hook([&](const lake::StoreCall& call) {
    if (!call.path.ends_with(".parquet")) return;
    asked = true;
    waits.wait_for(std::chrono::milliseconds(100));
  });
  const auto rows = RunLimited(session.get(), "SELECT * FROM silver", {.time = std::chrono::seconds(2)});
  EXPECT_TRUE(asked);
  ASSERT_TRUE(rows.status().IsInvalid()) << rows.status();
  EXPECT_THAT(rows.status().message(), HasSubstr("stopped after 2 s"));
}

TEST_F(LimitedTest, WhatIsSpiltIsBounded) {
  const auto session = NewSession({.memory_limit = "64MiB", .spill_limit = "1MiB"});
  const auto rows = RunLimited(session.get(), "SELECT r FROM (SELECT random() AS r FROM range(30000000)) ORDER BY r",
                               {.time = std::chrono::minutes(2)});
  ASSERT_FALSE(rows.ok());
  EXPECT_THAT(rows.status().message(), HasSubstr("max_temp_directory_size"));
}

}  // namespace
}  // namespace pregao::query
