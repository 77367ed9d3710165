#pragma once
/// Classic checkpoints: the actions of a whole table as the rows of Parquet files.
/// Source: "Checkpoints" in PROTOCOL.md of delta-io/delta.
#include <string>
#include <string_view>

#include "base/status.h"
#include "lake/actions.h"

namespace pregao::lake {

/// The bytes of a single-part checkpoint.
[[nodiscard]] Result<std::string> WriteCheckpointFile(const LogEntry& actions);

/// Reads one part, ours or a foreign writer's, and appends its actions to `actions`. Never trusts `bytes`.
/// @param name  of the file, for messages. @return Invalid when it is damaged; NotImplemented for deletion vectors.
[[nodiscard]] Status ReadCheckpointFile(std::string bytes, std::string_view name, LogEntry* actions);

}  // namespace pregao::lake
