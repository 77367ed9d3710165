#pragma once
/// OPTIMIZE: small files of a partition become few large sorted ones. The rows stay the same.
#include <functional>
#include <stop_token>

#include "base/clock.h"
#include "lake/data_file.h"
#include "lake/pack_plan.h"
#include "lake/table.h"

namespace pregao::lake {

/// The engine that owns a table by its property `pregao.owner` alone may change it.
inline constexpr const char* kEmbeddedOwner = "embedded";
/// Invalid, naming the owner, when the table belongs to another engine.
[[nodiscard]] Status CheckOwner(const Snapshot& snapshot, const std::string& table);

struct OptimizeReport {
  std::int64_t bins = 0;                           ///< packed
  std::int64_t overtaken = 0;                      ///< bins whose files somebody else rewrote or removed first
  std::int64_t files_before = 0, files_after = 0;  ///< of the packed bins
  std::int64_t bytes_before = 0, bytes_after = 0;
  std::int64_t rows = 0;
  bool stopped = false;  ///< before all bins were done
};

struct OptimizeOptions {
  std::int64_t target_size = 128 << 20;  ///< bytes of a file
  /// Decoded bytes held at a time: at most about twice as much. It bounds the rows of a file too.
  std::int64_t memory = 128 << 20;
  PackRule open, closed;  ///< closed: of dates that are past by an hour and more
  WriteOptions write;
  bool dry_run = false;   ///< plan only: the report has files_before, bytes_before and bins
  std::stop_token stop;   ///< the bin at hand is finished
  std::stop_token abort;  ///< the bin at hand is given up; a file of it that no log names is left to vacuum
  /// Told after each file that was read, and after each bin: files so far, and of how many.
  std::function<void(std::int64_t done, std::int64_t of)> progress;
};

/// Packs what is worth it on the table's newest version, one commit (operation OPTIMIZE) a bin. Safe beside appends,
/// readers and other optimizers: a bin is committed only while each of its files is live. Invalid for a table of
/// another owner.
[[nodiscard]] Result<OptimizeReport> Optimize(Table* table, const Clock& clock, const OptimizeOptions& options);

}  // namespace pregao::lake
