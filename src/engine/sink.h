#pragma once
/// The sink seam: where the medallion's rows go, exactly once. The lake's Delta tables here; BigQuery beside it.
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/status.h"
#include "engine/batch.h"
#include "medallion/dedupe.h"
#include "topic/topic.h"

namespace pregao::engine {

/// Records by their place in the topic.
using RecordPlaces = std::set<std::pair<Partition, Offset>>;

/// Where a session begins, as the tables say.
struct Start {
  topic::Positions read_from;        ///< the least of the tables' positions; absent: the topic's first offset
  topic::Positions judge_from;       ///< Silver holds what is below
  topic::Positions quarantine_from;  ///< Quarantine holds what is below
  RecordPlaces skip;                 ///< behind judge_from, and done with all the same
  TableVersion version;              ///< of Silver, that `memory` knows
  std::unique_ptr<medallion::DedupeMemory> memory;
  bool bronze = true;                      ///< the sink wants the records of a batch as they came
  medallion::KeyLookup* lookup = nullptr;  ///< lives as long as the sink; used by another thread than Write
};

struct Written {
  bool fenced =
      false;  ///< another writer owns a partition of the batch: some tables may have it already, Silver has not
  bool begin_again = false;     ///< written, but the dedupe memory holds rows that the sink had to refuse
  TableVersion version;         ///< Silver's newest that this sink has seen
  std::int64_t rows = 0;        ///< in Silver
  std::int64_t duplicates = 0;  ///< the batch's, and those that others wrote first
  std::int64_t quarantined = 0;
  std::int64_t bytes = 0;                    ///< of the files; to BigQuery, of the rows as they travel
  std::vector<medallion::KeyedRow> foreign;  ///< rows that others added to Silver since this sink last looked
};

/// Not thread-safe.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Opens or creates the tables and reads their positions; also the way back after a fencing or an error: what was
  /// not committed is forgotten. Invalid: the topic is another one than the tables', or the tables are not ours.
  [[nodiscard]] virtual Result<Start> Begin(const topic::TopicInfo& topic,
                                            const std::vector<Partition>& partitions) = 0;
  /// Writes a batch to Bronze, Quarantine and Silver, in that order; each skips what it holds. Batches come in order.
  /// On an error any prefix of the tables may have it; Begin tells.
  [[nodiscard]] virtual Result<Written> Write(Batch batch) = 0;
};

}  // namespace pregao::engine
