#pragma once
/// The rows of several files as those of one, sorted. Internal to lake.
#include <arrow/record_batch.h>
#include <functional>
#include <stop_token>

#include "lake/object_store.h"
#include "lake/pack_plan.h"

namespace pregao::lake {

/// What a table's files are sorted by: ticker and time, or partition and offset, whichever the schema has; partition
/// columns of the table left out. Empty when it has neither: rows then stay in their order.
[[nodiscard]] std::vector<std::string> SortColumns(const Snapshot& snapshot);

struct PackedRows {
  std::shared_ptr<arrow::RecordBatch> rows;  ///< without partition columns; equal keys in the order of the bin
  std::size_t files = 0;                     ///< the bin's first so many; fewer than all when they outgrew the memory
};

/// Reads files of `bin` one after the other until they hold `memory` bytes, decoded, columns without a value not
/// counted. Holds at most that, one file more, and one column twice. Cancelled when stopped. `read` is told after each
/// file how many there were.
[[nodiscard]] Result<PackedRows> ReadSorted(ObjectStore* store, const std::string& root, const Snapshot& snapshot,
                                            const Bin& bin, std::int64_t memory, std::stop_token stop,
                                            const std::function<void(std::size_t files)>& read);

/// Bytes that a row of the file takes when decoded, columns without a value not counted; at least 1.
[[nodiscard]] Result<double> RowWidth(ObjectStore* store, const std::string& root, const Snapshot& snapshot,
                                      const DataFile& file);

}  // namespace pregao::lake
