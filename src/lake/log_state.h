#pragma once
/// The replay of a Delta log: what the actions up to a version amount to.
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "lake/actions.h"
#include "lake/table.h"

namespace pregao::lake {

/// Not thread-safe. Copyable: files are shared.
class LogState {
 public:
  /// Applies a log entry, or a checkpoint, that brings the table to `version`. On an error nothing has changed.
  /// NotImplemented when it makes the table one that we cannot read; Invalid when its schema is damaged.
  [[nodiscard]] Status Apply(const LogEntry& entry, TableVersion version);
  /// Invalid when the log did not say what the table is (no protocol, no metaData).
  [[nodiscard]] Status CheckComplete() const;

  [[nodiscard]] TableVersion version() const { return version_; }
  [[nodiscard]] const Protocol& protocol() const { return *protocol_; }
  [[nodiscard]] const Metadata& metadata() const { return *metadata_; }
  /// In the order in which they were added.
  [[nodiscard]] const std::vector<std::shared_ptr<const DataFile>>& files() const { return files_; }
  [[nodiscard]] bool IsLive(std::string_view path) const;
  /// Of files that lived longer than kBriefLife (checkpoint.h), by decoded path.
  [[nodiscard]] const std::unordered_map<std::string, Remove>& tombstones() const { return tombstones_; }

  [[nodiscard]] std::shared_ptr<const Snapshot> MakeSnapshot() const;
  /// Everything as the actions of a checkpoint; tombstones that were made before `tombstone_cutoff` are left out.
  [[nodiscard]] LogEntry MakeCheckpoint(TimestampMs tombstone_cutoff) const;
  /// Forgets the tombstones that MakeCheckpoint leaves out.
  void DropTombstones(TimestampMs cutoff);

 private:
  void ApplyFiles(const LogEntry& entry);

  TableVersion version_{-1};
  std::optional<Protocol> protocol_;
  std::optional<Metadata> metadata_;
  std::shared_ptr<arrow::Schema> schema_;
  // Keys are decoded paths: writers may encode the same path in different ways.
  std::unordered_map<std::string, std::shared_ptr<const DataFile>> live_;
  std::vector<std::shared_ptr<const DataFile>> files_;
  std::unordered_map<std::string, Remove> tombstones_;
  std::map<std::string, SetTransaction> transactions_;
};

}  // namespace pregao::lake
