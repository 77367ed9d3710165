#pragma once
/// SQL that shows a table's version as a view: its live files, its columns, its types.
#include <memory>
#include <span>
#include <string>

#include "lake/table.h"

namespace pregao::query {

/// The DuckDB type of a column. Invalid when there is none.
[[nodiscard]] Result<std::string> SqlType(const arrow::DataType& type);

/// "CREATE OR REPLACE VIEW name AS SELECT … FROM read_parquet([files])": the columns of the snapshot's schema in its
/// order and types; null where a file lacks one. Partition values come from the folders, `date=2026-11-22/`, so that
/// DuckDB opens only the folders that a query asks for; NotImplemented for a table that is not laid out so.
/// @param folder  where the table lies, without a '/' at its end
/// @param files   of the snapshot: all, or those one wants to see; none gives a view without rows
[[nodiscard]] Result<std::string> ViewSql(const std::string& name, const std::string& folder,
                                          const lake::Snapshot& snapshot,
                                          std::span<const std::shared_ptr<const lake::DataFile>> files);

}  // namespace pregao::query
