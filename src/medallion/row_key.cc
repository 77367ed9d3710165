#include "medallion/row_key.h"

#define XXH_INLINE_ALL
#include <arrow/array.h>
#include <xxhash.h>

#include "medallion/schema.h"

namespace pregao::medallion {

RowKey RowHasher::Finish() {
  const XXH128_hash_t hash = XXH3_128bits(buffer_.data(), size_);
  size_ = 0;
  return {hash.high64, hash.low64};
}

const std::vector<std::string>& IdentityColumns() {
  static const auto names = [] {
    std::vector<std::string> out;
    for (const auto& spec : market::kFields) out.emplace_back(spec.column);
    return out;
  }();
  return names;
}

Result<std::vector<KeyedRow>> HashRows(const arrow::Table& rows) {
  if (rows.num_columns() != static_cast<int>(market::kFieldCount)) return Status::Invalid("HashRows: wrong columns");
  std::vector<KeyedRow> out;
  out.reserve(static_cast<std::size_t>(rows.num_rows()));
  RowHasher hasher;
  arrow::TableBatchReader reader(rows);
  std::shared_ptr<arrow::RecordBatch> batch;
  for (;;) {
    TRY(reader.ReadNext(&batch));
    if (!batch) return out;
    for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
      KeyedRow keyed;
      for (const auto& spec : market::kFields) {
        const arrow::Array& column = *batch->column(static_cast<int>(spec.field));
        if (column.IsNull(row)) continue;
        switch (column.type_id()) {
          case arrow::Type::DOUBLE:
            hasher.Add(spec.field, static_cast<const arrow::DoubleArray&>(column).Value(row));
            break;
          case arrow::Type::INT64:
            hasher.Add(spec.field, static_cast<const arrow::Int64Array&>(column).Value(row));
            break;
          case arrow::Type::TIMESTAMP:
            keyed.event_time_us = static_cast<const arrow::TimestampArray&>(column).Value(row);
            hasher.Add(spec.field, keyed.event_time_us);
            break;
          case arrow::Type::STRING: {
            const std::string_view text = static_cast<const arrow::StringArray&>(column).GetView(row);
            if (spec.field == market::kTicker) keyed.ticker = text;
            hasher.Add(spec.field, text);
            break;
          }
          default:
            return Status::Invalid("column ", spec.column, " has type ", column.type()->ToString());
        }
      }
      keyed.key = hasher.Finish();
      out.push_back(std::move(keyed));
    }
  }
}

}  // namespace pregao::medallion
