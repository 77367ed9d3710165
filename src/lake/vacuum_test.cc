/// Vacuum deletes what nobody can need, and nothing else.
#include "lake/vacuum.h"

#include "lake/checkpoint.h"
#include "lake/faulty_store.h"

#include "test/maintenance_tools.h"

namespace pregao::lake {
namespace {

using std::chrono::hours;
using test::AppendRows;
using test::Impatient;
using test::kNoon;
using test::PackAll;
using test::Quotes;
using test::QuoteSpec;
using test::Rows;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::chrono::days kWeek{7};

class VacuumTest : public testing::Test {
 protected:
  std::shared_ptr<Table> Open() {
    return Table::OpenOrCreate(store_, "t", QuoteSpec(), &clock_, Impatient()).ValueOrDie();
  }
  void Append(Table* table, std::int64_t first_second) {
    ASSERT_OK(AppendRows(table, clock_, *Quotes("A", 2, first_second), {{"date", "2026-11-24"}}));
  }
  /// Two files that became one, `lived` after their writing.
  std::shared_ptr<Table> Packed(std::chrono::milliseconds lived) {
    auto table = Open();
    Append(table.get(), 1);
    Append(table.get(), 3);
    clock_.Advance(lived);
    EXPECT_TRUE(PackAll(table.get(), clock_).ok());
    return table;
  }
  VacuumReport Run(Table* table, VacuumOptions options = {}) {
    const auto report = Vacuum(table, clock_, options);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : VacuumReport{};
  }
  /// What lies in the table's folder, without its log.
  std::vector<std::string> Objects() {
    std::vector<std::string> names;
    for (const auto& info : *store_->List("t/")) {
      if (!info.path.starts_with("t/_delta_log/")) names.push_back(info.path);
    }
    return names;
  }

  ManualClock clock_{kNoon};
  std::shared_ptr<MemoryStore> disk_ = std::make_shared<MemoryStore>(&clock_);
  std::shared_ptr<FaultyStore> store_ = std::make_shared<FaultyStore>(disk_);
};

TEST_F(VacuumTest, AFileIsSparedForTheRetentionAfterItsRemoval) {
  const auto table = Packed(hours(5));
  clock_.Advance(kWeek - std::chrono::milliseconds(1));
  EXPECT_THAT(Run(table.get()).files, IsEmpty());
  clock_.Advance(std::chrono::milliseconds(2));
  const auto report = Run(table.get());
  EXPECT_THAT(report.files, SizeIs(2));
  EXPECT_FALSE(report.files[0].orphan);
  EXPECT_THAT(Objects(), SizeIs(1));
  EXPECT_THAT(Rows(store_.get(), *table->snapshot()), SizeIs(4));
}

/// Such a file has no tombstone: its own age must not make it go before the retention after its removal is over.
TEST_F(VacuumTest, AFileThatWasBriefIsSparedForTheRetentionAfterItsRemovalToo) {
  const auto table = Packed(kBriefLife);
  EXPECT_THAT(table->RemovedFiles(), IsEmpty()) << "a checkpoint stays small";
  clock_.Advance(kWeek);
  EXPECT_THAT(Run(table.get()).files, IsEmpty());
  clock_.Advance(std::chrono::milliseconds(1));
  EXPECT_THAT(Run(table.get()).files, SizeIs(2));
}

TEST_F(VacuumTest, AReaderThatHoldsASnapshotWithinTheRetentionStillReadsIt) {
  const auto table = Open();
  Append(table.get(), 1);
  Append(table.get(), 3);
  const auto held = table->snapshot();
  const auto rows = Rows(store_.get(), *held);
  ASSERT_TRUE(PackAll(table.get(), clock_).ok());
  clock_.Advance(kWeek);
  Run(table.get());
  EXPECT_EQ(Rows(store_.get(), *held), rows);
}

TEST_F(VacuumTest, VersionsWithinTheRetentionCanStillBeOpenedAfterTheLogWasCleaned) {
  TableOptions options = Impatient();
  options.log_retention = hours(24 * 7);
  const auto table = Table::OpenOrCreate(store_, "t", QuoteSpec(), &clock_, options).ValueOrDie();
  for (int day = 0; day < 20; ++day) {
    Append(table.get(), day * 10);
    ASSERT_OK(table->Checkpoint());
    Run(table.get());
    clock_.Advance(hours(24));
  }
  // The oldest entry that is left is behind a checkpoint, and older than the retention.
  const auto log = *store_->List("t/_delta_log/");
  EXPECT_THAT(log[0].path, HasSubstr("checkpoint"));
  EXPECT_LE(log[1].modified, clock_.Now() + (-std::chrono::milliseconds(kWeek).count()));
  EXPECT_LT(log.size(), 20u);
}

TEST_F(VacuumTest, AnOrphanIsSparedForTheRetentionAndForADayAtLeast) {
  const auto table = Open();
  Append(table.get(), 1);
  ASSERT_TRUE(WriteDataFile(store_.get(), "t", clock_, *Quotes("A", 2, 9), {{"date", "2026-11-24"}}).ok());
  VacuumOptions options;
  options.retention = std::chrono::milliseconds(0);
  options.force = true;
  clock_.Advance(hours(25));
  EXPECT_THAT(Run(table.get(), options).files, IsEmpty()) << "its writer may be about to commit it";
  clock_.Advance(std::chrono::milliseconds(1));
  EXPECT_THAT(Run(table.get()).files, IsEmpty()) << "the retention is a week";
  const auto report = Run(table.get(), options);
  ASSERT_THAT(report.files, SizeIs(1));
  EXPECT_TRUE(report.files[0].orphan);
  EXPECT_THAT(Rows(store_.get(), *table->snapshot()), SizeIs(2));
}

TEST_F(VacuumTest, WhatIsNoDataFileOfTheTableStays) {
  const auto table = Open();
  Append(table.get(), 1);
  for (const char* name : {"t/notes.txt", "t/date=2026-11-24/_started.parquet", "t/_delta_index/a.parquet",
                           "t/date=2026-11-24/.hidden/a.parquet", "t2/date=2026-11-24/part-1.parquet", "t/README.md"}) {
    ASSERT_OK(store_->Put(name, "x"));
  }
  clock_.Advance(hours(24 * 365));
  const auto before = disk_->List("")->size();
  EXPECT_THAT(Run(table.get()).files, IsEmpty());
  EXPECT_EQ(disk_->List("")->size(), before);
}

TEST_F(VacuumTest, PathsWithOddCharactersAreKnown) {
  TableSpec spec = QuoteSpec();
  spec.partition_columns = {"date", "ticker"};
  const auto table = Table::OpenOrCreate(store_, "t", spec, &clock_, Impatient()).ValueOrDie();
  const auto rows = Quotes("x", 1)->RemoveColumn(0).ValueOrDie();
  for (const char* ticker : {"BRK/B", "A B%C", "AÇÚCAR€", "%41"}) {
    ASSERT_OK(AppendRows(table.get(), clock_, *rows, {{"date", "2026-11-24"}, {"ticker", ticker}}));
  }
  clock_.Advance(hours(24 * 365));
  EXPECT_THAT(Run(table.get()).files, IsEmpty());
}

TEST_F(VacuumTest, ADryRunListsAndWritesNothing) {
  const auto table = Packed(hours(5));
  clock_.Advance(kWeek + hours(1));
  store_->Reset();
  store_->set_hook([](const StoreCall& call) {
    EXPECT_THAT(call.operation, testing::AnyOf("Get", "GetRange", "List")) << call.path;
  });
  VacuumOptions options;
  options.dry_run = true;
  const auto report = Run(table.get(), options);
  EXPECT_THAT(report.files, SizeIs(2));
  EXPECT_GT(report.bytes, 0);
  store_->set_hook(nullptr);
  EXPECT_THAT(Objects(), SizeIs(3));
}

TEST_F(VacuumTest, AnUnsafeRetentionIsRefusedUnlessForced) {
  const auto table = Packed(hours(5));
  VacuumOptions options;
  options.retention = kSafeRetention - std::chrono::milliseconds(1);
  const auto status = Vacuum(table.get(), clock_, options).status();
  EXPECT_TRUE(status.IsInvalid());
  EXPECT_THAT(status.message(), HasSubstr("below 1d"));
  clock_.Advance(hours(24));
  options.force = true;
  EXPECT_THAT(Run(table.get(), options).files, SizeIs(2));
}

TEST_F(VacuumTest, ALongerRetentionIsMadeTheLogsToo) {
  const auto table = Packed(hours(5));
  VacuumOptions options;
  options.retention = std::chrono::days(30);
  Run(table.get(), options);
  EXPECT_EQ(table->RemovedFileRetention(), std::chrono::days(30));
  clock_.Advance(std::chrono::days(20));
  ASSERT_OK(table->Checkpoint());
  EXPECT_THAT(table->RemovedFiles(), SizeIs(2)) << "the log still knows them";
}

TEST_F(VacuumTest, AgesAreByTheClockThatIsBehind) {
  const auto table = Packed(hours(5));
  ManualClock fast(clock_.Now() + std::chrono::milliseconds(hours(24 * 30)).count());
  EXPECT_THAT(Vacuum(table.get(), fast, {})->files, IsEmpty()) << "the store's clock says that they are young";
}

TEST_F(VacuumTest, ATableOfAnotherOwnerIsNotTouched) {
  const auto table = Packed(hours(5));
  ASSERT_OK(table->SetProperties({{"pregao.owner", "spark:query"}}));
  clock_.Advance(kWeek * 2);
  EXPECT_TRUE(Vacuum(table.get(), clock_, {}).status().IsInvalid());
  EXPECT_THAT(Objects(), SizeIs(3));
}

TEST_F(VacuumTest, StoppedItTellsWhatItDeleted) {
  const auto table = Packed(hours(5));
  clock_.Advance(kWeek * 2);
  std::stop_source source;
  VacuumOptions options;
  options.stop = source.get_token();
  options.progress = [&](std::int64_t, std::int64_t) { source.request_stop(); };
  const auto report = Run(table.get(), options);
  EXPECT_TRUE(report.stopped);
  EXPECT_THAT(report.files, SizeIs(1));
  EXPECT_THAT(Objects(), SizeIs(2));
}

/// A writer that was suspended, or waited out an outage, between its file and its commit.
TEST_F(VacuumTest, Rule8AFileThatWaitedTooLongIsNotCommitted) {
  const auto table = Open();
  Transaction txn;
  txn.adds.push_back(
      WriteDataFile(store_.get(), "t", clock_, *Quotes("A", 2, 1), {{"date", "2026-11-24"}}).ValueOrDie());
  clock_.Advance(kMaxCommitDelay);
  EXPECT_TRUE(table->Commit(table->snapshot(), txn).ok()) << "not too long yet";
  txn.adds[0] = WriteDataFile(store_.get(), "t", clock_, *Quotes("A", 2, 3), {{"date", "2026-11-24"}}).ValueOrDie();
  clock_.Advance(kMaxCommitDelay + std::chrono::milliseconds(1));
  const auto late = table->Commit(table->snapshot(), txn);
  EXPECT_TRUE(late.status().IsIOError()) << "a retry with new files may help";
  EXPECT_THAT(late.status().message(), HasSubstr("longer than 12 hours"));
  clock_.Advance(kWeek + hours(2));
  EXPECT_THAT(Run(table.get()).files, SizeIs(1));
  EXPECT_THAT(Rows(store_.get(), *Open()->snapshot()), SizeIs(2)) << "nothing live has gone";
}

TEST_F(VacuumTest, Rule8ACommitWhoseAnswerWasLostIsFoundHoweverLate) {
  const auto table = Open();
  Transaction txn;
  txn.adds.push_back(
      WriteDataFile(store_.get(), "t", clock_, *Quotes("A", 2, 1), {{"date", "2026-11-24"}}).ValueOrDie());
  store_->set_hook([&](const StoreCall& call) {
    if (call.operation == "Get") clock_.Advance(kMaxCommitDelay * 2);
  });
  store_->Reset();
  store_->FailAt(1, StoreFault::kDoneButError);
  const auto result = table->Commit(table->snapshot(), txn);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->version, TableVersion(1));
}

}  // namespace
}  // namespace pregao::lake
