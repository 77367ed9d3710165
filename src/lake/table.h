#pragma once
/// A Delta table: an append-only log of JSON actions that names the Parquet files of each version.
/// Source of the rules: the Delta transaction log protocol (PROTOCOL.md of delta-io/delta), reader 1, writer 2.
#include <arrow/type.h>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "base/types.h"
#include "lake/object_store.h"

namespace pregao::lake {

using PartitionValues = std::map<std::string, std::optional<std::string>>;

/// A data file of the table, as its `add` action says.
struct DataFile {
  std::string path;  ///< as in the log: relative to the table's root, URL-encoded
  PartitionValues partition_values;
  std::int64_t size = 0;  ///< bytes
  TimestampMs modified;
  std::string stats;  ///< JSON as in the log; empty when the writer gave none
};

/// How far the table is in one source; Delta's `txn`.
struct PositionChange {
  std::string app_id;                ///< "pregao:<topic>:<generation>:<partition>"
  std::optional<std::int64_t> from;  ///< what the table must still hold for the commit to be allowed; nullopt: nothing
  std::int64_t to = 0;               ///< the next offset to read
};

/// What one commit changes. `positions` are requirements too: see PositionChange::from.
struct Transaction {
  std::string operation = "STREAMING UPDATE";
  std::map<std::string, std::string> metrics;  ///< commitInfo.operationMetrics
  std::vector<DataFile> adds;
  std::vector<DataFile> removes;  ///< each must still be live when the commit lands
  bool data_change = true;        ///< false: the rows are the same, in other files (optimize)
  std::vector<PositionChange> positions;
};

/// One version of a table. Immutable: share it between threads.
struct Snapshot {
  TableVersion version;
  std::string table_id;
  std::shared_ptr<arrow::Schema> schema;  ///< partition columns included
  std::vector<std::string> partition_columns;
  std::map<std::string, std::string> properties;  ///< metaData.configuration
  std::vector<std::shared_ptr<const DataFile>> files;
  std::map<std::string, std::int64_t> positions;  ///< appId -> txn version
};

enum class CommitOutcome {
  kCommitted,
  kFenced,  ///< another writer moved a position that this commit starts from: its rows are not ours to write
};

struct CommitResult {
  CommitOutcome outcome = CommitOutcome::kCommitted;
  TableVersion version;  ///< of the commit, or of the snapshot that fenced it
};

/// What a table is created with.
struct TableSpec {
  std::shared_ptr<arrow::Schema> schema;  ///< partition columns included
  std::vector<std::string> partition_columns;
  std::map<std::string, std::string> properties;
};

/// A commit takes no file that was written longer ago: vacuum deletes what no log names at kUnnamedFileAge.
inline constexpr std::chrono::hours kMaxCommitDelay{12};
/// Files that no log names are spared for at least so long: their writer may still be about to commit them.
inline constexpr std::chrono::hours kUnnamedFileAge{24};

struct TableOptions {
  int checkpoint_every = 100;                   ///< commits
  bool clean_log = true;                        ///< now and then, with a checkpoint; false where upkeep does it
  std::chrono::hours log_retention{30 * 24};    ///< log entries older than this and behind a checkpoint are deleted
  int max_attempts = 30;                        ///< of one commit against rivals and ambiguous answers
  std::chrono::milliseconds retry_backoff{20};  ///< first wait, doubled to 1 s, with jitter
  /// Once requested, a store that refuses is tried once more and then given up on; rivals are outlasted as ever.
  std::stop_token stop = {};
};

/// Called when others committed since the transaction was prepared: `added` are their new files. It may drop rows from
/// `txn` by replacing files of it. Data files that it leaves unused are vacuum's to delete.
using Rebase = std::function<Status(const Snapshot& newer, const std::vector<std::shared_ptr<const DataFile>>& added,
                                    Transaction* txn)>;

class DeltaLog;
struct Metadata;

/// A table in a store. Thread-safe. Several Tables, in any processes, may work on one table at a time.
class Table {
 public:
  ~Table();
  /// @return KeyError when there is no table; NotImplemented when its protocol needs features we lack; Invalid when its
  ///         log is damaged, naming the file.
  [[nodiscard]] static Result<std::shared_ptr<Table>> Open(std::shared_ptr<ObjectStore> store, std::string root,
                                                           const Clock* clock, TableOptions options = {});
  /// Opens, or creates what is absent. Columns of `spec` that an existing table lacks are added to its schema, when the
  /// table's `pregao.schema` is older; NotImplemented when it is newer than spec's.
  [[nodiscard]] static Result<std::shared_ptr<Table>> OpenOrCreate(std::shared_ptr<ObjectStore> store, std::string root,
                                                                   const TableSpec& spec, const Clock* clock,
                                                                   TableOptions options = {});

  /// The version last loaded or committed here.
  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const;
  /// Reads what others committed since.
  [[nodiscard]] Result<std::shared_ptr<const Snapshot>> Refresh();

  /// Commits on top of `base`, or of what others have committed since, after `rebase` has looked at it.
  ///
  /// Exactly once: an error whose effect is unknown is followed by a look for our own commit id in the log. kFenced
  /// when a position's `from` no longer holds. An error means that nothing was committed, unless the store stayed
  /// unreachable to the last attempt, which the message says. IOError too when a file of `txn` was written longer than
  /// kMaxCommitDelay ago: its rows are to be written anew.
  [[nodiscard]] Result<CommitResult> Commit(std::shared_ptr<const Snapshot> base, Transaction txn,
                                            const Rebase& rebase = nullptr);

  /// Writes a checkpoint of the current version and deletes log entries that have outlived the retention.
  [[nodiscard]] Status Checkpoint();

  /// Files that are no longer live and when they were removed, as far as the log remembers: paths relative to the root,
  /// decoded. A file that was removed within kBriefLife (checkpoint.h) of its writing is not among them.
  [[nodiscard]] std::map<std::string, TimestampMs> RemovedFiles() const;
  /// How long the log remembers removed files: the property `delta.deletedFileRetentionDuration`, by default a week.
  [[nodiscard]] std::chrono::milliseconds RemovedFileRetention() const;

  /// Sets table properties, such as `pregao.owner`; those that hold already cost no commit.
  [[nodiscard]] Status SetProperties(const std::map<std::string, std::string>& properties);

  [[nodiscard]] const std::string& root() const { return root_; }
  [[nodiscard]] const std::shared_ptr<ObjectStore>& store() const { return store_; }

 private:
  Table(std::shared_ptr<ObjectStore> store, std::string root, const Clock* clock, TableOptions options);

  /// Replaces the table's metadata by what `change` makes of it, until it is in place; `change` says whether it is not.
  Status UpdateMetadata(const std::string& operation, const std::function<Result<bool>(Metadata*)>& change);
  Status Upgrade(const TableSpec& spec);
  Status CheckpointAndClean(bool clean);
  /// Whether an automatic checkpoint should clean the log too: listing a long log is not free.
  bool IsCleaningDue();

  const std::shared_ptr<ObjectStore> store_;
  const std::string root_;
  const Clock* const clock_;  // not owned
  const TableOptions options_;
  const std::unique_ptr<DeltaLog> log_;
  std::mutex mutex_;
  std::optional<TimestampMs> last_cleaning_;  // guarded by mutex_
};

}  // namespace pregao::lake
