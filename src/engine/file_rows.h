#pragma once
/// From a batch to the rows of each file.
#include <arrow/record_batch.h>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/batch.h"
#include "lake/table.h"

namespace pregao::engine {

struct FileRows {
  lake::PartitionValues partition_values;
  std::shared_ptr<arrow::RecordBatch> rows;  ///< without the partition columns
};

/// Splits the picked rows of `batch` by `partition_columns` ("date", "ticker", or both), each part in the order of
/// ticker, event_time, then arrival.
[[nodiscard]] Result<std::vector<FileRows>> GroupForFiles(const Batch& batch,
                                                          const std::vector<std::string>& partition_columns);

/// Rows of `batch` by index, in that order. The batch itself when the indices are all of it, in order.
[[nodiscard]] Result<std::shared_ptr<arrow::RecordBatch>> TakeRows(const arrow::RecordBatch& batch,
                                                                   const std::vector<std::int64_t>& indices);

/// `batch.silver` with its column `date`, set where a row is picked.
[[nodiscard]] Result<std::shared_ptr<arrow::RecordBatch>> WithDate(const Batch& batch);

/// Sets the metrics `written` and `bytes` of what a transaction adds.
void SetWritten(std::int64_t rows, lake::Transaction* txn);
[[nodiscard]] std::int64_t BytesOf(const lake::Transaction& txn);

}  // namespace pregao::engine
