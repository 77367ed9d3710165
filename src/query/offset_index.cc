#include "query/offset_index.h"

#include <algorithm>
#include <fmt/format.h>

#include "query/audit_records.h"

namespace pregao::query {

Status OffsetIndex::Fetch(std::int32_t partition, std::int64_t begin, Block* block) {
  static const auto runs = arrow::schema({arrow::field("first", arrow::int64()), arrow::field("last", arrow::int64())});
  const std::string offset = tables_->Column("offset");
  *block = {begin, {}};
  // Within a run an offset and its rank grow alike; the same offset twice has one rank.
  return tables_->Each(
      fmt::format("SELECT MIN(o), MAX(o) FROM (SELECT {0} AS o, {0} - DENSE_RANK() OVER (ORDER BY {0}) AS run FROM {1} "
                  "WHERE topic = {2} AND {3} = {4} AND {0} >= {5} AND {0} < {6}) AS r GROUP BY run ORDER BY 1",
                  offset, tables_->Table(table_), tables_->Text(topic_), tables_->Column("partition"), partition, begin,
                  begin + kBlock),
      runs, [&](const arrow::RecordBatch& batch, std::int64_t row) {
        block->runs.emplace_back(IntAt(batch, 0, row), IntAt(batch, 1, row));
        return Status::OK();
      });
}

Result<bool> OffsetIndex::Has(std::int32_t partition, std::int64_t offset) {
  Block& block = blocks_[partition];
  const std::int64_t begin = offset - offset % kBlock;
  if (block.begin != begin) TRY(Fetch(partition, begin, &block));
  const auto after = std::ranges::upper_bound(block.runs, offset, {}, &std::pair<std::int64_t, std::int64_t>::first);
  return after != block.runs.begin() && offset <= std::prev(after)->second;
}

}  // namespace pregao::query
