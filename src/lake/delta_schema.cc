#include "lake/delta_schema.h"

#include <array>
#include <arrow/util/key_value_metadata.h>
#include <set>
#include <utility>

#include "base/json_writer.h"
#include "lake/json_reader.h"

namespace pregao::lake {
namespace {

using TypePair = std::pair<std::string_view, std::shared_ptr<arrow::DataType>>;

const std::array<TypePair, 11>& Types() {
  static const std::array<TypePair, 11> types{{{"string", arrow::utf8()},
                                               {"long", arrow::int64()},
                                               {"integer", arrow::int32()},
                                               {"short", arrow::int16()},
                                               {"byte", arrow::int8()},
                                               {"double", arrow::float64()},
                                               {"float", arrow::float32()},
                                               {"boolean", arrow::boolean()},
                                               {"binary", arrow::binary()},
                                               {"date", arrow::date32()},
                                               {"timestamp", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")}}};
  return types;
}

Result<std::shared_ptr<arrow::Field>> ParseField(const simdjson::dom::element& element) {
  simdjson::dom::object object;
  if (element.get(object) != simdjson::SUCCESS) return Status::Invalid("schema: a field is not an object");
  const JsonFields fields(object, "field");
  TRY_ASSIGN(std::string name, fields.String("name"));
  TRY_ASSIGN(const bool nullable, fields.Bool("nullable"));
  const auto type_name = fields.String("type");
  if (!type_name.ok()) {
    if (!fields.Has("type")) return type_name.status();
    return Status::NotImplemented("column '", name, "' is nested: only flat columns are supported");
  }
  std::shared_ptr<const arrow::KeyValueMetadata> metadata;
  simdjson::dom::object extra;
  if (object.at_key("metadata").get(extra) == simdjson::SUCCESS && extra.size() > 0) {
    metadata = arrow::key_value_metadata({{kFieldMetadataKey, simdjson::minify(extra)}});
  }
  for (const auto& [delta, type] : Types()) {
    if (delta == *type_name) return arrow::field(std::move(name), type, nullable, std::move(metadata));
  }
  return Status::NotImplemented("column '", name, "' has type '", *type_name, "', which is not supported");
}

}  // namespace

Result<std::string> WriteDeltaSchema(const arrow::Schema& schema) {
  JsonWriter json;
  json.BeginObject();
  json.Key("type");
  json.String("struct");
  json.Key("fields");
  json.BeginArray();
  for (const auto& field : schema.fields()) {
    std::string_view name;
    for (const auto& [delta, type] : Types()) {
      if (type->Equals(*field->type())) name = delta;
    }
    if (name.empty()) {
      return Status::Invalid("column '", field->name(), "' has type ", field->type()->ToString(),
                             ", which the table format cannot hold");
    }
    json.BeginObject();
    json.Key("name");
    json.String(field->name());
    json.Key("type");
    json.String(name);
    json.Key("nullable");
    json.Bool(field->nullable());
    json.Key("metadata");
    json.Raw(field->HasMetadata() ? field->metadata()->Get(kFieldMetadataKey).ValueOr("{}") : "{}");
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return json.Take();
}

Result<std::shared_ptr<arrow::Schema>> ParseDeltaSchema(std::string_view json) {
  simdjson::dom::parser parser;
  const auto root = ParseJsonObject(&parser, json);
  if (!root.ok()) return root.status().WithMessage("schema: ", root.status().message());
  simdjson::dom::array array;
  if (root->at_key("fields").get(array) != simdjson::SUCCESS) return Status::Invalid("schema: no array 'fields'");
  arrow::FieldVector fields;
  std::set<std::string> names;
  for (const simdjson::dom::element element : array) {
    TRY_ASSIGN(auto field, ParseField(element));
    if (!names.insert(field->name()).second) {
      return Status::Invalid("schema: column '", field->name(), "' is there twice");
    }
    fields.push_back(std::move(field));
  }
  return arrow::schema(std::move(fields));
}

}  // namespace pregao::lake
