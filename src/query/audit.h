#pragma once
/// The proof that nothing was lost and nothing stands twice.
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/audit_records.h"
#include "query/audit_tables.h"
#include "topic/topic.h"

namespace pregao::query {

/// Something that must not be. The names of the kinds are part of the command's JSON.
struct Finding {
  std::string kind;  ///< missing, lost, doubled_offset, doubled_row, two_fates, unexpected, not_in_bronze
  std::string topic;
  std::int32_t partition = -1;  ///< -1: not about one record
  std::int64_t offset = -1;
  std::string detail;
};

/// What a repair starts from: kept when it is asked for.
struct AuditLosses {
  std::vector<RecordId> missing_in_bronze;  ///< records of Bronze that are nowhere behind it
  std::vector<RecordId> missing_in_topic;   ///< the same of the topic, where Bronze has not told of them
  std::vector<RecordId> not_in_bronze;      ///< records of the topic that Bronze lacks

  [[nodiscard]] bool empty() const {
    return missing_in_bronze.empty() && missing_in_topic.empty() && not_in_bronze.empty();
  }
};

struct AuditReport {
  static constexpr std::size_t kShown = 100;  ///< findings of each kind that are listed; all are counted
  std::vector<PartitionAudit> partitions;
  std::vector<Finding> findings;
  std::int64_t found = 0;
  bool from_bronze = false;  ///< every record of Bronze was followed
  bool from_topic = false;   ///< every record that the topic retains was followed
  std::int64_t unread = 0;   ///< offsets of that topic behind the tables' positions, which nobody has judged yet
};

/// Follows every record below the tables' positions to its row in Silver, its row in Quarantine, or the row it repeats.
/// What nobody has read leaves no record: a hole in Bronze tells of it where the topic's offsets have none, else the
/// engine's own count in the log of Silver.
/// Works beside a running engine. @param topic  null: Bronze alone is the source; else its records are followed too.
/// KeyError: there is no Silver. Invalid: neither Bronze nor a topic; the tables are of another topic, or of another
/// generation of it; or two generations of one topic in one table.
/// @param losses  may be null
[[nodiscard]] Result<AuditReport> Audit(AuditTables* tables, topic::TopicReader* topic, AuditLosses* losses = nullptr);

}  // namespace pregao::query
