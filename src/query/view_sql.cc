#include "query/view_sql.h"

#include <fmt/format.h>

#include "lake/partition_path.h"
#include "query/database.h"

namespace pregao::query {
namespace {

// read_parquet takes every path for a pattern: a bracket around a special character makes it plain.
std::string Plain(const std::string& path) {
  std::string out;
  for (const char c : path) {
    if (c == '*' || c == '?' || c == '[') {
      out += {'[', c, ']'};
    } else {
      out += c;
    }
  }
  return out;
}

Result<std::string> FileList(const std::string& folder, const lake::Snapshot& snapshot,
                             std::span<const std::shared_ptr<const lake::DataFile>> files) {
  std::string list;
  for (const auto& file : files) {
    const std::string path = lake::UrlDecodePath(file->path);
    for (const std::string& column : snapshot.partition_columns) {
      if (("/" + path).find("/" + column + "=") != std::string::npos) continue;
      return Status::NotImplemented(folder, ": the file ", path, " is not in a folder ", column,
                                    "=…; rewrite the table with a writer that lays out its partitions so");
    }
    const bool elsewhere = path.starts_with('/') || path.find("://") != std::string::npos;
    list += (list.empty() ? "" : ", ") + QuoteText(Plain(elsewhere ? path : folder + "/" + path));
  }
  return list;
}

}  // namespace

Result<std::string> SqlType(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
      return "BOOLEAN";
    case arrow::Type::INT8:
      return "TINYINT";
    case arrow::Type::INT16:
      return "SMALLINT";
    case arrow::Type::INT32:
      return "INTEGER";
    case arrow::Type::INT64:
      return "BIGINT";
    case arrow::Type::FLOAT:
      return "FLOAT";
    case arrow::Type::DOUBLE:
      return "DOUBLE";
    case arrow::Type::STRING:
      return "VARCHAR";
    case arrow::Type::BINARY:
      return "BLOB";
    case arrow::Type::DATE32:
      return "DATE";
    case arrow::Type::TIMESTAMP:
      return static_cast<const arrow::TimestampType&>(type).timezone().empty() ? "TIMESTAMP" : "TIMESTAMPTZ";
    case arrow::Type::DECIMAL128: {
      const auto& decimal = static_cast<const arrow::Decimal128Type&>(type);
      return fmt::format("DECIMAL({}, {})", decimal.precision(), decimal.scale());
    }
    default:
      return Status::Invalid("SQL has no type for ", type.ToString());
  }
}

Result<std::string> ViewSql(const std::string& name, const std::string& folder, const lake::Snapshot& snapshot,
                            std::span<const std::shared_ptr<const lake::DataFile>> files) {
  std::string columns, typed_nulls, hive_types;
  for (const auto& field : snapshot.schema->fields()) {
    const auto type = SqlType(*field->type());
    if (!type.ok()) return type.status().WithMessage("column ", field->name(), ": ", type.status().message());
    const std::string column = QuoteName(field->name()), comma = columns.empty() ? "" : ", ";
    columns += fmt::format("{}CAST({} AS {}) AS {}", comma, column, *type, column);
    typed_nulls += fmt::format("{}CAST(NULL AS {}) AS {}", comma, *type, column);
    for (const std::string& partition : snapshot.partition_columns) {
      if (partition != field->name()) continue;
      hive_types += fmt::format("{}{}: {}", hive_types.empty() ? "" : ", ", QuoteText(partition), *type);
    }
  }
  const std::string create = fmt::format("CREATE OR REPLACE VIEW {} AS ", QuoteName(name));
  const std::string no_rows = fmt::format("SELECT {} WHERE false", typed_nulls);
  if (files.empty()) return create + no_rows;
  TRY_ASSIGN(const std::string list, FileList(folder, snapshot, files));
  const std::string hive = hive_types.empty()
                               ? "hive_partitioning = false"
                               : fmt::format("hive_partitioning = true, hive_types = {{{}}}", hive_types);
  // The empty relation gives the columns that no file has yet.
  return fmt::format(
      "{}SELECT {} FROM ({} UNION ALL BY NAME SELECT * FROM read_parquet([{}], union_by_name = true, {}))", create,
      columns, no_rows, list, hive);
}

}  // namespace pregao::query
