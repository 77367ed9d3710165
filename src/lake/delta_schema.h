#pragma once
/// Arrow schemas and Delta's schemaString. Source: "Schema Serialization Format" in PROTOCOL.md of delta-io/delta.
#include <arrow/type.h>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace pregao::lake {

/// The key of arrow::Field metadata under which a field's Delta metadata (a JSON object) travels.
inline constexpr char kFieldMetadataKey[] = "delta.metadata";

/// @return Invalid when a column's type has no Delta counterpart here (timestamps must be microseconds, UTC), naming
/// it.
[[nodiscard]] Result<std::string> WriteDeltaSchema(const arrow::Schema& schema);

/// @return Invalid when it is no schema; NotImplemented when a column has a type we do not read, naming it.
[[nodiscard]] Result<std::shared_ptr<arrow::Schema>> ParseDeltaSchema(std::string_view json);

}  // namespace pregao::lake
