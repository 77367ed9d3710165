#include "lake/vacuum.h"

#include <algorithm>
#include <fmt/format.h>
#include <unordered_set>

#include "base/text.h"
#include "lake/checkpoint.h"
#include "lake/optimize.h"
#include "lake/partition_path.h"
#include "lake/store_path.h"

namespace pregao::lake {
namespace {

using std::chrono::milliseconds;

Status CheckRetention(const VacuumOptions& options) {
  if (options.retention.count() < 0) return Status::Invalid("the retention is negative");
  if (options.force || options.retention >= kSafeRetention) return Status::OK();
  return Status::Invalid("a retention of ", FormatDuration(options.retention), " is below ",
                         FormatDuration(kSafeRetention),
                         ": queries that run now may lose their files. Keep it longer, or force it when nobody reads");
}

/// The store's time, by an object that is written, looked at and deleted.
Result<TimestampMs> StoreNow(ObjectStore* store, const std::string& root) {
  // Readers pass over names that begin with '_'; a name of its own, for another vacuum may ask too.
  const std::string path = JoinPath(root, "_pregao_clock_" + NewUuid());
  TRY(store->Put(path, ""));  // no bytes: a full disk has no room for any, and vacuum is to make some
  TRY_ASSIGN(const auto infos, store->List(path));
  TRY(store->Delete(path));
  for (const auto& info : infos) {
    if (info.path == path) return info.modified;
  }
  return Status::IOError(path, " was written, but is not listed");
}

/// The table's objects but its log: below its first partition column's folders, where it has one.
Result<std::vector<ObjectInfo>> ListData(const Table& table, const Snapshot& snapshot) {
  std::string prefix = table.root().empty() ? "" : table.root() + "/";
  if (!snapshot.partition_columns.empty()) {  // folders come in the order of the columns' names
    prefix += *std::ranges::min_element(snapshot.partition_columns) + "=";
  }
  return table.store()->List(prefix);
}

bool IsDataFile(std::string_view path) {
  if (!path.ends_with(".parquet")) return false;
  for (std::size_t begin = 0; begin < path.size();) {
    if (path[begin] == '_' || path[begin] == '.') return false;
    const std::size_t slash = path.find('/', begin);
    if (slash == std::string_view::npos) break;
    begin = slash + 1;
  }
  return true;
}

struct Cutoffs {
  TimestampMs removed;  ///< files removed before may go
  TimestampMs unnamed;  ///< files that no log names and written before may go
};

Cutoffs CutoffsAt(TimestampMs now, milliseconds retention) {
  const milliseconds unnamed = std::max<milliseconds>(retention, kUnnamedFileAge) + kBriefLife;
  return {now + (-retention.count()), now + (-unnamed.count())};
}

/// What may be deleted of `infos`; the rest of what is not live is counted as spared.
VacuumReport Judge(const Table& table, const Snapshot& snapshot, const std::vector<ObjectInfo>& infos,
                   const Cutoffs& cutoffs) {
  std::unordered_set<std::string> live;
  for (const auto& file : snapshot.files) live.insert(UrlDecodePath(file->path));
  const auto removed = table.RemovedFiles();
  const std::size_t skip = table.root().empty() ? 0 : table.root().size() + 1;
  VacuumReport report;
  for (const auto& info : infos) {
    std::string path = info.path.substr(skip);
    if (!IsDataFile(path) || live.contains(path)) continue;
    const auto tombstone = removed.find(path);
    const bool orphan = tombstone == removed.end();
    if (orphan ? info.modified < cutoffs.unnamed : tombstone->second < cutoffs.removed) {
      report.bytes += info.size;
      report.files.push_back({std::move(path), info.size, info.modified, orphan});
    } else {
      ++report.spared_files;
      report.spared_bytes += info.size;
    }
  }
  return report;
}

/// Deletes the report's files; those that were not reached leave it.
Status Delete(const Table& table, const VacuumOptions& options, VacuumReport* report) {
  const std::int64_t all = std::ssize(report->files);
  for (std::int64_t done = 0; done < all; ++done) {
    if (options.stop.stop_requested()) {
      report->stopped = true;
      report->files.resize(static_cast<std::size_t>(done));
      report->bytes = 0;
      for (const auto& file : report->files) report->bytes += file.size;
      break;
    }
    TRY(table.store()->Delete(JoinPath(table.root(), report->files[static_cast<std::size_t>(done)].path)));
    if (options.progress) options.progress(done + 1, all);
  }
  return Status::OK();
}

}  // namespace

Result<VacuumReport> Vacuum(Table* table, const Clock& clock, const VacuumOptions& options) {
  TRY(CheckRetention(options));
  TRY_ASSIGN(auto snapshot, table->Refresh());
  TRY(CheckOwner(*snapshot, table->root()));
  TimestampMs now = clock.Now();
  if (!options.dry_run) {
    if (options.retention > table->RemovedFileRetention()) {
      const auto hours = std::chrono::ceil<std::chrono::hours>(options.retention).count();
      TRY(table->SetProperties({{"delta.deletedFileRetentionDuration", fmt::format("interval {} hours", hours)}}));
    }
    TRY_ASSIGN(const TimestampMs store_now, StoreNow(table->store().get(), table->root()));
    now = std::min(now, store_now);
  }
  // First the list, then the log: what was committed before the list is known to be live, what comes later is young.
  TRY_ASSIGN(const auto infos, ListData(*table, *snapshot));
  TRY_ASSIGN(snapshot, table->Refresh());
  TRY(CheckOwner(*snapshot, table->root()));
  VacuumReport report = Judge(*table, *snapshot, infos, CutoffsAt(now, options.retention));
  if (!options.dry_run) TRY(Delete(*table, options, &report));
  return report;
}

}  // namespace pregao::lake
