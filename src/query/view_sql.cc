#include "query/view_sql.h"

#include <fmt/format.h>

#include "query/database.h"

namespace pregao::query {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

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
    TRY_ASSIGN(const std::string path, DecodePath(file->path));
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

Result<std::string> DecodePath(const std::string& path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      out += path[i];
      continue;
    }
    const int high = i + 2 < path.size() ? HexDigit(path[i + 1]) : -1;
    const int low = i + 2 < path.size() ? HexDigit(path[i + 2]) : -1;
    if (high < 0 || low < 0) return Status::Invalid("'", path, "' is not URL-encoded as a Delta log's paths are");
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

Result<std::string> ViewSql(const std::string& name, const std::string& folder, const lake::Snapshot& snapshot,
                            std::span<const std::shared_ptr<const lake::DataFile>> files) {
  std::string columns, hive_types;
  for (const auto& field : snapshot.schema->fields()) {
    const auto type = SqlType(*field->type());
    if (!type.ok()) return type.status().WithMessage("column ", field->name(), ": ", type.status().message());
    const std::string column = QuoteName(field->name());
    columns += fmt::format("{}CAST({} AS {}) AS {}", columns.empty() ? "" : ", ", files.empty() ? "NULL" : column,
                           *type, column);
    for (const std::string& partition : snapshot.partition_columns) {
      if (partition != field->name()) continue;
      hive_types += fmt::format("{}{}: {}", hive_types.empty() ? "" : ", ", QuoteText(partition), *type);
    }
  }
  const std::string create = fmt::format("CREATE OR REPLACE VIEW {} AS SELECT {}", QuoteName(name), columns);
  if (files.empty()) return create + " WHERE false";
  TRY_ASSIGN(const std::string list, FileList(folder, snapshot, files));
  const std::string hive = hive_types.empty()
                               ? "hive_partitioning = false"
                               : fmt::format("hive_partitioning = true, hive_types = {{{}}}", hive_types);
  return fmt::format("{} FROM read_parquet([{}], union_by_name = true, {})", create, list, hive);
}

}  // namespace pregao::query
