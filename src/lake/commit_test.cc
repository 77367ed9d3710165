/// Commits: who wins, who is fenced, and what becomes of an answer that is lost.
#include "lake/commit.h"

#include <thread>

#include "lake/faulty_store.h"
#include "lake/log_path.h"
#include "lake/memory_store.h"

#include "test/lake_tools.h"

namespace pregao::lake {
namespace {

using test::Append;
using test::FakeFile;
using test::FileNames;
using test::Impatient;
using testing::ElementsAre;
using testing::HasSubstr;

class CommitTest : public testing::Test {
 protected:
  void SetUp() override { table_ = OpenTable(); }
  std::shared_ptr<Table> OpenTable(TableOptions options = Impatient()) {
    return Table::OpenOrCreate(store_, "t", test::QuoteSpec(), &clock_, options).ValueOrDie();
  }
  /// What a process that starts now sees.
  std::shared_ptr<const Snapshot> Fresh() { return Table::Open(inner_, "t", &clock_).ValueOrDie()->snapshot(); }
  Result<CommitResult> Commit(const Transaction& txn) { return table_->Commit(table_->snapshot(), txn); }

  ManualClock clock_{TimestampMs(1'795'367'120'123)};
  std::shared_ptr<MemoryStore> inner_ = std::make_shared<MemoryStore>(&clock_);
  std::shared_ptr<FaultyStore> store_ = std::make_shared<FaultyStore>(inner_);
  std::shared_ptr<Table> table_;
};

TEST_F(CommitTest, RowsAndPositionsAppearTogether) {
  const auto result = Commit(Append("a", std::nullopt, 10));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->outcome, CommitOutcome::kCommitted);
  EXPECT_EQ(result->version, TableVersion(1));
  for (const auto& snapshot : {table_->snapshot(), Fresh()}) {
    EXPECT_EQ(snapshot->version, TableVersion(1));
    EXPECT_THAT(FileNames(*snapshot), ElementsAre("a"));
    EXPECT_EQ(snapshot->positions.at("app"), 10);
  }
}

TEST_F(CommitTest, OurOwnCommitIsOneStoreCall) {
  ASSERT_TRUE(Commit(Append("a", std::nullopt, 10)).ok());
  store_->Reset();
  ASSERT_TRUE(Commit(Append("b", 10, 20)).ok());
  EXPECT_EQ(store_->calls(), 1) << "neither a listing nor reading our own entry";
}

TEST_F(CommitTest, ACommitOfPositionsAloneIsACommit) {
  Transaction txn;
  txn.positions = {{"app", std::nullopt, 7}};
  ASSERT_TRUE(Commit(txn).ok());
  EXPECT_EQ(Fresh()->positions.at("app"), 7);
  EXPECT_TRUE(Fresh()->files.empty());
}

TEST_F(CommitTest, TheEntrySaysWhoWhenAndWhat) {
  Transaction txn = Append("a", std::nullopt, 10);
  txn.metrics = {{"consumed", "12"}};
  ASSERT_TRUE(Commit(txn).ok());
  const std::string entry = *inner_->Get(LogEntryPath("t", TableVersion(1)));
  EXPECT_THAT(entry, HasSubstr(R"("timestamp":1795367120123,"operation":"STREAMING UPDATE")"));
  EXPECT_THAT(entry, HasSubstr(R"("operationMetrics":{"consumed":"12"})"));
  EXPECT_THAT(entry, HasSubstr(R"({"txn":{"appId":"app","version":10,"lastUpdated":1795367120123}})"));
}

TEST_F(CommitTest, APositionThatTheBaseDoesNotHoldIsFencedAtOnce) {
  ASSERT_TRUE(Commit(Append("a", std::nullopt, 10)).ok());
  for (const auto from :
       {std::optional<std::int64_t>(), std::optional<std::int64_t>(9), std::optional<std::int64_t>(11)}) {
    EXPECT_EQ(Commit(Append("b", from, 20))->outcome, CommitOutcome::kFenced);
  }
  EXPECT_EQ(Fresh()->version, TableVersion(1));
}

TEST_F(CommitTest, ARivalThatMovedThePositionFencesUs) {
  const auto rival = OpenTable();
  ASSERT_TRUE(rival->Commit(rival->snapshot(), Append("theirs", std::nullopt, 10)).ok());
  const auto result = Commit(Append("ours", std::nullopt, 5));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->outcome, CommitOutcome::kFenced);
  EXPECT_EQ(result->version, TableVersion(1));
  EXPECT_THAT(FileNames(*Fresh()), ElementsAre("theirs"));
  EXPECT_EQ(table_->snapshot()->positions.at("app"), 10) << "so that we know where to go on";
}

TEST_F(CommitTest, ARivalOnAnotherPositionIsJudgedByRebaseAndBothCommit) {
  const auto rival = OpenTable();
  Transaction theirs = Append("theirs", std::nullopt, 10);
  theirs.positions[0].app_id = "other";
  ASSERT_TRUE(rival->Commit(rival->snapshot(), theirs).ok());
  int calls = 0;
  const auto result = table_->Commit(table_->snapshot(), Append("ours", std::nullopt, 5),
                                     [&](const Snapshot& newer, const auto& added, Transaction* txn) {
                                       ++calls;
                                       EXPECT_EQ(newer.version, TableVersion(1));
                                       EXPECT_EQ(added.size(), 1u);
                                       EXPECT_THAT(added.at(0)->path, HasSubstr("theirs"));
                                       txn->adds = {FakeFile("ours-judged-again")};
                                       return Status::OK();
                                     });
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(result->version, TableVersion(2));
  EXPECT_THAT(FileNames(*Fresh()), ElementsAre("theirs", "ours-judged-again"));
}

TEST_F(CommitTest, EachRebaseSeesOnlyWhatIsNewSinceTheLast) {
  int rivals = 0;
  // A rival slips in before each of our first three attempts.
  store_->set_hook([&](const StoreCall& call) {
    if (call.operation != "PutIfAbsent" || rivals == 3) return;
    Transaction theirs;
    theirs.adds = {FakeFile("theirs" + std::to_string(++rivals))};
    const auto rival = Table::Open(inner_, "t", &clock_, Impatient()).ValueOrDie();
    ASSERT_TRUE(rival->Commit(rival->snapshot(), theirs).ok());
  });
  std::vector<std::string> seen;
  const auto result = table_->Commit(table_->snapshot(), Append("ours", std::nullopt, 5),
                                     [&](const Snapshot&, const auto& added, Transaction*) {
                                       for (const auto& file : added) seen.push_back(file->path);
                                       return Status::OK();
                                     });
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->version, TableVersion(4));
  EXPECT_THAT(seen, ElementsAre(HasSubstr("theirs1"), HasSubstr("theirs2"), HasSubstr("theirs3")));
}

TEST_F(CommitTest, RebaseSeesRowsThatAreNewAndNoneThatMovedOrWent) {
  ASSERT_TRUE(Commit(Append("old", std::nullopt, 1)).ok());
  const auto base = table_->snapshot();
  const auto rival = OpenTable();
  Transaction txn;
  txn.adds = {FakeFile("kept"), FakeFile("compacted"), FakeFile("deleted")};
  ASSERT_TRUE(rival->Commit(rival->snapshot(), txn).ok());
  Transaction optimize;
  optimize.data_change = false;
  optimize.removes = {FakeFile("old"), FakeFile("compacted")};
  optimize.adds = {FakeFile("old+compacted")};
  ASSERT_TRUE(rival->Commit(rival->snapshot(), optimize).ok());
  Transaction erase;
  erase.removes = {FakeFile("deleted")};
  ASSERT_TRUE(rival->Commit(rival->snapshot(), erase).ok());
  std::vector<std::string> seen;
  ASSERT_TRUE(table_
                  ->Commit(base, Append("ours", 1, 5),
                           [&](const Snapshot&, const auto& added, Transaction*) {
                             for (const auto& file : added) seen.push_back(file->path);
                             return Status::OK();
                           })
                  .ok());
  EXPECT_THAT(seen, ElementsAre(HasSubstr("kept"), HasSubstr("compacted")));
}

TEST_F(CommitTest, AnErrorOfRebaseEndsTheCommit) {
  const auto rival = OpenTable();
  ASSERT_TRUE(rival->Commit(rival->snapshot(), Append("theirs", std::nullopt, 10)).ok());
  Transaction ours;
  ours.adds = {FakeFile("ours")};
  const auto result = table_->Commit(
      table_->snapshot(), ours, [](const Snapshot&, const auto&, Transaction*) { return Status::Cancelled("stop"); });
  EXPECT_TRUE(result.status().IsCancelled());
  EXPECT_THAT(FileNames(*Fresh()), ElementsAre("theirs"));
}

TEST_F(CommitTest, ALostAnswerIsLookedUpNotRepeated) {
  for (const StoreFault fault : {StoreFault::kDoneButError, StoreFault::kError}) {
    store_->Reset();
    store_->FailAt(1, fault);
    const auto version = table_->snapshot()->version;
    const auto held = table_->snapshot()->positions;
    const auto from = held.contains("app") ? std::optional(held.at("app")) : std::nullopt;
    const auto result = Commit(Append("f", from, from.value_or(0) + 10));
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->outcome, CommitOutcome::kCommitted);
    EXPECT_EQ(Fresh()->version, version + 1) << "once";
    EXPECT_EQ(table_->snapshot()->version, version + 1);
  }
}

TEST_F(CommitTest, OurCommitIsFoundEvenWhenRivalsCommittedOnTopOfIt) {
  std::shared_ptr<Table> rival;
  int calls = 0;
  store_->set_hook([&](const StoreCall& call) {
    if (++calls != 2) return;  // our answer is lost; before we look, a rival goes on from our position
    EXPECT_EQ(call.operation, "Get");
    rival = Table::Open(inner_, "t", &clock_, Impatient()).ValueOrDie();
    ASSERT_TRUE(rival->Commit(rival->snapshot(), Append("theirs", 10, 20)).ok());
  });
  store_->Reset();
  store_->FailAt(1, StoreFault::kDoneButError);
  const auto result = Commit(Append("ours", std::nullopt, 10));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->outcome, CommitOutcome::kCommitted) << "not fenced by the position that we moved ourselves";
  EXPECT_EQ(result->version, TableVersion(1));
  EXPECT_THAT(FileNames(*Fresh()), ElementsAre("ours", "theirs"));
}

TEST_F(CommitTest, AStoreThatStaysUnreachableIsAnErrorThatSaysWhatIsUnknown) {
  store_->Reset();
  store_->FailAt(1, StoreFault::kDieAfter);
  const auto result = Commit(Append("ours", std::nullopt, 10));
  ASSERT_TRUE(result.status().IsIOError());
  EXPECT_THAT(result.status().message(), HasSubstr("it may have happened nevertheless"));
  EXPECT_THAT(result.status().message(), HasSubstr("after 5 attempts"));
}

TEST_F(CommitTest, AttemptsAreBounded) {
  store_->Reset();
  store_->FailAtRandom(1, 1.0);
  int puts = 0;
  store_->set_hook([&](const StoreCall& call) { puts += call.operation == "PutIfAbsent" ? 1 : 0; });
  EXPECT_TRUE(Commit(Append("ours", std::nullopt, 10)).status().IsIOError());
  EXPECT_LE(puts, 5);
}

TEST_F(CommitTest, OnceStoppedAStoreThatRefusesIsGivenUpOnAndRivalsAreNot) {
  std::stop_source stop;
  stop.request_stop();
  TableOptions options = Impatient(100);
  options.stop = stop.get_token();
  table_ = OpenTable(options);
  store_->Reset();
  int rivals = 0;
  store_->set_hook([&](const StoreCall& call) {
    if (call.operation != "PutIfAbsent" || ++rivals > 5) return;
    auto rival = Table::Open(inner_, "t", &clock_, Impatient()).ValueOrDie();
    Transaction theirs = Append(std::to_string(rivals), std::nullopt, 10);
    theirs.positions.clear();
    ASSERT_TRUE(rival->Commit(rival->snapshot(), theirs).ok());
  });
  Transaction ours = Append("ours", std::nullopt, 10);
  ours.positions.clear();
  EXPECT_TRUE(Commit(ours).ok());

  store_->Reset();
  store_->FailAtRandom(1, 1.0);
  const Status status = Commit(Append("more", std::nullopt, 10)).status();
  EXPECT_TRUE(status.IsIOError()) << status;
  EXPECT_THAT(status.message(), HasSubstr("after 2 attempts"));
}

TEST_F(CommitTest, ARemovedFileMustStillBeLive) {
  ASSERT_TRUE(Commit(Append("a", std::nullopt, 1)).ok());
  const auto rival = OpenTable();
  Transaction optimize;
  optimize.data_change = false;
  optimize.removes = {FakeFile("a")};
  optimize.adds = {FakeFile("a2")};
  ASSERT_TRUE(rival->Commit(rival->snapshot(), optimize).ok());
  optimize.adds = {FakeFile("a3")};
  const auto result = Commit(optimize);
  ASSERT_TRUE(result.status().IsInvalid()) << result.status();
  EXPECT_THAT(result.status().message(), HasSubstr("conflict: date=2026-11-22/a.parquet"));
  EXPECT_THAT(FileNames(*Fresh()), ElementsAre("a2"));
}

TEST_F(CommitTest, AnOptimizeRetriesPastAnAppend) {
  ASSERT_TRUE(Commit(Append("a", std::nullopt, 1)).ok());
  const auto rival = OpenTable();
  ASSERT_TRUE(rival->Commit(rival->snapshot(), Append("b", 1, 2)).ok());
  Transaction optimize;
  optimize.data_change = false;
  optimize.removes = {FakeFile("a")};
  optimize.adds = {FakeFile("a2")};
  ASSERT_TRUE(Commit(optimize).ok());
  EXPECT_THAT(FileNames(*Fresh()), ElementsAre("b", "a2"));
}

TEST_F(CommitTest, ANewOwnerStopsUs) {
  const auto rival = OpenTable();
  ASSERT_OK(rival->SetProperties({{"pregao.owner", "spark:query-7"}}));
  const auto result = Commit(Append("ours", std::nullopt, 5));
  ASSERT_TRUE(result.status().IsInvalid());
  EXPECT_THAT(result.status().message(), HasSubstr("spark:query-7"));
  EXPECT_TRUE(Fresh()->files.empty());
}

TEST_F(CommitTest, AnotherSchemaStopsUs) {
  TableSpec spec = test::QuoteSpec();
  spec.schema = spec.schema->AddField(5, arrow::field("note", arrow::utf8())).ValueOrDie();
  spec.properties["pregao.schema"] = "2";
  ASSERT_TRUE(Table::OpenOrCreate(inner_, "t", spec, &clock_).ok());
  const auto result = Commit(Append("ours", std::nullopt, 5));
  ASSERT_TRUE(result.status().IsInvalid());
  EXPECT_THAT(result.status().message(), HasSubstr("schema changed in version 1"));
}

TEST_F(CommitTest, ATableThatBecameUnreadableOrUnwritableStopsUs) {
  const auto raise = [&](std::int64_t version, const std::string& protocol) {
    ASSERT_OK(inner_->Put(LogEntryPath("t", TableVersion(version)), "{\"protocol\":" + protocol + "}\n"));
  };
  raise(1, R"({"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["rowTracking"]})");
  const auto unwritable = Commit(Append("ours", std::nullopt, 5));
  EXPECT_TRUE(unwritable.status().IsNotImplemented()) << unwritable.status();
  EXPECT_THAT(unwritable.status().message(), HasSubstr("writer version 7 (features: rowTracking)"));
  raise(2, R"({"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"]})");
  const auto unreadable = table_->Refresh();
  EXPECT_TRUE(unreadable.status().IsNotImplemented()) << unreadable.status();
  EXPECT_THAT(unreadable.status().message(), HasSubstr("00000000000000000002.json"));
}

TEST_F(CommitTest, AnAppendOnlyTableLosesNothing) {
  ASSERT_TRUE(Commit(Append("a", std::nullopt, 1)).ok());
  ASSERT_OK(table_->SetProperties({{"delta.appendOnly", "true"}}));
  Transaction txn;
  txn.removes = {FakeFile("a")};
  EXPECT_TRUE(Commit(txn).status().IsInvalid());
  txn.data_change = false;
  txn.adds = {FakeFile("a2")};
  EXPECT_TRUE(Commit(txn).ok()) << "the rows are the same";
}

TEST_F(CommitTest, WhatDoesNotFitTheTableIsRefused) {
  Transaction txn;
  txn.adds = {FakeFile("a")};
  txn.adds[0].partition_values = {{"ticker", "A"}};
  EXPECT_TRUE(Commit(txn).status().IsInvalid());
  ASSERT_TRUE(Commit(Append("a", std::nullopt, 10)).ok());
  EXPECT_TRUE(Commit(Append("b", 10, 9)).status().IsInvalid()) << "positions only grow";
}

TEST_F(CommitTest, ABaseOlderThanTheLogGoesBackIsInvalid) {
  const auto base = table_->snapshot();
  for (int i = 0; i < 3; ++i) {
    Transaction txn;
    txn.adds = {FakeFile("a" + std::to_string(i))};
    ASSERT_TRUE(Commit(txn).ok());
  }
  ASSERT_OK(inner_->Delete(LogEntryPath("t", TableVersion(1))));
  const auto result = table_->Commit(base, Append("ours", std::nullopt, 5));
  EXPECT_TRUE(result.status().IsInvalid()) << result.status();
  EXPECT_THAT(result.status().message(), HasSubstr("version 0"));
}

TEST_F(CommitTest, OfManyRivalsEachCommitLandsOnce) {
  constexpr int kWriters = 4, kCommits = 25;
  std::vector<std::jthread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      const auto table = Table::Open(inner_, "t", &clock_, Impatient(1000)).ValueOrDie();
      for (int i = 0; i < kCommits; ++i) {
        Transaction txn = Append(std::to_string(w) + "-" + std::to_string(i), std::nullopt, i + 1);
        txn.positions[0].app_id = std::to_string(w);
        if (i > 0) txn.positions[0].from = i;
        const auto result = table->Commit(table->snapshot(), txn);
        ASSERT_TRUE(result.ok()) << result.status();
        ASSERT_EQ(result->outcome, CommitOutcome::kCommitted);
      }
    });
  }
  writers.clear();
  const auto snapshot = Fresh();
  EXPECT_EQ(snapshot->version, TableVersion(kWriters * kCommits));
  EXPECT_EQ(snapshot->files.size(), static_cast<std::size_t>(kWriters * kCommits));
  EXPECT_EQ(snapshot->positions.at("3"), kCommits);
}

}  // namespace
}  // namespace pregao::lake
