#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/types.h"
#include "medallion/reject.h"

namespace pregao::engine {

/// How long things took, counted in buckets that do not depend on the data, so that machines can be added up.
struct Durations {
  static constexpr std::array<double, 13> kBounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                                  1,     2.5,  5,     10,   30,  60};  ///< seconds, inclusive
  std::array<std::int64_t, kBounds.size() + 1> counts{};  ///< of each bucket; the last has what is above all bounds
  double sum = 0;                                         ///< seconds

  void Add(double seconds) {
    ++counts[static_cast<std::size_t>(std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin())];
    sum += seconds;
  }
};

/// How far the tables are behind one partition.
struct PartitionLag {
  Offset position;                    ///< the next that the tables want
  Offset end;                         ///< behind the topic's newest record
  std::optional<TimestampMs> oldest;  ///< the topic's time of about the first record from `position`, once it was read

  /// Offsets, holes included.
  [[nodiscard]] std::int64_t records() const { return std::max<std::int64_t>(0, end - position); }
};

/// What an engine has done since it was started. A snapshot, consistent in itself.
struct EngineStats {
  std::int64_t consumed = 0;    ///< records read, those read again after a fencing included
  std::int64_t rows = 0;        ///< committed to Silver
  std::int64_t duplicates = 0;  ///< of committed batches
  std::array<std::int64_t, medallion::kRejectCount> rejects{};  ///< of committed batches
  std::int64_t quarantined = 0;                                 ///< committed to Quarantine
  std::int64_t commits = 0;                                     ///< batches in all tables
  std::int64_t bytes = 0;                        ///< of data files written, or of rows that BigQuery took
  std::int64_t fencings = 0;                     ///< batches given up to another writer
  std::int64_t retries = 0;                      ///< sessions begun again after an error
  std::int64_t lost = 0;                         ///< offsets that the topic's retention removed before they were read
  std::int64_t lag = 0;                          ///< records in the topic behind which the tables are
  std::map<Partition, PartitionLag> partitions;  ///< those that this engine reads
  std::optional<TimestampMs> last_commit;
  double last_commit_ms = 0;           ///< how long its writing took
  Durations commit_durations;          ///< of all commits
  std::optional<TimestampMs> reading;  ///< since when without an interruption; nullopt: not (yet, or again)
  std::string topic_problem;           ///< why the topic did not answer when last asked; empty: it did
  std::string open_problem;            ///< why the tables could not be opened when last tried; empty: they could
  std::string write_problem;           ///< why the last batch is not in the tables; empty: it is
  std::string last_problem;            ///< newest of any kind; empty if none

  [[nodiscard]] std::int64_t rejected() const {
    std::int64_t sum = 0;
    for (const auto n : rejects) sum += n;
    return sum;
  }
};

}  // namespace pregao::engine
