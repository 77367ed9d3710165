#pragma once
/// For tests: what SQL answers, as text.
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <string>
#include <vector>

#include "query/database.h"

namespace pregao::query {

/// The first column of each row, as Arrow prints it, in the order of the answer. The SQL must be one SELECT that runs.
inline std::vector<std::string> FirstColumn(Database* database, const std::string& sql) {
  const auto statements = database->Parse(sql).ValueOrDie();
  const auto result = statements->Run(0).ValueOrDie();
  std::vector<std::string> out;
  while (const auto batch = result->Next().ValueOrDie()) {
    for (std::int64_t i = 0; i < batch->num_rows(); ++i) {
      out.push_back(batch->column(0)->GetScalar(i).ValueOrDie()->ToString());
    }
  }
  return out;
}

}  // namespace pregao::query
