#pragma once
/// What travels down the engine's pipe.
#include <array>
#include <arrow/record_batch.h>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/types.h"
#include "medallion/reject.h"
#include "medallion/row_key.h"
#include "topic/topic.h"

namespace pregao::engine {

/// A row of Batch::silver that is to be written.
struct Pick {
  std::int64_t row = 0;  ///< in Batch::silver
  std::int32_t day = 0;  ///< of event_time, UTC, since the epoch
  std::int64_t event_time_us = 0;
  medallion::RowKey key;
};

/// Offsets [low, high) that the topic's retention removed before they were read.
using Lost = std::multimap<Partition, topic::OffsetRange>;

/// Records on their way into one commit of each table. Offsets of a partition are [from, to), holes included.
struct Batch {
  std::uint32_t number = 0;  ///< 1, 2, … within a session
  TableVersion judged_at;    ///< Silver's version that its duplicates were judged against, at the latest
  topic::Positions from, to;
  Lost lost;  ///< within [from, to) of their partitions: the commits record them
  std::int64_t consumed = 0;
  std::vector<std::shared_ptr<const topic::RecordBatch>> records;  ///< for Bronze; empty where Start::bronze is not set
  std::shared_ptr<arrow::RecordBatch> silver;                      ///< as medallion::SilverBuilder makes it
  std::vector<Pick> picks;
  std::shared_ptr<arrow::RecordBatch> quarantine;  ///< QuarantineSchema() but `date`
  std::vector<std::int32_t> quarantine_days;
  std::int64_t duplicates = 0;
  std::array<std::int64_t, medallion::kRejectCount> rejects{};
};

}  // namespace pregao::engine
