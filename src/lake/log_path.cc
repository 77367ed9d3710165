#include "lake/log_path.h"

#include <charconv>
#include <fmt/format.h>

#include "lake/store_path.h"

namespace pregao::lake {
namespace {

constexpr std::size_t kVersionDigits = 20, kPartDigits = 10;

/// `text` as a number when it is digits and nothing else.
std::optional<std::int64_t> Digits(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

}  // namespace

std::string LogFolder(std::string_view root) { return JoinPath(root, "_delta_log/"); }

std::string LogPrefix(std::string_view root, TableVersion version) {
  return fmt::format("{}{:020}", LogFolder(root), version.value);
}

std::string LogEntryPath(std::string_view root, TableVersion version) { return LogPrefix(root, version) + ".json"; }

std::string CheckpointPath(std::string_view root, TableVersion version) {
  return LogPrefix(root, version) + ".checkpoint.parquet";
}

std::string CheckpointPartPath(std::string_view root, TableVersion version, std::int64_t part, std::int64_t parts) {
  if (parts == 1) return CheckpointPath(root, version);
  return fmt::format("{}.checkpoint.{:010}.{:010}.parquet", LogPrefix(root, version), part, parts);
}

std::string LastCheckpointPath(std::string_view root) { return LogFolder(root) + "_last_checkpoint"; }

std::optional<LogFile> ParseLogFile(std::string_view name) {
  if (name.size() <= kVersionDigits || name[kVersionDigits] != '.') return std::nullopt;
  const auto version = Digits(name.substr(0, kVersionDigits));
  if (!version) return std::nullopt;
  LogFile file{LogFileKind::kOther, TableVersion(*version)};
  std::string_view rest = name.substr(kVersionDigits);
  constexpr std::string_view kCheckpoint = ".checkpoint.", kParquet = "parquet";
  if (rest == ".json") file.kind = LogFileKind::kEntry;
  if (!rest.starts_with(kCheckpoint) || !rest.ends_with(kParquet)) return file;
  rest.remove_prefix(kCheckpoint.size());
  if (rest == kParquet) {
    file.kind = LogFileKind::kCheckpoint;
  } else if (rest.size() == 2 * kPartDigits + 2 + kParquet.size() && rest[kPartDigits] == '.') {
    const auto part = Digits(rest.substr(0, kPartDigits)), parts = Digits(rest.substr(kPartDigits + 1, kPartDigits));
    if (part && parts && *part >= 1 && *part <= *parts) {
      file = {LogFileKind::kCheckpoint, file.version, *part, *parts};
    }
  }
  return file;
}

}  // namespace pregao::lake
