#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "query/audit_tables.h"

namespace pregao::query {

/// Which offsets of a topic a table has, for those who ask in the order of a partition's offsets: they are fetched as
/// runs, a million offsets of a partition by one query. What comes to the table after that may not be seen. Memory: 16
/// bytes a run of such a block for each partition.
class OffsetIndex {
 public:
  static constexpr std::int64_t kBlock = 1 << 20;  ///< offsets of a partition

  /// `tables` outlives it.
  OffsetIndex(AuditTables* tables, std::string table, std::string topic)
      : tables_(tables), table_(std::move(table)), topic_(std::move(topic)) {}

  [[nodiscard]] Result<bool> Has(std::int32_t partition, std::int64_t offset);

 private:
  struct Block {
    std::int64_t begin = -1;                                  // a multiple of kBlock
    std::vector<std::pair<std::int64_t, std::int64_t>> runs;  // [first, last], in order
  };
  [[nodiscard]] Status Fetch(std::int32_t partition, std::int64_t begin, Block* block);

  AuditTables* const tables_;
  const std::string table_, topic_;
  std::map<std::int32_t, Block> blocks_;  // by partition
};

}  // namespace pregao::query
