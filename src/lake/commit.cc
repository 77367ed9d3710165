#include "lake/commit.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>
#include <set>

#include "lake/added_files.h"
#include "lake/partition_path.h"
#include "lake/protocol_check.h"
#include "lake/store_path.h"

namespace pregao::lake {
namespace {

constexpr char kOwner[] = "pregao.owner";
/// A store that does not answer takes 10 s and more to say so, each time.
constexpr int kRefusalsOnceStopped = 2;

std::string Property(const Snapshot& snapshot, const std::string& key) {
  const auto found = snapshot.properties.find(key);
  return found == snapshot.properties.end() ? "" : found->second;
}

}  // namespace

void BackOff(std::chrono::milliseconds first, int attempt) {
  constexpr std::int64_t kLongest = 1000;  // ms
  const std::int64_t full = std::min(kLongest, first.count() << std::min(attempt - 1, 10));
  if (full <= 0) return;
  thread_local std::minstd_rand random{std::random_device{}()};
  const std::int64_t wait = std::uniform_int_distribution<std::int64_t>(full / 2, full)(random);
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable().wait_for(lock, std::chrono::milliseconds(wait));  // nothing can end it early but chance
}

Committer::Committer(DeltaLog* log, const Clock* clock, const TableOptions* options,
                     std::shared_ptr<const Snapshot> base, Transaction txn, const Rebase* rebase)
    : log_(log),
      clock_(clock),
      options_(options),
      base_(std::move(base)),
      head_(base_),
      txn_(std::move(txn)),
      rebase_(rebase),
      id_(NewUuid()) {}

bool Committer::PositionsHold(const Snapshot& snapshot) const {
  return std::ranges::all_of(txn_.positions, [&](const PositionChange& change) {
    const auto held = snapshot.positions.find(change.app_id);
    return held == snapshot.positions.end() ? !change.from : change.from == held->second;
  });
}

Status Committer::CheckTransaction() const {
  const auto [protocol, metadata] = log_->rules();
  TRY(CheckWritable(protocol, metadata));
  if (!txn_.removes.empty() && txn_.data_change && IsAppendOnly(metadata)) {
    return Status::Invalid("the table is append-only (delta.appendOnly): nothing may be removed from it");
  }
  const std::set<std::string> columns(base_->partition_columns.begin(), base_->partition_columns.end());
  for (const auto& file : txn_.adds) {
    std::set<std::string> given;
    for (const auto& [column, value] : file.partition_values) given.insert(column);
    if (given != columns) {
      return Status::Invalid("file ", file.path, " does not give a value for each partition column of the table");
    }
  }
  for (const auto& change : txn_.positions) {
    if (change.from && change.to < *change.from) {
      return Status::Invalid("position of ", change.app_id, " would go back from ", *change.from, " to ", change.to);
    }
  }
  return Status::OK();
}

Status Committer::CheckRemoves() const {
  if (txn_.removes.empty()) return Status::OK();
  std::set<std::string> live;
  for (const auto& file : head_->files) live.insert(UrlDecodePath(file->path));
  for (const auto& file : txn_.removes) {
    if (live.contains(UrlDecodePath(file.path))) continue;
    return Status::Invalid("conflict: ", file.path, ", which this commit removes, is not live in version ",
                           head_->version.value, ": plan the operation again");
  }
  return Status::OK();
}

Status Committer::CheckFresh() const {
  const TimestampMs oldest = clock_->Now() + (-std::chrono::milliseconds(kMaxCommitDelay).count());
  for (const auto& file : txn_.adds) {
    if (file.modified >= oldest) continue;
    return Status::IOError(
        "file ", file.path, " has waited longer than ", kMaxCommitDelay.count(),
        " hours for its commit, so that vacuum may be about to delete it: its rows are to be written",
        " again; nothing was committed");
  }
  return Status::OK();
}

Status Committer::CheckSameTable(const Snapshot& newer) const {
  const auto [protocol, metadata] = log_->rules();
  TRY(CheckWritable(protocol, metadata));
  if (newer.table_id != base_->table_id) return Status::Invalid("the table was replaced by another one: start again");
  if (const std::string owner = Property(newer, kOwner); owner != Property(*base_, kOwner)) {
    return Status::Invalid("the table now belongs to '", owner, "' (property ", kOwner,
                           "): stop that one, or take the table over");
  }
  if (!newer.schema->Equals(*base_->schema) || newer.partition_columns != base_->partition_columns) {
    return Status::Invalid("the table's schema changed in version ", newer.version.value,
                           " or before: write the rows again for the new schema");
  }
  return Status::OK();
}

Result<std::optional<CommitResult>> Committer::CatchUp() {
  TRY_ASSIGN(DeltaLog::Since since, log_->ReadSince(head_->version));
  for (std::size_t i = 0; i < since.entries.size(); ++i) {
    const auto& info = since.entries[i].info;
    if (info && info->id == id_) {
      return CommitResult{CommitOutcome::kCommitted, head_->version + static_cast<std::int64_t>(i + 1)};
    }
  }
  if (since.entries.empty()) return std::nullopt;
  TRY(CheckSameTable(*since.newest));
  if (!PositionsHold(*since.newest)) return CommitResult{CommitOutcome::kFenced, since.newest->version};
  if (*rebase_) TRY((*rebase_)(*since.newest, FilesAdded(since.entries), &txn_));
  head_ = since.newest;
  TRY(CheckTransaction());
  TRY(CheckRemoves());
  return std::nullopt;
}

LogEntry Committer::MakeEntry() const {
  const TimestampMs now = clock_->Now();
  LogEntry entry;
  entry.info = CommitInfo{now, txn_.operation, txn_.metrics, id_};
  for (const auto& change : txn_.positions) entry.transactions.push_back({change.app_id, change.to, now});
  for (const auto& file : txn_.removes) {
    entry.removes.push_back({file.path, file.partition_values, file.size, now, txn_.data_change});
  }
  for (const auto& file : txn_.adds) entry.adds.push_back({std::make_shared<DataFile>(file), txn_.data_change});
  return entry;
}

Result<CommitResult> Committer::GiveUp(const Status& last, int attempts) {
  const auto found = CatchUp();
  if (found.ok() && *found) return **found;
  const bool unknown = !found.ok() && !found.status().IsInvalid() && !found.status().IsNotImplemented();
  return Status::IOError("commit ", id_, " on version ", head_->version.value, " failed after ", attempts,
                         " attempts: ", last.message(),
                         unknown ? "; the log cannot be read, so it may have happened nevertheless: look for this id"
                                 : "; nothing was committed");
}

Result<CommitResult> Committer::Run() {
  if (!PositionsHold(*base_)) return CommitResult{CommitOutcome::kFenced, base_->version};
  TRY(CheckTransaction());
  TRY(CheckRemoves());
  bool look = log_->snapshot()->version > head_->version;  // somebody got ahead of us: do not even try
  Status last;
  int attempt = 1, refusals = 0;  // by the store, since stop was requested
  for (; attempt <= options_->max_attempts && refusals < kRefusalsOnceStopped; ++attempt) {
    if (attempt > 1) BackOff(options_->retry_backoff, attempt - 1);
    if (look) {
      const auto found = CatchUp();
      if (found.ok() && *found) return **found;
      last = found.status();
      if (!last.ok() && !last.IsIOError()) return last;
      if (!last.ok()) {
        refusals += options_->stop.stop_requested();
        continue;
      }
    }
    TRY(CheckFresh());  // what earlier attempts may have put in place has been looked for
    const auto outcome = log_->Append(head_->version + 1, MakeEntry());
    if (outcome.ok() && *outcome == PutOutcome::kCreated) {
      return CommitResult{CommitOutcome::kCommitted, head_->version + 1};
    }
    // Lost to a rival, or an answer was: the log knows.
    last = outcome.ok() ? Status::IOError("other writers were faster each time") : outcome.status();
    refusals += !outcome.ok() && options_->stop.stop_requested();
    look = true;
  }
  return GiveUp(last, attempt - 1);
}

}  // namespace pregao::lake
