#pragma once
/// Gold: Silver's new rows -> gold/bars, each once.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "lake/data_file.h"
#include "lake/object_store.h"
#include "lake/table.h"

namespace pregao::engine {

struct GoldOptions {
  std::chrono::milliseconds interval{5'000};  ///< between two looks at Silver
  bool until_end = false;                     ///< stop where Silver is when the work begins
  bool rebuild = false;                       ///< begin by building every bar anew from all of Silver
  bool finish = false;                        ///< when stopped, what Silver has by then is still built
  std::int64_t max_ticks = 500'000;           ///< of one commit; a single version of Silver may have more
  std::int64_t rebuild_ticks = 2'000'000;     ///< held at a time while building anew
  int max_fencings = 8;                       ///< in a row, then Run gives up
  int max_retries = 12;                       ///< of errors in a row, then Run returns the last
  std::chrono::milliseconds retry_min{200}, retry_max{30'000};  ///< doubled
  lake::WriteOptions write = {};
  lake::TableOptions table = {};
  /// How far the work at hand is: rows of Silver while bars are built anew, else its versions. In Run's thread.
  std::function<void(std::int64_t done, std::int64_t of)> progress = {};
};

struct GoldStats {
  std::int64_t ticks = 0;      ///< rows of Silver that were looked at
  std::int64_t bars = 0;       ///< rows written: bars and revisions of bars
  std::int64_t revisions = 0;  ///< of these, those of bars that were there before
  std::int64_t falls = 0;      ///< of day_volume within a session: flagged, counted as no volume
  std::int64_t commits = 0, bytes = 0, rebuilds = 0, fencings = 0, retries = 0;
  std::int64_t behind = 0;  ///< versions of Silver not yet looked at, when last seen
  std::optional<TimestampMs> last_commit;
  std::string last_problem;  ///< that was retried
};

/// One writer of gold/bars. The table's position in Silver, `txn {appId: "pregao:gold:<Silver's table id>", version:
/// next version to read}`, moves in the commit that holds the bars; a second writer is fenced by it. Nothing else is
/// remembered between processes. A first run, and one whose next versions have been cleaned from Silver's log, builds
/// all bars anew and writes those that differ.
class Gold {
 public:
  /// `clock` must outlive it.
  Gold(std::shared_ptr<lake::ObjectStore> store, const Clock* clock, GoldOptions options);

  /// Runs until `stop` (OK), the end (until_end), or an error that stays. A Silver that is not there yet is waited for,
  /// or KeyError with until_end.
  [[nodiscard]] Status Run(std::stop_token stop);
  /// Thread-safe.
  [[nodiscard]] GoldStats stats() const;

 private:
  enum class End { kStopped, kDone, kFenced };
  [[nodiscard]] Result<End> RunSession(std::stop_token stop);
  [[nodiscard]] Result<std::shared_ptr<lake::Table>> AwaitSilver(std::stop_token stop);
  template <class F>
  void Update(F&& change) {
    const std::lock_guard lock(mutex_);
    change(stats_);
  }

  const std::shared_ptr<lake::ObjectStore> store_;
  const Clock* const clock_;  // not owned
  GoldOptions options_;
  mutable std::mutex mutex_;
  GoldStats stats_;  // guarded by mutex_
};

}  // namespace pregao::engine
