/// Optimize changes files and never rows, whoever else is at work.
#include "lake/optimize.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "lake/faulty_store.h"
#include "lake/pack_rows.h"

#include "test/maintenance_tools.h"

namespace pregao::lake {
namespace {

using test::AppendRows;
using test::Impatient;
using test::kNoon;
using test::PackAll;
using test::Quotes;
using test::QuoteSpec;
using test::Rows;
using testing::ElementsAre;
using testing::HasSubstr;

class OptimizeTest : public testing::Test {
 protected:
  std::shared_ptr<Table> Open() {
    return Table::OpenOrCreate(store_, "t", QuoteSpec(), &clock_, Impatient()).ValueOrDie();
  }
  void Append(Table* table, const std::string& ticker, int rows, std::int64_t first_second,
              const std::string& date = "2026-11-24") {
    ASSERT_OK(AppendRows(table, clock_, *Quotes(ticker, rows, first_second), {{"date", date}}));
  }

  ManualClock clock_{kNoon};
  std::shared_ptr<MemoryStore> disk_ = std::make_shared<MemoryStore>(&clock_);
  std::shared_ptr<FaultyStore> store_ = std::make_shared<FaultyStore>(disk_);
};

TEST_F(OptimizeTest, SmallFilesBecomeOneSortedByTickerAndTime) {
  const auto table = Open();
  for (int i = 0; i < 5; ++i) Append(table.get(), i % 2 == 0 ? "B" : "A", 3, 100 - i * 10);
  const auto before = Rows(store_.get(), *table->snapshot());
  const auto report = PackAll(table.get(), clock_);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->files_before, 5);
  EXPECT_EQ(report->files_after, 1);
  EXPECT_EQ(report->rows, 15);
  const auto snapshot = table->snapshot();
  ASSERT_EQ(snapshot->files.size(), 1u);
  EXPECT_EQ(Rows(store_.get(), *snapshot), before);
  const auto rows = ReadDataFile(store_.get(), "t", *snapshot->files[0], *snapshot->schema, {"ticker", "event_time"})
                        .ValueOrDie()
                        ->CombineChunksToBatch()
                        .ValueOrDie();
  const auto& tickers = static_cast<const arrow::StringArray&>(*rows->column(0));
  const auto& times = static_cast<const arrow::TimestampArray&>(*rows->column(1));
  for (std::int64_t i = 1; i < rows->num_rows(); ++i) {
    EXPECT_LE(std::pair(tickers.GetString(i - 1), times.Value(i - 1)), std::pair(tickers.GetString(i), times.Value(i)));
  }
}

TEST_F(OptimizeTest, TheNewFileHasTheStatisticsOfItsRows) {
  const auto table = Open();
  Append(table.get(), "B", 3, 100);
  Append(table.get(), "A", 4, 50);
  ASSERT_TRUE(PackAll(table.get(), clock_).ok());
  const DataFile& file = *table->snapshot()->files.at(0);
  EXPECT_EQ(StatRows(file), 7);
  EXPECT_EQ(StatBounds(file, "ticker")->min, "A");
  EXPECT_EQ(StatBounds(file, "ticker")->max, "B");
  EXPECT_EQ(ParseStatTimestamp(StatBounds(file, "event_time")->min), 50'000'000);
  EXPECT_EQ(ParseStatTimestamp(StatBounds(file, "event_time")->max), 102'000'000);
}

TEST_F(OptimizeTest, TheCommitChangesNoDataAndTellsWhatItDid) {
  const auto table = Open();
  Append(table.get(), "A", 1, 1);
  Append(table.get(), "A", 1, 2);
  ASSERT_TRUE(PackAll(table.get(), clock_).ok());
  const std::string entry = *store_->Get("t/_delta_log/00000000000000000003.json");
  EXPECT_THAT(entry, HasSubstr(R"("operation":"OPTIMIZE")"));
  EXPECT_THAT(entry, HasSubstr(R"("numRemovedFiles":"2")"));
  EXPECT_THAT(entry, HasSubstr(R"("numOutputRows":"2")"));
  EXPECT_THAT(entry, testing::Not(HasSubstr(R"("dataChange":true)")));
  EXPECT_EQ(table->snapshot()->positions.at("app"), 2) << "positions stay";
}

TEST_F(OptimizeTest, WhatIsPackedStaysAsItIs) {
  const auto table = Open();
  Append(table.get(), "A", 1, 1);
  Append(table.get(), "A", 1, 2);
  ASSERT_EQ(PackAll(table.get(), clock_)->bins, 1);
  const auto version = table->snapshot()->version;
  EXPECT_EQ(PackAll(table.get(), clock_)->bins, 0);
  EXPECT_EQ(table->snapshot()->version, version);
}

TEST_F(OptimizeTest, ADryRunWritesNothing) {
  const auto table = Open();
  Append(table.get(), "A", 1, 1);
  Append(table.get(), "A", 1, 2);
  const auto objects = disk_->List("t/")->size();
  OptimizeOptions options;
  options.dry_run = true;
  const auto report = Optimize(table.get(), clock_, options);
  EXPECT_EQ(report->files_before, 2);
  EXPECT_EQ(disk_->List("t/")->size(), objects);
}

TEST_F(OptimizeTest, AClosedDayIsPackedAnOpenOneWaits) {
  const auto table = Open();
  for (const char* date : {"2026-11-23", "2026-11-24"}) {
    Append(table.get(), "A", 1, 1, date);
    Append(table.get(), "A", 1, 2, date);
  }
  OptimizeOptions options;
  options.open = {3, 1};
  ASSERT_EQ(Optimize(table.get(), clock_, options)->bins, 1);
  EXPECT_EQ(table->snapshot()->files.size(), 3u);
  clock_.Advance(std::chrono::hours(12));  // midnight
  ASSERT_EQ(Optimize(table.get(), clock_, options)->bins, 0) << "late rows may come";
  clock_.Advance(std::chrono::hours(1));
  ASSERT_EQ(Optimize(table.get(), clock_, options)->bins, 1);
}

TEST_F(OptimizeTest, ItsProgressIsToldFileByFile) {
  const auto table = Open();
  for (int i = 0; i < 4; ++i) Append(table.get(), "A", 1, i);
  std::vector<std::pair<std::int64_t, std::int64_t>> told;
  OptimizeOptions options;
  options.progress = [&](std::int64_t done, std::int64_t of) { told.emplace_back(done, of); };
  ASSERT_EQ(Optimize(table.get(), clock_, options)->bins, 1);
  using Told = std::pair<std::int64_t, std::int64_t>;
  EXPECT_THAT(told, ElementsAre(Told(1, 4), Told(2, 4), Told(3, 4), Told(4, 4), Told(4, 4)));
}

TEST_F(OptimizeTest, MemoryBoundsTheRowsOfAFile) {
  const auto table = Open();
  for (int i = 0; i < 20; ++i) Append(table.get(), "A", 100, i * 100);
  const auto before = Rows(store_.get(), *table->snapshot());
  OptimizeOptions options;
  options.memory = 10'000;  // some 400 rows
  const auto report = Optimize(table.get(), clock_, options);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_GT(report->files_after, 3);
  EXPECT_LT(report->files_after, 11);
  EXPECT_EQ(Rows(store_.get(), *table->snapshot()), before);
}

TEST_F(OptimizeTest, AFileThatIsLargerThanItLookedEndsItsBinEarly) {
  const auto table = Open();
  for (int i = 0; i < 6; ++i) Append(table.get(), "A", 100, i * 100);
  Snapshot snapshot = *table->snapshot();
  const Bin bin{{{"date", "2026-11-24"}}, snapshot.files};
  const auto packed = ReadSorted(store_.get(), "t", snapshot, bin, 6000, {}, [](std::size_t) {});
  ASSERT_TRUE(packed.ok()) << packed.status();
  EXPECT_GE(packed->files, 2u);
  EXPECT_LT(packed->files, 6u);
  EXPECT_EQ(packed->rows->num_rows(), static_cast<std::int64_t>(packed->files) * 100);
}

TEST_F(OptimizeTest, BronzeIsSortedByPartitionAndOffset) {
  Snapshot snapshot;
  snapshot.schema = arrow::schema({arrow::field("partition", arrow::int32()), arrow::field("offset", arrow::int64())});
  EXPECT_THAT(SortColumns(snapshot), ElementsAre("partition", "offset"));
  snapshot.schema = test::QuoteSchema();
  snapshot.partition_columns = {"ticker"};
  EXPECT_THAT(SortColumns(snapshot), ElementsAre("event_time")) << "the folder gives the ticker";
}

TEST_F(OptimizeTest, ATableOfAnotherOwnerIsNotTouched) {
  const auto table = Open();
  Append(table.get(), "A", 1, 1);
  Append(table.get(), "A", 1, 2);
  ASSERT_OK(table->SetProperties({{"pregao.owner", "spark:query"}}));
  const auto status = PackAll(table.get(), clock_).status();
  EXPECT_TRUE(status.IsInvalid());
  EXPECT_THAT(status.message(), HasSubstr("spark:query"));
  EXPECT_EQ(table->snapshot()->files.size(), 2u);
}

TEST_F(OptimizeTest, AnOwnerThatTakesOverMeanwhileKeepsItsTable) {
  const auto table = Open();
  Append(table.get(), "A", 1, 1);
  Append(table.get(), "A", 1, 2);
  store_->set_hook([&](const StoreCall& call) {
    if (call.operation != "Put") return;
    const auto other = Table::Open(disk_, "t", &clock_).ValueOrDie();
    ASSERT_OK(other->SetProperties({{"pregao.owner", "spark:query"}}));
  });
  EXPECT_TRUE(PackAll(table.get(), clock_).status().IsInvalid());
  EXPECT_EQ(Table::Open(disk_, "t", &clock_).ValueOrDie()->snapshot()->files.size(), 2u);
}

/// Runs `rival` when the optimizer is about to put its commit in place.
void BeforeCommit(FaultyStore* store, std::function<void()> rival) {
  store->set_hook([rival = std::move(rival), done = std::make_shared<bool>(false)](const StoreCall& call) {
    if (call.operation != "PutIfAbsent" || std::exchange(*done, true)) return;
    rival();
  });
}

TEST_F(OptimizeTest, AnAppendThatComesBetweenLosesNothing) {
  const auto table = Open();
  Append(table.get(), "A", 2, 1);
  Append(table.get(), "A", 2, 3);
  BeforeCommit(store_.get(), [&] {
    const auto other = Table::Open(disk_, "t", &clock_).ValueOrDie();
    ASSERT_OK(AppendRows(other.get(), clock_, *Quotes("A", 2, 5), {{"date", "2026-11-24"}}));
  });
  const auto report = PackAll(table.get(), clock_);
  EXPECT_EQ(report->bins, 1);
  EXPECT_EQ(report->overtaken, 0);
  EXPECT_EQ(Rows(disk_.get(), *table->snapshot()).size(), 6u);
  EXPECT_EQ(table->snapshot()->files.size(), 2u);
}

TEST_F(OptimizeTest, OfTwoOptimizersOneWinsAndNoRowIsDoubled) {
  const auto table = Open();
  for (int i = 0; i < 4; ++i) Append(table.get(), "A", 2, i * 2);
  const auto before = Rows(disk_.get(), *table->snapshot());
  BeforeCommit(store_.get(), [&] {
    const auto other = Table::Open(disk_, "t", &clock_).ValueOrDie();
    EXPECT_EQ(PackAll(other.get(), clock_)->bins, 1);
  });
  const auto report = PackAll(table.get(), clock_);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->bins, 0);
  EXPECT_EQ(report->overtaken, 1);
  EXPECT_EQ(Rows(disk_.get(), *table->snapshot()), before);
}

TEST_F(OptimizeTest, StoppedItFinishesTheBinAtHandAbortedItGivesItUp) {
  const auto table = Open();
  for (const char* date : {"2026-11-22", "2026-11-23"}) {
    for (int i = 0; i < 3; ++i) Append(table.get(), "A", 1, i, date);
  }
  for (const bool abort : {false, true}) {
    std::stop_source source;
    OptimizeOptions options;
    (abort ? options.abort : options.stop) = source.get_token();
    store_->set_hook([&](const StoreCall& call) {
      if (call.operation == "Put") source.request_stop();
    });
    const auto report = Optimize(table.get(), clock_, options);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(report->stopped);
    EXPECT_EQ(report->bins, abort ? 0 : 1);
  }
}

/// Random tables, partitioned as one likes, with rows in any order.
RC_GTEST_PROP(Optimize, RowsBeforeAreRowsAfter, ()) {
  ManualClock clock{kNoon};
  const auto store = std::make_shared<MemoryStore>(&clock);
  TableSpec spec = QuoteSpec();
  const bool by_ticker = *rc::gen::arbitrary<bool>();
  if (by_ticker) spec.partition_columns = {"date", "ticker"};
  const auto table = Table::OpenOrCreate(store, "t", spec, &clock, Impatient()).ValueOrDie();
  const int files = *rc::gen::inRange(0, 25);
  for (int i = 0; i < files; ++i) {
    const std::string ticker(1, static_cast<char>('A' + *rc::gen::inRange(0, 3)));
    auto rows = Quotes(ticker, *rc::gen::inRange(1, 20), *rc::gen::inRange(0, 10));
    PartitionValues values{{"date", "2026-11-2" + std::to_string(*rc::gen::inRange(2, 5))}};
    if (by_ticker) {
      values["ticker"] = ticker;
      rows = rows->RemoveColumn(0).ValueOrDie();
    }
    RC_ASSERT(AppendRows(table.get(), clock, *rows, values).ok());
  }
  const auto before = Rows(store.get(), *table->snapshot());
  OptimizeOptions options;
  options.memory = *rc::gen::inRange(200, 20'000);
  options.open.min_files = static_cast<std::size_t>(*rc::gen::inRange(2, 6));
  const auto report = Optimize(table.get(), clock, options);
  RC_ASSERT(report.ok());
  RC_ASSERT(Rows(store.get(), *table->snapshot()) == before);
  std::int64_t counted = 0;
  for (const auto& file : table->snapshot()->files) counted += StatRows(*file).value_or(0);
  RC_ASSERT(counted == static_cast<std::int64_t>(before.size()));
}

}  // namespace
}  // namespace pregao::lake
