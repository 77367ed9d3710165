#pragma once
/// BigQuery's columns as Arrow's, and back.
#include <arrow/record_batch.h>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace pregao::bigquery {

/// A column of a table as BigQuery describes it.
struct Column {
  std::string name;
  std::string type;  ///< FLOAT64 or the older FLOAT, and so on
  std::string mode;  ///< NULLABLE, REQUIRED, REPEATED; empty is NULLABLE
};

/// The standard SQL name of the type that holds `type`. NotImplemented: pregao has no such columns.
[[nodiscard]] Result<std::string> TypeName(const arrow::DataType& type);

/// `schema` as a table's description has it: [{"name":…,"type":…,"mode":…},…].
[[nodiscard]] Result<std::string> FieldsJson(const arrow::Schema& schema);

/// Why rows of `ours` cannot be appended to a table of `theirs`, one line a column; empty: they can. Further columns of
/// theirs are left alone, unless they want a value.
[[nodiscard]] Result<std::vector<std::string>> Differences(const arrow::Schema& ours,
                                                           const std::vector<Column>& theirs);

/// `schema` as the Storage Write API takes it: integers of 64 bits, text without dictionaries.
[[nodiscard]] std::shared_ptr<arrow::Schema> WireSchema(const arrow::Schema& schema);
/// Rows of any schema whose WireSchema is `wire`, as that.
[[nodiscard]] Result<std::shared_ptr<arrow::RecordBatch>> ToWire(const arrow::RecordBatch& rows,
                                                                 const std::shared_ptr<arrow::Schema>& wire);

}  // namespace pregao::bigquery
