#pragma once
/// The seam between the audit and where the tables are: a lake (LakeAuditTables), or a dataset of BigQuery.
#include <arrow/record_batch.h>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "medallion/dedupe.h"

namespace pregao::query {

/// What the audit covers of one partition: offsets [0, limit), of which the tables have:
struct PartitionAudit {
  std::string topic, generation;
  std::int32_t partition = 0;
  std::int64_t limit = 0;  ///< the least of the tables' positions
  std::int64_t bronze = 0, silver = 0, quarantine = 0;
  std::int64_t duplicates = 0;  ///< records that repeat a row of Silver
  std::int64_t lost = 0;        ///< offsets that the topic removed before they were read
};

/// The tables `bronze`, `silver` and `quarantine`, asked by SQL that DuckDB and BigQuery both speak. Not thread-safe.
class AuditTables {
 public:
  using OnRow = std::function<Status(const arrow::RecordBatch& rows, std::int64_t row)>;
  virtual ~AuditTables() = default;

  /// Looks at the tables anew: their partitions, and how far each can be judged. To be called first.
  /// KeyError: there is no Silver. Invalid: two generations of one topic in one table.
  [[nodiscard]] virtual Result<std::vector<PartitionAudit>> Limits() = 0;
  [[nodiscard]] virtual bool Has(const std::string& table) const = 0;
  /// Looks up rows of Silver.
  [[nodiscard]] virtual medallion::KeyLookup* lookup() = 0;

  /// Gives the rows of a SELECT one by one, a batch of them in memory. Its columns are of these types: text (utf8),
  /// whole numbers (int64), bytes (binary).
  [[nodiscard]] virtual Status Each(const std::string& sql, const std::shared_ptr<arrow::Schema>& schema,
                                    const OnRow& on_row) = 0;
  // Parts of such a SELECT.
  [[nodiscard]] virtual std::string Table(const std::string& table) const = 0;
  [[nodiscard]] virtual std::string Column(const std::string& name) const = 0;
  [[nodiscard]] virtual std::string Text(const std::string& text) const = 0;
  /// A column of time as whole milliseconds, or microseconds, since the epoch.
  [[nodiscard]] virtual std::string Millis(const std::string& column) const = 0;
  [[nodiscard]] virtual std::string Micros(const std::string& column) const = 0;
};

}  // namespace pregao::query
