#pragma once
/// A Delta log as one process sees it: what it has read, and how it appends. Internal to lake; Table is its face.
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "lake/log_state.h"
#include "lake/object_store.h"

namespace pregao::lake {

/// Thread-safe. Reading the log is serialised; snapshot() never waits for it.
class DeltaLog {
 public:
  /// `store` must outlive the log.
  DeltaLog(ObjectStore* store, std::string root) : store_(store), root_(std::move(root)) {}

  /// Reads the newest state. Call it before anything else. Errors as LoadLogState.
  [[nodiscard]] Status Load();

  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const;
  /// The newest protocol and metadata known.
  [[nodiscard]] std::pair<Protocol, Metadata> rules() const;
  /// A copy of everything known, files shared: not cheap.
  [[nodiscard]] LogState state() const;

  /// Reads the entries that are new, and nothing else.
  [[nodiscard]] Result<std::shared_ptr<const Snapshot>> Refresh();

  struct Since {
    std::shared_ptr<const Snapshot> newest;
    std::vector<LogEntry> entries;  ///< of the versions after the base up to newest, without a gap
  };
  /// Refreshes, and returns what was committed after `base`. Invalid when that has been cleaned up already.
  [[nodiscard]] Result<Since> ReadSince(TableVersion base);

  /// Puts `entry` in place as `version` if nobody did; then it is part of the snapshot without being read.
  /// On an error it may be in place nevertheless.
  [[nodiscard]] Result<PutOutcome> Append(TableVersion version, const LogEntry& entry);

  void DropTombstones(TimestampMs cutoff);

 private:
  /// Requires log_mutex_. Reads what is new; the entries go to `read` too.
  Status Advance(std::vector<LogEntry>* read);
  /// Requires log_mutex_. For a reader so far behind that its next entries have been cleaned up.
  Status ReloadIfCleaned();
  /// Requires log_mutex_.
  void Publish();

  ObjectStore* const store_;
  const std::string root_;
  mutable std::mutex log_mutex_;
  LogState state_;  // guarded by log_mutex_
  mutable std::mutex snapshot_mutex_;
  std::shared_ptr<const Snapshot> snapshot_;  // guarded by snapshot_mutex_
};

}  // namespace pregao::lake
