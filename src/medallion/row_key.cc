#include "medallion/row_key.h"

#include <arrow/array.h>
#include <xxhash.h>

#include "medallion/schema.h"

namespace pregao::medallion {

void RowHasher::Bytes(market::Field field, const void* data, std::size_t size) {
  const auto tag = static_cast<char>(field);
  const auto length = static_cast<std::uint32_t>(size);
  buffer_.push_back(tag);
  buffer_.append(reinterpret_cast<const char*>(&length), sizeof(length));
  buffer_.append(static_cast<const char*>(data), size);
}

void RowHasher::Add(market::Field field, double number) {
  number += 0.0;  // -0 becomes 0
  Bytes(field, &number, sizeof(number));
}
void RowHasher::Add(market::Field field, std::int64_t number) { Bytes(field, &number, sizeof(number)); }
void RowHasher::Add(market::Field field, std::string_view text) { Bytes(field, text.data(), text.size()); }

RowKey RowHasher::Finish() {
  const XXH128_hash_t hash = XXH3_128bits(buffer_.data(), buffer_.size());
  buffer_.clear();
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
