#pragma once
/// Reads fields of a parsed JSON object with errors that name the field. Internal to lake.
#include <cstdint>
#include <map>
#include <optional>
#include <simdjson.h>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/types.h"

namespace pregao::lake {

/// A JSON object and its name in messages ("add"). Borrows from the parser that made the object: gone with its next
/// parse.
class JsonFields {
 public:
  JsonFields(simdjson::dom::object object, std::string name) : object_(object), name_(std::move(name)) {}

  /// Absent fields and nulls are the same: nullopt, or empty.
  [[nodiscard]] Result<std::optional<std::string>> OptionalString(std::string_view key) const;
  [[nodiscard]] Result<std::optional<std::int64_t>> OptionalInt(std::string_view key) const;
  [[nodiscard]] Result<std::optional<TimestampMs>> OptionalTime(std::string_view key) const;
  [[nodiscard]] Result<std::vector<std::string>> Strings(std::string_view key) const;
  [[nodiscard]] Result<std::map<std::string, std::optional<std::string>>> StringMap(std::string_view key) const;

  /// Invalid when absent or null.
  [[nodiscard]] Result<std::string> String(std::string_view key) const;
  [[nodiscard]] Result<std::int64_t> Int(std::string_view key) const;
  [[nodiscard]] Result<bool> Bool(std::string_view key) const;

  /// False when it is absent or null.
  [[nodiscard]] bool Has(std::string_view key) const;
  [[nodiscard]] Result<std::optional<JsonFields>> Object(std::string_view key) const;

 private:
  [[nodiscard]] Status WrongType(std::string_view key, std::string_view wanted) const;
  [[nodiscard]] Status Missing(std::string_view key) const;

  simdjson::dom::object object_;
  std::string name_;
};

/// Parses one JSON object. Invalid with the parser's reason otherwise.
[[nodiscard]] Result<simdjson::dom::object> ParseJsonObject(simdjson::dom::parser* parser, std::string_view json);

}  // namespace pregao::lake
