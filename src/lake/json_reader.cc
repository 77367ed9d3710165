#include "lake/json_reader.h"

namespace pregao::lake {
namespace dom = simdjson::dom;
namespace {

/// nullopt for an absent field and for null.
std::optional<dom::element> Find(const dom::object& object, std::string_view key) {
  dom::element value;
  if (object.at_key(key).get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
  return value;
}

}  // namespace

Status JsonFields::WrongType(std::string_view key, std::string_view wanted) const {
  return Status::Invalid(name_, ".", key, " is not ", wanted);
}

Status JsonFields::Missing(std::string_view key) const { return Status::Invalid(name_, ".", key, " is missing"); }

bool JsonFields::Has(std::string_view key) const { return Find(object_, key).has_value(); }

Result<std::optional<std::string>> JsonFields::OptionalString(std::string_view key) const {
  const auto value = Find(object_, key);
  if (!value) return std::nullopt;
  std::string_view text;
  if (value->get(text) != simdjson::SUCCESS) return WrongType(key, "a string");
  return std::string(text);
}

Result<std::optional<std::int64_t>> JsonFields::OptionalInt(std::string_view key) const {
  const auto value = Find(object_, key);
  if (!value) return std::nullopt;
  std::int64_t number = 0;
  if (value->get(number) != simdjson::SUCCESS) return WrongType(key, "a whole number of 64 bits");
  return number;
}

Result<std::optional<TimestampMs>> JsonFields::OptionalTime(std::string_view key) const {
  TRY_ASSIGN(const auto number, OptionalInt(key));
  if (!number) return std::nullopt;
  return TimestampMs(*number);
}

Result<std::vector<std::string>> JsonFields::Strings(std::string_view key) const {
  std::vector<std::string> strings;
  const auto value = Find(object_, key);
  if (!value) return strings;
  dom::array array;
  if (value->get(array) != simdjson::SUCCESS) return WrongType(key, "an array");
  for (const dom::element item : array) {
    std::string_view text;
    if (item.get(text) != simdjson::SUCCESS) return WrongType(key, "an array of strings");
    strings.emplace_back(text);
  }
  return strings;
}

Result<std::map<std::string, std::optional<std::string>>> JsonFields::StringMap(std::string_view key) const {
  std::map<std::string, std::optional<std::string>> map;
  TRY_ASSIGN(const auto object, Object(key));
  if (!object) return map;
  for (const auto& [name, value] : object->object_) {
    std::string_view text;
    if (value.is_null()) {
      map.insert_or_assign(std::string(name), std::nullopt);
    } else if (value.get(text) == simdjson::SUCCESS) {
      map.insert_or_assign(std::string(name), std::string(text));
    } else {
      return WrongType(key, "an object of strings");
    }
  }
  return map;
}

Result<std::string> JsonFields::String(std::string_view key) const {
  TRY_ASSIGN(auto value, OptionalString(key));
  if (!value) return Missing(key);
  return std::move(*value);
}

Result<std::int64_t> JsonFields::Int(std::string_view key) const {
  TRY_ASSIGN(const auto value, OptionalInt(key));
  if (!value) return Missing(key);
  return *value;
}

Result<bool> JsonFields::Bool(std::string_view key) const {
  const auto value = Find(object_, key);
  if (!value) return Missing(key);
  bool b = false;
  if (value->get(b) != simdjson::SUCCESS) return WrongType(key, "true or false");
  return b;
}

Result<std::optional<JsonFields>> JsonFields::Object(std::string_view key) const {
  const auto value = Find(object_, key);
  if (!value) return std::nullopt;
  dom::object object;
  if (value->get(object) != simdjson::SUCCESS) return WrongType(key, "an object");
  return JsonFields(object, name_ + "." + std::string(key));
}

Result<dom::object> ParseJsonObject(dom::parser* parser, std::string_view json) {
  dom::element root;
  if (const auto error = parser->parse(json.data(), json.size()).get(root); error != simdjson::SUCCESS) {
    return Status::Invalid("not JSON: ", simdjson::error_message(error));
  }
  dom::object object;
  if (root.get(object) != simdjson::SUCCESS) return Status::Invalid("not a JSON object");
  return object;
}

}  // namespace pregao::lake
