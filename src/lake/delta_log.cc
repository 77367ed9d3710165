#include "lake/delta_log.h"

#include "lake/log_path.h"
#include "lake/log_reader.h"
#include "lake/store_path.h"

namespace pregao::lake {

Status DeltaLog::Load() {
  std::lock_guard lock(log_mutex_);
  TRY_ASSIGN(state_, LoadLogState(store_, root_));
  Publish();
  return Status::OK();
}

void DeltaLog::Publish() {
  auto snapshot = state_.MakeSnapshot();
  std::lock_guard lock(snapshot_mutex_);
  snapshot_.swap(snapshot);
}

std::shared_ptr<const Snapshot> DeltaLog::snapshot() const {
  std::lock_guard lock(snapshot_mutex_);
  return snapshot_;
}

LogState DeltaLog::state() const {
  std::lock_guard lock(log_mutex_);
  return state_;
}

std::pair<Protocol, Metadata> DeltaLog::rules() const {
  std::lock_guard lock(log_mutex_);
  return {state_.protocol(), state_.metadata()};
}

void DeltaLog::DropTombstones(TimestampMs cutoff) {
  std::lock_guard lock(log_mutex_);
  state_.DropTombstones(cutoff);
}

Status DeltaLog::ReloadIfCleaned() {
  const std::string path = LogEntryPath(root_, state_.version());
  if (!store_->GetRange(path, 0, 1).status().IsKeyError()) return Status::OK();
  TRY_ASSIGN(LogState fresh, LoadLogState(store_, root_));
  if (fresh.metadata().id != state_.metadata().id || fresh.version() < state_.version()) {
    return Status::Invalid("the table at ", JoinPath(store_->uri(), root_),
                           " was replaced by another one: start again");
  }
  state_ = std::move(fresh);
  Publish();
  return Status::OK();
}

Status DeltaLog::Advance(std::vector<LogEntry>* read) {
  const TableVersion before = state_.version();
  Status status;
  for (;;) {
    const TableVersion version = state_.version() + 1;
    auto entry = ReadLogEntry(store_, root_, version);
    status = entry.status();
    if (!status.ok()) break;
    if (status = state_.Apply(*entry, version); !status.ok()) {
      status = status.WithMessage(JoinPath(store_->uri(), LogEntryPath(root_, version)), ": ", status.message());
      break;
    }
    if (read != nullptr) read->push_back(std::move(*entry));
  }
  if (state_.version() != before) Publish();
  if (!status.IsKeyError()) return status;
  // Nothing after our version: it is the newest, or so old that what follows has been cleaned up.
  return state_.version() == before ? ReloadIfCleaned() : Status::OK();
}

Result<std::shared_ptr<const Snapshot>> DeltaLog::Refresh() {
  std::lock_guard lock(log_mutex_);
  TRY(Advance(nullptr));
  return snapshot();
}

Result<DeltaLog::Since> DeltaLog::ReadSince(TableVersion base) {
  std::lock_guard lock(log_mutex_);
  std::vector<LogEntry> read;
  TRY(Advance(&read));
  Since since{snapshot(), {}};
  // What an earlier refresh has read is not kept: read it again.
  const TableVersion first_read = state_.version() + 1 + (-std::ssize(read));
  for (TableVersion version = base + 1; version < first_read; version = version + 1) {
    auto entry = ReadLogEntry(store_, root_, version);
    if (entry.status().IsKeyError()) {
      return Status::Invalid("version ", base.value, " of ", JoinPath(store_->uri(), root_),
                             " is older than the log goes back: start from a new snapshot");
    }
    TRY_ASSIGN(since.entries.emplace_back(), std::move(entry));
  }
  for (std::size_t i = 0; i < read.size(); ++i) {
    if (first_read + static_cast<std::int64_t>(i) > base) since.entries.push_back(std::move(read[i]));
  }
  return since;
}

Result<PutOutcome> DeltaLog::Append(TableVersion version, const LogEntry& entry) {
  TRY_ASSIGN(const PutOutcome outcome, store_->PutIfAbsent(LogEntryPath(root_, version), WriteLogEntry(entry)));
  if (outcome == PutOutcome::kExists) return outcome;
  std::lock_guard lock(log_mutex_);
  // Another thread's refresh may have read it already, or this log may be behind the caller's base.
  if (state_.version() + 1 == version) {
    TRY(state_.Apply(entry, version));
    Publish();
  }
  return outcome;
}

}  // namespace pregao::lake
