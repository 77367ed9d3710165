#pragma once
#include <arrow/record_batch.h>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

#include "bigquery/types.h"

namespace pregao::bigquery {

/// An answer of jobs.query or jobs.getQueryResults.
struct QueryAnswer {
  bool complete = false;
  std::string error;  ///< what the job failed of; empty: nothing
  std::string job, location;
  std::string next_page;                     ///< empty: this is the last
  std::shared_ptr<arrow::RecordBatch> rows;  ///< null unless complete, or where no schema was given
};
/// @param schema  of the rows, see Rest::Query; null: the rows are not wanted
[[nodiscard]] Result<QueryAnswer> ParseQueryAnswer(std::string_view body, const std::shared_ptr<arrow::Schema>& schema);

/// The columns in a table's description.
[[nodiscard]] Result<std::vector<Column>> ParseTableColumns(std::string_view body);

}  // namespace pregao::bigquery
