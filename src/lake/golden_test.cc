/// Tables that other people's writers left: see the README beside each.
#include <filesystem>
#include <fstream>

#include "lake/log_path.h"
#include "lake/memory_store.h"

#include "test/lake_tools.h"

namespace pregao::lake {
namespace {

namespace fs = std::filesystem;

/// A copy of a folder, so that a test may change it.
std::shared_ptr<MemoryStore> Copy(const fs::path& folder) {
  auto store = std::make_shared<MemoryStore>();
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    EXPECT_TRUE(store->Put("t/" + fs::relative(entry.path(), folder).string(), bytes).ok());
  }
  return store;
}

struct Contents {
  std::int64_t rows = 0, volume_sum = 0;
  double price_sum = 0;
  std::multiset<std::string> tickers;
  std::int64_t first_time = INT64_MAX, last_time = INT64_MIN;
};

Contents ReadAll(ObjectStore* store, const Snapshot& snapshot) {
  Contents all;
  for (const auto& file : snapshot.files) {
    const auto table = ReadDataFile(store, "t", *file, *snapshot.schema, {"ticker", "event_time", "price", "volume"});
    EXPECT_TRUE(table.ok()) << table.status();
    for (std::int64_t row = 0; table.ok() && row < (*table)->num_rows(); ++row) {
      const auto cell = [&](int column) { return (*table)->column(column)->GetScalar(row).ValueOrDie(); };
      ++all.rows;
      all.tickers.insert(cell(0)->ToString());
      const std::int64_t time = static_cast<const arrow::TimestampScalar&>(*cell(1)).value;
      all.first_time = std::min(all.first_time, time);
      all.last_time = std::max(all.last_time, time);
      if (cell(2)->is_valid) all.price_sum += static_cast<const arrow::DoubleScalar&>(*cell(2)).value;
      if (cell(3)->is_valid) all.volume_sum += static_cast<const arrow::Int64Scalar&>(*cell(3)).value;
      const auto bounds = StatBounds(*file, "event_time");
      EXPECT_TRUE(bounds.has_value());
      EXPECT_LE(ParseStatTimestamp(bounds->min), time);
    }
  }
  return all;
}

class DeltaRsTable : public testing::TestWithParam<bool> {
 protected:
  SystemClock clock_;
  std::shared_ptr<MemoryStore> store_ = Copy(fs::path(PREGAO_SOURCE_DIR) / "test/data/delta_rs/table");
};

TEST_P(DeltaRsTable, HoldsWhatDeltaRsSaysItHolds) {
  if (GetParam()) {  // what a clean-up leaves
    for (int v = 0; v <= 4; ++v) ASSERT_OK(store_->Delete(LogEntryPath("t", TableVersion(v))));
  }
  const auto table = Table::Open(store_, "t", &clock_);
  ASSERT_TRUE(table.ok()) << table.status();
  const auto snapshot = (*table)->snapshot();
  EXPECT_EQ(snapshot->version, TableVersion(6));
  EXPECT_EQ(snapshot->partition_columns, std::vector<std::string>{"ticker"});
  EXPECT_EQ(snapshot->properties.at("delta.logRetentionDuration"), "interval 30 days");
  const Contents all = ReadAll(store_.get(), *snapshot);
  EXPECT_EQ(all.rows, 11);
  EXPECT_EQ(all.volume_sum, 13);
  EXPECT_EQ(all.price_sum, 16.5);
  EXPECT_EQ(all.first_time, 1'795'367'100'123'456);
  EXPECT_EQ(all.last_time, 1'795'367'135'123'456);
  EXPECT_EQ(all.tickers.count("AÇÚCAR"), 5u);
  EXPECT_EQ(all.tickers.count("BRK/B"), 2u);
  EXPECT_EQ(all.tickers.count("A B%C"), 1u);
  EXPECT_EQ(all.tickers.count("null"), 1u);
}

TEST_P(DeltaRsTable, GrowsByOurCommitsAndCheckpoints) {
  const auto table = Table::Open(store_, "t", &clock_).ValueOrDie();
  const auto old = table->snapshot()->files.front();
  Transaction txn;
  txn.removes = {*old};
  ASSERT_TRUE(table->Commit(table->snapshot(), txn).ok());
  if (GetParam()) ASSERT_OK(table->Checkpoint());
  const auto snapshot = Table::Open(store_, "t", &clock_).ValueOrDie()->snapshot();
  EXPECT_EQ(ReadAll(store_.get(), *snapshot).rows, 10);
  EXPECT_EQ(snapshot->table_id, table->snapshot()->table_id);
}

INSTANTIATE_TEST_SUITE_P(CheckpointOnly, DeltaRsTable, testing::Bool());

}  // namespace
}  // namespace pregao::lake
