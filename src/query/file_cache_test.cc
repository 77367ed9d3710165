#include "query/file_cache.h"

#include <arrow/table.h>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lake/faulty_store.h"
#include "lake/memory_store.h"
#include "query/session.h"

#include "test/lake_tools.h"

namespace pregao::query {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class FileCacheTest : public testing::Test {
 protected:
  using File = std::shared_ptr<const lake::DataFile>;

  std::unique_ptr<FileCache> Open(std::int64_t max_bytes = 1 << 20) {
    FileCacheOptions options;
    options.folder = folder_.path() + "/cache";
    options.max_bytes = max_bytes;
    options.threads = 3;
    options.stop = stop_.get_token();
    return FileCache::Open(store_, std::move(options)).ValueOrDie();
  }
  File Stored(const std::string& name, const std::string& bytes) {
    EXPECT_TRUE(memory_->Put("t/" + name, bytes).ok());
    return std::make_shared<lake::DataFile>(
        lake::DataFile{name, {}, static_cast<std::int64_t>(bytes.size()), TimestampMs(1), ""});
  }
  static std::string Read(const FileCache& cache, const std::string& name) {
    std::ifstream in(cache.folder() + "/t/" + name, std::ios::binary);
    if (!in) return "(absent)";
    return {std::istreambuf_iterator<char>(in), {}};
  }
  /// The names in the cache, whatever sessions hold.
  std::vector<std::string> Cached() const {
    std::vector<std::string> names;
    std::error_code ignored;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path() + "/cache/files", ignored)) {
      if (entry.is_regular_file()) names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  void Age(const std::string& name, std::chrono::hours by) {
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path() + "/cache")) {
      if (entry.path().filename() == name) fs::last_write_time(entry, fs::file_time_type::clock::now() - by);
    }
  }

  lake::test::TemporaryFolder folder_;
  std::shared_ptr<lake::MemoryStore> memory_ = std::make_shared<lake::MemoryStore>();
  std::shared_ptr<lake::FaultyStore> store_ = std::make_shared<lake::FaultyStore>(memory_);
  std::stop_source stop_;
};

TEST_F(FileCacheTest, AFileIsBroughtOnceAndServesTheNextSession) {
  const std::vector<File> files{Stored("date=2026-11-22/a", "aaa"), Stored("b", std::string(20 << 20, 'b'))};
  {
    const auto cache = Open(1 << 30);
    ASSERT_OK(cache->Provide("t", files));
    EXPECT_EQ(Read(*cache, "date=2026-11-22/a"), "aaa");
    EXPECT_EQ(Read(*cache, "b"), std::string(20 << 20, 'b'));
  }
  store_->Reset();
  const auto cache = Open(1 << 30);
  ASSERT_OK(cache->Provide("t", files));
  EXPECT_EQ(Read(*cache, "date=2026-11-22/a"), "aaa");
  EXPECT_EQ(store_->calls(), 0);
}

TEST_F(FileCacheTest, AFileOfAnotherSizeIsNotTheFile) {
  const auto file = Stored("a", "aaa");
  ASSERT_OK(Open()->Provide("t", {{file}}));
  std::ofstream(folder_.path() + "/cache/files/memory//t/a") << "c";
  const auto cache = Open();
  ASSERT_OK(cache->Provide("t", {{file}}));
  EXPECT_EQ(Read(*cache, "a"), "aaa");
}

TEST_F(FileCacheTest, WhatWasUsedLongestAgoMakesRoom) {
  const auto a = Stored("a", std::string(400, 'a')), b = Stored("b", std::string(400, 'b')),
             c = Stored("c", std::string(400, 'c'));
  ASSERT_OK(Open(1000)->Provide("t", {{a}}));
  ASSERT_OK(Open(1000)->Provide("t", {{b}}));
  Age("a", std::chrono::hours(2));
  Age("b", std::chrono::hours(3));
  ASSERT_OK(Open(1000)->Provide("t", {{b}}));  // used again, so a is the oldest
  ASSERT_OK(Open(1000)->Provide("t", {{c}}));
  EXPECT_THAT(Cached(), ElementsAre("b", "c"));
}

TEST_F(FileCacheTest, WhatASessionHoldsOutlivesTheCacheAndGoesWithTheSession) {
  const auto a = Stored("a", std::string(400, 'a')), b = Stored("b", std::string(400, 'b'));
  auto first = Open(1000);
  ASSERT_OK(first->Provide("t", {{a}}));
  fs::remove_all(folder_.path() + "/cache/files");  // as an eviction by another process
  ASSERT_OK(Open(1000)->Provide("t", {{b}}));
  EXPECT_EQ(Read(*first, "a"), std::string(400, 'a'));
  first->Keep("t", {{b}});
  EXPECT_EQ(Read(*first, "a"), "(absent)");
  const std::string session = first->folder();
  first.reset();
  EXPECT_FALSE(fs::exists(session));
}

TEST_F(FileCacheTest, ADeadSessionIsSweptAndALiveOneIsNot) {
  const auto a = Stored("a", "aaa");
  const auto alive = Open();
  ASSERT_OK(alive->Provide("t", {{a}}));
  const std::string dead = folder_.path() + "/cache/open/dead";
  fs::create_directories(dead);
  std::ofstream(dead + "/.lock") << "";
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(1);
  fs::last_write_time(dead, old);
  fs::last_write_time(alive->folder(), old);
  (void)Open();
  EXPECT_FALSE(fs::exists(dead));
  EXPECT_EQ(Read(*alive, "a"), "aaa");
}

TEST_F(FileCacheTest, MoreThanTheBoundIsInvalidWithTheRemedy) {
  const auto status = Open(100)->Provide("t", {{Stored("a", std::string(101, 'a'))}});
  EXPECT_TRUE(status.IsInvalid()) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr("--cache.max-bytes"), HasSubstr("--since")));
}

TEST_F(FileCacheTest, AFaultOfTheStoreLeavesNothingHalf) {
  const std::vector<File> files{Stored("a", std::string(20 << 20, 'a')), Stored("b", "b"), Stored("c", "c")};
  for (std::int64_t call = 1; call <= 5; ++call) {
    store_->Reset();
    store_->FailAt(call, lake::StoreFault::kError);
    EXPECT_TRUE(Open(1 << 30)->Provide("t", files).IsIOError()) << call;
    for (const auto& name : Cached()) EXPECT_NE(name.substr(0, 5), ".part") << call;
    fs::remove_all(folder_.path() + "/cache/files");
  }
  store_->Reset();
  const auto cache = Open(1 << 30);
  ASSERT_OK(cache->Provide("t", files));
  EXPECT_EQ(Read(*cache, "c"), "c");
}

TEST_F(FileCacheTest, AStopEndsTheDownloadAndAMissingFileIsDamage) {
  const auto a = Stored("a", "aaa");
  ASSERT_OK(memory_->Delete("t/a"));
  const auto gone = Open()->Provide("t", {{a}});
  EXPECT_TRUE(gone.IsInvalid()) << gone;
  EXPECT_THAT(gone.message(), HasSubstr("memory://t/a is missing"));
  stop_.request_stop();
  EXPECT_TRUE(Open()->Provide("t", {{Stored("b", "b")}}).IsCancelled());
}

TEST_F(FileCacheTest, FilesOutsideTheTableAreRefused) {
  for (const char* path : {"/etc/passwd", "gs://other/x", "../../up"}) {
    const auto file = std::make_shared<lake::DataFile>(lake::DataFile{path, {}, 1, TimestampMs(1), ""});
    const auto status = Open()->Provide("t", {{file}});
    EXPECT_TRUE(status.IsNotImplemented() || status.IsInvalid()) << path << status;
  }
}

/// Statements over a table whose store is no folder, while it grows and its files are replaced.
TEST_F(FileCacheTest, ASessionReadsThroughTheCache) {
  const SystemClock clock;
  const auto table = lake::Table::OpenOrCreate(memory_, "silver/quotes", lake::test::QuoteSpec(), &clock).ValueOrDie();
  const auto commit = [&](std::vector<lake::DataFile> removes) {
    lake::Transaction txn;
    txn.adds.push_back(lake::WriteDataFile(memory_.get(), "silver/quotes", clock, *lake::test::Quotes("A", 3),
                                           {{"date", "2026-11-22"}})
                           .ValueOrDie());
    txn.removes = std::move(removes);
    EXPECT_TRUE(table->Commit(table->snapshot(), txn).ok());
  };
  commit({});
  const auto session = Session::Open(memory_, &clock, {}, Open()).ValueOrDie();
  const auto count = [&] {
    const auto rows = QueryAll(session->database(), "SELECT count(*)::VARCHAR FROM silver").ValueOrDie();
    return rows->column(0)->GetScalar(0).ValueOrDie()->ToString();
  };
  session->Refresh();
  EXPECT_EQ(count(), "3");
  commit({});
  session->Refresh();
  EXPECT_EQ(count(), "6");
  commit({*table->snapshot()->files.front()});
  session->Refresh();
  EXPECT_EQ(count(), "6");
}

TEST_F(FileCacheTest, OldDatesAreNotBroughtForNewRows) {
  const SystemClock clock;
  const auto table = lake::Table::OpenOrCreate(memory_, "silver/quotes", lake::test::QuoteSpec(), &clock).ValueOrDie();
  for (const char* date : {"2026-11-20", "2026-11-21", "2026-11-22"}) {
    lake::Transaction txn;
    txn.adds.push_back(
        lake::WriteDataFile(memory_.get(), "silver/quotes", clock, *lake::test::Quotes("A", 3), {{"date", date}})
            .ValueOrDie());
    ASSERT_TRUE(table->Commit(table->snapshot(), txn).ok());
  }
  const auto dates = [&](const std::function<void(Session*)>& narrow) {
    const auto session = Session::Open(memory_, &clock, {}, Open()).ValueOrDie();
    narrow(session.get());
    session->Refresh();
    const auto rows = QueryAll(session->database(), "SELECT count(*)::VARCHAR FROM silver").ValueOrDie();
    return rows->column(0)->GetScalar(0).ValueOrDie()->ToString() + " of " + std::to_string(Cached().size());
  };
  EXPECT_EQ(dates([](Session* s) { s->ShowNewest("silver", 3); }), "3 of 1");
  EXPECT_EQ(dates([](Session* s) { s->ShowNewest("silver", 4); }), "6 of 2");
  EXPECT_EQ(dates([](Session* s) { s->ShowFrom("silver", "2026-11-22"); }), "3 of 2");
  EXPECT_EQ(dates([](Session* s) { s->ShowNewest("silver", 100); }), "9 of 3");
}

TEST_F(FileCacheTest, ATextOfAVisitorThatNamesNoTableBringsNone) {
  const SystemClock clock;
  const auto table = lake::Table::OpenOrCreate(memory_, "silver/quotes", lake::test::QuoteSpec(), &clock).ValueOrDie();
  lake::Transaction txn;
  txn.adds.push_back(
      lake::WriteDataFile(memory_.get(), "silver/quotes", clock, *lake::test::Quotes("A", 3), {{"date", "2026-11-22"}})
          .ValueOrDie());
  ASSERT_TRUE(table->Commit(table->snapshot(), txn).ok());
  const auto session = Session::OpenGuarded(memory_, &clock, {}, Open()).ValueOrDie();
  ASSERT_OK(session->Query("SELECT 1").status());
  EXPECT_THAT(Cached(), testing::IsEmpty());
  ASSERT_OK(session->Query("SHOW TABLES").status());
  EXPECT_EQ(Cached().size(), 1u);
}

}  // namespace
}  // namespace pregao::query
