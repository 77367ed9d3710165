#pragma once
/// A table with real rows, for tests of optimize and vacuum: what it holds, and appends to it.
#include <algorithm>
#include <arrow/api.h>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "lake/memory_store.h"
#include "lake/optimize.h"
#include "lake/vacuum.h"

#include "test/lake_tools.h"

namespace pregao::lake::test {

/// 2026-11-24T12:00:00Z
inline constexpr TimestampMs kNoon{1'795'521'600'000};

/// The rows of a snapshot, each as text, file by file in the files' order.
inline std::vector<std::vector<std::string>> RowsByFile(ObjectStore* store, const Snapshot& snapshot,
                                                        const std::string& root = "t") {
  std::vector<std::vector<std::string>> files;
  for (const auto& file : snapshot.files) {
    const auto read = ReadDataFile(store, root, *file, *snapshot.schema, snapshot.schema->field_names());
    EXPECT_TRUE(read.ok()) << read.status();
    if (!read.ok()) return {};
    auto& rows = files.emplace_back((*read)->num_rows());
    for (int column = 0; column < (*read)->num_columns(); ++column) {
      const auto data = (*read)->column(column);
      for (std::int64_t row = 0; row < data->length(); ++row) {
        rows[static_cast<std::size_t>(row)] += data->GetScalar(row).ValueOrDie()->ToString() + "|";
      }
    }
  }
  return files;
}

/// All rows in one order: the table as a multiset.
inline std::vector<std::string> Rows(ObjectStore* store, const Snapshot& snapshot, const std::string& root = "t") {
  std::vector<std::string> all;
  for (auto& rows : RowsByFile(store, snapshot, root)) all.insert(all.end(), rows.begin(), rows.end());
  std::sort(all.begin(), all.end());
  return all;
}

/// Writes one file and commits it; the position "app" moves on by one.
inline Status AppendRows(Table* table, const Clock& clock, const arrow::RecordBatch& rows,
                         const PartitionValues& partition) {
  Transaction txn;
  TRY_ASSIGN(txn.adds.emplace_back(), WriteDataFile(table->store().get(), table->root(), clock, rows, partition));
  const auto base = table->snapshot();
  const auto held = base->positions.find("app");
  txn.positions = {{"app", held == base->positions.end() ? std::nullopt : std::optional(held->second),
                    held == base->positions.end() ? 1 : held->second + 1}};
  TRY_ASSIGN(const auto result, table->Commit(base, std::move(txn)));
  return result.outcome == CommitOutcome::kCommitted ? Status::OK() : Status::AlreadyExists("fenced");
}

/// Packs everything there is.
inline Result<OptimizeReport> PackAll(Table* table, const Clock& clock) { return Optimize(table, clock, {}); }

}  // namespace pregao::lake::test
