#pragma once
#include <memory>
#include <span>
#include <string>

#include "lake/table.h"
#include "query/session.h"

namespace pregao::query {

/// What to do where data files of a table are missing or damaged, as a part of a sentence.
/// @param folder  of the table
[[nodiscard]] std::string HowToMend(const TableName& table, const std::string& folder);

/// What DuckDB says of one of these files that is missing or damaged, as Invalid with table, file, reason and remedy,
/// and without the text of the view. Any other error as it is.
[[nodiscard]] Status ExplainBrokenFile(const Status& error, const TableName& table, const std::string& folder,
                                       std::span<const std::shared_ptr<const lake::DataFile>> files);

}  // namespace pregao::query
