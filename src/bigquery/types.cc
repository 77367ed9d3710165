#include "bigquery/types.h"

#include <algorithm>
#include <arrow/array/array_dict.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>

#include "base/json_writer.h"

namespace pregao::bigquery {
namespace {

/// The name that REST still gives, as standard SQL has it.
std::string Standard(const std::string& type) {
  if (type == "FLOAT") return "FLOAT64";
  if (type == "INTEGER") return "INT64";
  if (type == "BOOLEAN") return "BOOL";
  return type;
}

std::shared_ptr<arrow::DataType> WireType(const std::shared_ptr<arrow::DataType>& type) {
  if (type->id() == arrow::Type::DICTIONARY) return static_cast<const arrow::DictionaryType&>(*type).value_type();
  if (type->id() == arrow::Type::INT32) return arrow::int64();
  return type;
}

Result<std::shared_ptr<arrow::Array>> WireColumn(const std::shared_ptr<arrow::Array>& column,
                                                 const std::shared_ptr<arrow::DataType>& type) {
  if (column->type()->Equals(type)) return column;
  if (column->type_id() == arrow::Type::DICTIONARY) {
    const auto& words = static_cast<const arrow::DictionaryArray&>(*column);
    return arrow::compute::Take(*words.dictionary(), *words.indices());
  }
  return arrow::compute::Cast(*column, type);
}

}  // namespace

Result<std::string> TypeName(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::DOUBLE:
      return "FLOAT64";
    case arrow::Type::INT32:
    case arrow::Type::INT64:
      return "INT64";
    case arrow::Type::STRING:
      return "STRING";
    case arrow::Type::BINARY:
      return "BYTES";
    case arrow::Type::TIMESTAMP:
      return "TIMESTAMP";
    case arrow::Type::DATE32:
      return "DATE";
    default:
      return Status::NotImplemented("no column of BigQuery for ", type.ToString());
  }
}

Result<std::string> FieldsJson(const arrow::Schema& schema) {
  JsonWriter w;
  w.BeginArray();
  for (const auto& field : schema.fields()) {
    TRY_ASSIGN(const std::string type, TypeName(*field->type()));
    w.BeginObject();
    w.Key("name");
    w.String(field->name());
    w.Key("type");
    w.String(type);
    w.Key("mode");
    w.String(field->nullable() ? "NULLABLE" : "REQUIRED");
    w.EndObject();
  }
  w.EndArray();
  return w.Take();
}

Result<std::vector<std::string>> Differences(const arrow::Schema& ours, const std::vector<Column>& theirs) {
  std::vector<std::string> out;
  for (const auto& field : ours.fields()) {
    TRY_ASSIGN(const std::string type, TypeName(*field->type()));
    const auto found =
        std::find_if(theirs.begin(), theirs.end(), [&](const Column& c) { return c.name == field->name(); });
    if (found == theirs.end()) {
      out.push_back("column " + field->name() + " " + type + " is not there");
    } else if (Standard(found->type) != type || found->mode == "REPEATED") {
      out.push_back("column " + field->name() + " is " + (found->mode == "REPEATED" ? "REPEATED " : "") +
                    Standard(found->type) + ", not " + type);
    } else if (found->mode == "REQUIRED" && field->nullable()) {
      out.push_back("column " + field->name() + " is REQUIRED, but may have no value");
    }
  }
  for (const Column& column : theirs) {
    if (column.mode == "REQUIRED" && ours.GetFieldByName(column.name) == nullptr) {
      out.push_back("column " + column.name + " is REQUIRED, and pregao has no value for it");
    }
  }
  return out;
}

std::shared_ptr<arrow::Schema> WireSchema(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) fields.push_back(field->WithType(WireType(field->type())));
  return arrow::schema(std::move(fields));
}

Result<std::shared_ptr<arrow::RecordBatch>> ToWire(const arrow::RecordBatch& rows,
                                                   const std::shared_ptr<arrow::Schema>& wire) {
  if (rows.num_columns() != wire->num_fields()) return Status::Invalid("ToWire: wrong number of columns");
  arrow::ArrayVector columns;
  for (int i = 0; i < rows.num_columns(); ++i) {
    TRY_ASSIGN(auto column, WireColumn(rows.column(i), wire->field(i)->type()));
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(wire, rows.num_rows(), std::move(columns));
}

}  // namespace pregao::bigquery
