#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/types.h"
#include "medallion/reject.h"

namespace pregao::engine {

/// What an engine has done since it was started. A snapshot, consistent in itself.
struct EngineStats {
  std::int64_t consumed = 0;    ///< records read, those read again after a fencing included
  std::int64_t rows = 0;        ///< committed to Silver
  std::int64_t duplicates = 0;  ///< of committed batches
  std::array<std::int64_t, medallion::kRejectCount> rejects{};  ///< of committed batches
  std::int64_t commits = 0;                                     ///< batches in all tables
  std::int64_t bytes = 0;                                       ///< of data files written
  std::int64_t fencings = 0;                                    ///< batches given up to another writer
  std::int64_t retries = 0;                                     ///< sessions begun again after an error
  std::int64_t lost = 0;  ///< offsets that the topic's retention removed before they were read
  std::int64_t lag = 0;   ///< records in the topic behind which the tables are
  std::optional<TimestampMs> last_commit;
  double last_commit_ms = 0;  ///< how long its writing took
  std::string last_problem;   ///< newest; empty if none

  [[nodiscard]] std::int64_t rejected() const {
    std::int64_t sum = 0;
    for (const auto n : rejects) sum += n;
    return sum;
  }
};

}  // namespace pregao::engine
