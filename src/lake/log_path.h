#pragma once
/// Names in `<root>/_delta_log/`.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/types.h"

namespace pregao::lake {

/// `<root>/_delta_log/`
[[nodiscard]] std::string LogFolder(std::string_view root);
/// `<root>/_delta_log/<20 digits>`, which sorts just before everything of that version.
[[nodiscard]] std::string LogPrefix(std::string_view root, TableVersion version);
[[nodiscard]] std::string LogEntryPath(std::string_view root, TableVersion version);
[[nodiscard]] std::string CheckpointPath(std::string_view root, TableVersion version);
[[nodiscard]] std::string CheckpointPartPath(std::string_view root, TableVersion version, std::int64_t part,
                                             std::int64_t parts);
[[nodiscard]] std::string LastCheckpointPath(std::string_view root);

enum class LogFileKind { kEntry, kCheckpoint, kOther };

struct LogFile {
  LogFileKind kind = LogFileKind::kOther;
  TableVersion version;
  std::int64_t part = 1, parts = 1;  ///< of a checkpoint
};
/// What a name in the log folder means; nullopt when it belongs to no version.
[[nodiscard]] std::optional<LogFile> ParseLogFile(std::string_view name);

}  // namespace pregao::lake
