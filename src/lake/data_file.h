#pragma once
/// Parquet files of a table: written whole, read by column.
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "lake/object_store.h"
#include "lake/table.h"

namespace pregao::lake {

struct WriteOptions {
  std::string compression = "zstd";  ///< or "snappy"
};

/// Writes `rows` as one new file `<root>/<partition path>/part-<uuid>.parquet` and returns its `add`, with statistics
/// (numRecords; min, max, nullCount of every column but the partition's). `rows` holds no partition column, is not
/// empty, and its order is kept. The file is durable when this returns, and no table names it yet.
[[nodiscard]] Result<DataFile> WriteDataFile(ObjectStore* store, const std::string& root, const Clock& clock,
                                             const arrow::RecordBatch& rows, const PartitionValues& partition_values,
                                             const WriteOptions& options = {});

/// Reads columns of a file, in the order of `columns`; partition columns come from `partition_values`; columns that the
/// file lacks are null. `schema` is the table's and gives the types. Invalid when the file is damaged, with its path.
[[nodiscard]] Result<std::shared_ptr<arrow::Table>> ReadDataFile(ObjectStore* store, const std::string& root,
                                                                 const DataFile& file, const arrow::Schema& schema,
                                                                 const std::vector<std::string>& columns);

/// Smallest and largest value of a column by the file's statistics, as they stand in the JSON: strings unquoted,
/// numbers in digits, timestamps ISO 8601. nullopt when the statistics do not say. A string bound may be cut short
/// (then `max` is rounded up), so both are bounds and not values.
struct Bounds {
  std::string min, max;
};
[[nodiscard]] std::optional<Bounds> StatBounds(const DataFile& file, const std::string& column);
/// The file's rows by its statistics (numRecords); nullopt when they do not say.
[[nodiscard]] std::optional<std::int64_t> StatRows(const DataFile& file);
/// A TIMESTAMP bound of StatBounds in microseconds since the epoch, UTC; nullopt when it is no timestamp.
[[nodiscard]] std::optional<std::int64_t> ParseStatTimestamp(std::string_view text);

}  // namespace pregao::lake
