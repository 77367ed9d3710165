#pragma once
/// VACUUM: deletes data files that no version within the retention needs.
#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "lake/table.h"

namespace pregao::lake {

/// The least retention that needs no force: as long as files that no log names are spared anyway.
inline constexpr std::chrono::hours kSafeRetention = kUnnamedFileAge;

struct VacuumOptions {
  std::chrono::milliseconds retention = std::chrono::days(7);  ///< a file is spared so long after its removal
  bool force = false;    ///< allow a retention below kSafeRetention: whoever reads an older version is broken
  bool dry_run = false;  ///< list only; writes nothing
  std::stop_token stop;
  std::function<void(std::int64_t done, std::int64_t of)> progress;  ///< files deleted
};

struct VacuumedFile {
  std::string path;  ///< relative to the table's root
  std::int64_t size = 0;
  TimestampMs modified;
  bool orphan = false;  ///< no log names it: never committed, or forgotten by now
};

struct VacuumReport {
  std::vector<VacuumedFile> files;  ///< deleted, or to be deleted (dry run)
  std::int64_t bytes = 0;
  std::int64_t spared_files = 0, spared_bytes = 0;  ///< not live, and too young
  bool stopped = false;                             ///< before all were deleted
};

/// Deletes data files (*.parquet, none under a name that begins with '_' or '.') that are not live and
/// - were removed longer than the retention ago, by the log; or
/// - are in no log and older than the retention plus kBriefLife, and than kUnnamedFileAge plus kBriefLife.
/// Ages are by the store's clock or ours, whichever is behind. A retention beyond what the log remembers is made a
/// property of the table (delta.deletedFileRetentionDuration) first. Invalid for a table of another owner, and for an
/// unsafe retention. Safe beside writers, optimizers and other vacuums.
[[nodiscard]] Result<VacuumReport> Vacuum(Table* table, const Clock& clock, const VacuumOptions& options);

}  // namespace pregao::lake
