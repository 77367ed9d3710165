#include "lake/log_state.h"

#include <unordered_set>

#include "lake/checkpoint.h"
#include "lake/delta_schema.h"
#include "lake/partition_path.h"
#include "lake/protocol_check.h"

namespace pregao::lake {
namespace {

bool OutlivedBy(const Remove& remove, TimestampMs cutoff) { return remove.deleted.value_or(TimestampMs{}) < cutoff; }

/// Whether the file's own age tells as much as its tombstone would.
bool WasBrief(const DataFile& file, const Remove& remove) {
  if (!remove.deleted) return false;
  const std::int64_t lived = *remove.deleted - file.modified;
  return lived >= 0 && lived <= std::chrono::milliseconds(kBriefLife).count();
}

}  // namespace

Status LogState::Apply(const LogEntry& entry, TableVersion version) {
  std::shared_ptr<arrow::Schema> schema;
  if (entry.protocol) TRY(CheckReadable(*entry.protocol));
  if (entry.metadata) {
    TRY(CheckReadable(*entry.metadata));
    TRY_ASSIGN(schema, ParseDeltaSchema(entry.metadata->schema_string));
    for (const auto& column : entry.metadata->partition_columns) {
      if (!schema->GetFieldByName(column)) {
        return Status::Invalid("metaData: partition column '", column, "' is not in the schema");
      }
    }
  }
  // Nothing fails from here on.
  if (entry.protocol) protocol_ = entry.protocol;
  if (entry.metadata) {
    metadata_ = entry.metadata;
    schema_ = std::move(schema);
  }
  for (const auto& txn : entry.transactions) transactions_.insert_or_assign(txn.app_id, txn);
  ApplyFiles(entry);
  version_ = version;
  return Status::OK();
}

void LogState::ApplyFiles(const LogEntry& entry) {
  std::unordered_set<const DataFile*> gone;
  const auto take_out = [&](const std::string& key) -> std::shared_ptr<const DataFile> {
    const auto found = live_.find(key);
    if (found == live_.end()) return nullptr;
    auto file = std::move(found->second);
    gone.insert(file.get());
    live_.erase(found);
    return file;
  };
  std::vector<std::shared_ptr<const DataFile>> keep_alive;  // `gone` holds bare pointers
  for (const auto& remove : entry.removes) {
    std::string key = UrlDecodePath(remove.path);
    const auto file = keep_alive.emplace_back(take_out(key));
    if (!file || !WasBrief(*file, remove)) tombstones_.insert_or_assign(std::move(key), remove);
  }
  std::vector<std::shared_ptr<const DataFile>> added;
  for (const auto& add : entry.adds) {
    std::string key = UrlDecodePath(add.file->path);
    keep_alive.push_back(take_out(key));  // a second add of a path replaces the first
    tombstones_.erase(key);
    added.push_back(add.file);
    live_.emplace(std::move(key), add.file);
  }
  const auto is_gone = [&](const auto& file) { return gone.contains(file.get()); };
  if (!gone.empty()) {
    std::erase_if(files_, is_gone);
    std::erase_if(added, is_gone);
  }
  files_.insert(files_.end(), added.begin(), added.end());
}

Status LogState::CheckComplete() const {
  if (!protocol_) return Status::Invalid("the log has no protocol action: it is damaged");
  if (!metadata_) return Status::Invalid("the log has no metaData action: it is damaged");
  return Status::OK();
}

bool LogState::IsLive(std::string_view path) const { return live_.contains(UrlDecodePath(path)); }

std::shared_ptr<const Snapshot> LogState::MakeSnapshot() const {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->version = version_;
  snapshot->table_id = metadata_->id;
  snapshot->schema = schema_;
  snapshot->partition_columns = metadata_->partition_columns;
  snapshot->properties = metadata_->configuration;
  snapshot->files = files_;
  for (const auto& [app_id, txn] : transactions_) snapshot->positions.emplace(app_id, txn.version);
  return snapshot;
}

LogEntry LogState::MakeCheckpoint(TimestampMs tombstone_cutoff) const {
  LogEntry checkpoint;
  checkpoint.protocol = protocol_;
  checkpoint.metadata = metadata_;
  for (const auto& [app_id, txn] : transactions_) checkpoint.transactions.push_back(txn);
  for (const auto& [path, remove] : tombstones_) {
    if (OutlivedBy(remove, tombstone_cutoff)) continue;
    checkpoint.removes.push_back(remove);
    checkpoint.removes.back().data_change = false;
  }
  for (const auto& file : files_) checkpoint.adds.push_back({file, /*data_change=*/false});
  return checkpoint;
}

void LogState::DropTombstones(TimestampMs cutoff) {
  std::erase_if(tombstones_, [&](const auto& entry) { return OutlivedBy(entry.second, cutoff); });
}

}  // namespace pregao::lake
