#include "lake/table.h"

#include <spdlog/spdlog.h>

#include "lake/checkpoint.h"
#include "lake/commit.h"
#include "lake/delta_log.h"
#include "lake/protocol_check.h"
#include "lake/store_path.h"

namespace pregao::lake {

Table::Table(std::shared_ptr<ObjectStore> store, std::string root, const Clock* clock, TableOptions options)
    : store_(std::move(store)),
      root_(std::move(root)),
      clock_(clock),
      options_(options),
      log_(std::make_unique<DeltaLog>(store_.get(), root_)) {}

Table::~Table() = default;

Result<std::shared_ptr<Table>> Table::Open(std::shared_ptr<ObjectStore> store, std::string root, const Clock* clock,
                                           TableOptions options) {
  if (options.checkpoint_every < 1 || options.max_attempts < 1) {
    return Status::Invalid("TableOptions: checkpoint_every and max_attempts must be at least 1");
  }
  if (!root.empty()) TRY(CheckStorePath(root));
  std::shared_ptr<Table> table(new Table(std::move(store), std::move(root), clock, options));
  TRY(table->log_->Load());
  return table;
}

std::shared_ptr<const Snapshot> Table::snapshot() const { return log_->snapshot(); }

Result<std::shared_ptr<const Snapshot>> Table::Refresh() { return log_->Refresh(); }

Result<CommitResult> Table::Commit(std::shared_ptr<const Snapshot> base, Transaction txn, const Rebase& rebase) {
  Committer committer(log_.get(), clock_, &options_, std::move(base), std::move(txn), &rebase);
  TRY_ASSIGN(const CommitResult result, committer.Run());
  if (result.outcome == CommitOutcome::kFenced) return result;
  if (result.version.value % options_.checkpoint_every == 0) {
    const Status status = CheckpointAndClean(IsCleaningDue());
    // The rows are safe: readers only have more log to read until the next checkpoint.
    if (!status.ok())
      spdlog::warn("{}: checkpoint or clean-up of version {} failed: {}", root_, result.version.value,
                   status.message());
  }
  return result;
}

bool Table::IsCleaningDue() {
  if (!options_.clean_log) return false;
  const TimestampMs now = clock_->Now();
  const std::int64_t interval = std::chrono::milliseconds(options_.log_retention).count() / 30;
  std::lock_guard lock(mutex_);
  if (last_cleaning_ && now - *last_cleaning_ < interval) return false;
  last_cleaning_ = now;
  return true;
}

Status Table::Checkpoint() { return CheckpointAndClean(/*clean=*/true); }

Status Table::CheckpointAndClean(bool clean) {
  const LogState state = log_->state();
  const TimestampMs now = clock_->Now();
  TRY(WriteCheckpoint(store_.get(), root_, state, now));
  log_->DropTombstones(now + (-TombstoneRetention(state.metadata()).count()));
  if (!clean) return Status::OK();
  return CleanLog(store_.get(), root_, now + (-std::chrono::milliseconds(options_.log_retention).count()));
}

std::map<std::string, TimestampMs> Table::RemovedFiles() const {
  std::map<std::string, TimestampMs> removed;
  const LogState state = log_->state();
  for (const auto& [path, remove] : state.tombstones()) removed.emplace(path, remove.deleted.value_or(TimestampMs{}));
  return removed;
}

std::chrono::milliseconds Table::RemovedFileRetention() const { return TombstoneRetention(log_->rules().second); }

Status Table::UpdateMetadata(const std::string& operation, const std::function<Result<bool>(Metadata*)>& change) {
  Status last;
  for (int attempt = 1; attempt <= options_.max_attempts; ++attempt) {
    if (attempt > 1) {
      BackOff(options_.retry_backoff, attempt - 1);
      // What a lost answer put in place is seen here: then `change` has nothing left to do.
      if (last = log_->Refresh().status(); last.IsIOError()) continue;
      TRY(last);
    }
    const TableVersion version = snapshot()->version;
    const auto [protocol, metadata] = log_->rules();
    LogEntry entry;
    entry.metadata = metadata;
    TRY_ASSIGN(const bool changed, change(&*entry.metadata));
    if (!changed) return Status::OK();
    TRY(CheckWritable(protocol, *entry.metadata));
    entry.info = CommitInfo{clock_->Now(), operation, {}, NewUuid()};
    const auto outcome = log_->Append(version + 1, entry);
    if (outcome.ok() && *outcome == PutOutcome::kCreated) return Status::OK();
    last = outcome.ok() ? Status::IOError("other writers were faster each time") : outcome.status();
  }
  return last.WithMessage(operation, " of table ", root_, " failed: ", last.message());
}

Status Table::SetProperties(const std::map<std::string, std::string>& properties) {
  return UpdateMetadata("SET TBLPROPERTIES", [&](Metadata* metadata) -> Result<bool> {
    const auto before = metadata->configuration;
    for (const auto& [key, value] : properties) metadata->configuration[key] = value;
    return metadata->configuration != before;
  });
}

}  // namespace pregao::lake
