#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace pregao::spark {

/// One progress report of a streaming query. Source: StreamingQueryProgress of Spark 4.
struct Progress {
  std::int64_t batch = 0;
  std::int64_t rows = 0;                      ///< read by that batch
  double input_rate = 0, processed_rate = 0;  ///< rows a second
  std::string end_offsets;                    ///< Kafka's, as Spark's JSON: {"topic":{"0":17}}; empty when none is told
  std::string watermark;                      ///< empty when the query has none
  std::int64_t state_rows = 0;                ///< what the dropping of duplicates remembers
  std::int64_t late_rows = 0;                 ///< dropped by that batch: later than the watermark
};

/// A query and its last progress.
struct QueryReport {
  std::string table;  ///< that it fills: bronze, quarantine or silver
  bool active = false;
  Progress progress;
};

/// Invalid when the text is not such a report.
[[nodiscard]] Result<Progress> ParseProgress(std::string_view json);

}  // namespace pregao::spark
