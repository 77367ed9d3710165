#pragma once
/// The actions of a Delta log entry, as structs and as JSON lines.
/// Source: "Actions" in PROTOCOL.md of delta-io/delta. What a table of reader version 1 cannot hold is refused on
/// reading.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/types.h"
#include "lake/table.h"

namespace pregao::lake {

struct Protocol {
  std::int64_t min_reader_version = 1;
  std::int64_t min_writer_version = 2;
  std::vector<std::string> reader_features, writer_features;
  friend bool operator==(const Protocol&, const Protocol&) = default;
};

struct Metadata {
  std::string id;
  std::string name, description;  ///< empty when absent
  std::string schema_string;      ///< JSON, see delta_schema.h
  std::vector<std::string> partition_columns;
  std::map<std::string, std::string> configuration;
  std::optional<TimestampMs> created;
  friend bool operator==(const Metadata&, const Metadata&) = default;
};

struct Add {
  std::shared_ptr<const DataFile> file;
  bool data_change = true;
};

/// A file that is no longer live; kept for a while so that vacuum knows since when.
struct Remove {
  std::string path;  ///< as in the log: URL-encoded
  PartitionValues partition_values;
  std::optional<std::int64_t> size;  ///< bytes
  std::optional<TimestampMs> deleted;
  bool data_change = true;
};

struct SetTransaction {
  std::string app_id;
  std::int64_t version = 0;
  std::optional<TimestampMs> last_updated;
};

struct CommitInfo {
  TimestampMs timestamp;
  std::string operation;
  std::map<std::string, std::string> metrics;
  std::string id;  ///< the UUID of this commit (`txnId`); empty when a foreign writer gave none
};

/// All actions of one version, or of a checkpoint.
struct LogEntry {
  std::optional<CommitInfo> info;
  std::optional<Protocol> protocol;
  std::optional<Metadata> metadata;
  std::vector<Add> adds;
  std::vector<Remove> removes;
  std::vector<SetTransaction> transactions;
};

/// One JSON object a line, commitInfo first.
[[nodiscard]] std::string WriteLogEntry(const LogEntry& entry);

/// Reads what WriteLogEntry or another Delta writer wrote. Unknown actions and fields are ignored. Never trusts
/// `bytes`.
/// @param name  of the file, for messages.
/// @return Invalid when it is empty, torn, no JSON or lacks a field, naming file and line; NotImplemented for deletion
///         vectors and for formats other than Parquet.
[[nodiscard]] Result<LogEntry> ParseLogEntry(std::string_view bytes, std::string_view name);

}  // namespace pregao::lake
