#pragma once
/// The tables' upkeep beside whoever appends to them: packing, vacuum, log clean-up.
#include <chrono>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "lake/object_store.h"
#include "lake/optimize.h"
#include "lake/table.h"

namespace pregao::lake {

struct UpkeepOptions {
  std::chrono::milliseconds interval{15'000};                  ///< between two looks at the tables
  std::chrono::milliseconds clean_every{3'600'000};            ///< vacuum, checkpoint and log clean-up of a table
  std::chrono::milliseconds retention = std::chrono::days(7);  ///< of removed files
  /// Open partitions: when so many small files have piled up. Closed ones: once, and when late rows add up to 1/64.
  OptimizeOptions optimize = [] {
    OptimizeOptions options;
    options.open = {64, 1};
    options.closed = {2, 64};
    return options;
  }();
  TableOptions table;
};

/// Looks after tables, each by a handle of its own. Absent tables and those of another owner are passed over. Not
/// thread-safe.
class Upkeep {
 public:
  /// `clock` must outlive it.
  Upkeep(std::shared_ptr<ObjectStore> store, std::vector<std::string> roots, const Clock* clock, UpkeepOptions options);

  /// One look at every table. What fails is logged and tried again at the next; stopped, it gives up the bin at hand.
  void Look(std::stop_token stop);
  /// Looks every interval until stopped, in the calling thread, at a low priority.
  void Run(std::stop_token stop);

 private:
  struct Kept {
    std::string root;
    std::shared_ptr<Table> table;  // null: absent, or to be opened again
    std::optional<TimestampMs> cleaned;
    bool foreign = false;  // said once
  };
  Status LookAt(Kept* kept, std::stop_token stop);
  Status Clean(Kept* kept, std::stop_token stop);

  const std::shared_ptr<ObjectStore> store_;
  const Clock* const clock_;  // not owned
  const UpkeepOptions options_;
  std::vector<Kept> tables_;
};

}  // namespace pregao::lake
