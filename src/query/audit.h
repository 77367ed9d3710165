#pragma once
/// The proof that nothing was lost and nothing stands twice.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/audit_records.h"
#include "query/session.h"
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

/// What the audit covers of one partition: offsets [0, limit), of which the tables have:
struct PartitionAudit {
  std::string topic, generation;
  std::int32_t partition = 0;
  std::int64_t limit = 0;  ///< the least of the tables' positions
  std::int64_t bronze = 0, silver = 0, quarantine = 0;
  std::int64_t duplicates = 0;  ///< records in Bronze that repeat a row of Silver
  std::int64_t lost = 0;        ///< offsets that the topic removed before they were read
};

/// What a repair starts from: kept when it is asked for.
struct AuditLosses {
  std::vector<RecordId> missing_in_bronze;  ///< records of Bronze that are nowhere behind it
  std::vector<RecordId> missing_in_topic;   ///< the same of the topic, where Bronze has not told of them
  std::vector<RecordId> not_in_bronze;      ///< records of the topic that Bronze lacks
  /// The tables' versions before the audit first looked; null where there is none.
  std::shared_ptr<const lake::Snapshot> bronze, quarantine, silver;

  [[nodiscard]] bool empty() const {
    return missing_in_bronze.empty() && missing_in_topic.empty() && not_in_bronze.empty();
  }
};

/// Positions that the tables' logs do not tell, because their engine keeps its own: view -> appId -> next offset. The
/// greater of such a position and the log's counts. Where quarantine is named, it is not committed before Silver, and
/// the audit ends at its positions too.
using Reached = std::map<std::string, std::map<std::string, std::int64_t>>;

struct AuditReport {
  static constexpr std::size_t kShown = 100;  ///< findings of each kind that are listed; all are counted
  std::vector<PartitionAudit> partitions;
  std::vector<Finding> findings;
  std::int64_t found = 0;
  bool from_bronze = false;  ///< every record of Bronze was followed
  bool from_topic = false;   ///< every record that the topic retains was followed
};

/// Follows every record below the tables' positions to its row in Silver, its row in Quarantine, or the row it repeats.
/// What nobody has read leaves no record: a hole in Bronze tells of it where the topic's offsets have none, else the
/// engine's own count in the log of Silver.
/// Works beside a running engine. @param topic  null: Bronze alone is the source; else its records are followed too.
/// KeyError: there is no Silver. Invalid: neither Bronze nor a topic; or two generations of one topic in one table.
/// @param losses  may be null
[[nodiscard]] Result<AuditReport> Audit(Session* session, topic::TopicReader* topic, AuditLosses* losses = nullptr,
                                        const Reached& reached = {});

}  // namespace pregao::query
