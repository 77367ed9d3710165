#include "medallion/row_key.h"

#define XXH_INLINE_ALL
#include <arrow/array.h>
#include <bit>
#include <utility>
#include <xxhash.h>

#include "medallion/schema.h"

namespace pregao::medallion {
namespace {

Status AddCell(const arrow::RecordBatch& batch, market::Field field, std::int64_t row, RowHasher* hasher,
               KeyedRow* keyed) {
  const arrow::Array& column = *batch.column(static_cast<int>(field));
  if (column.IsNull(row)) return Status::OK();
  switch (column.type_id()) {
    case arrow::Type::DOUBLE:
      hasher->Add(field, static_cast<const arrow::DoubleArray&>(column).Value(row));
      return Status::OK();
    case arrow::Type::INT64:
      hasher->Add(field, static_cast<const arrow::Int64Array&>(column).Value(row));
      return Status::OK();
    case arrow::Type::TIMESTAMP:
      keyed->event_time_us = static_cast<const arrow::TimestampArray&>(column).Value(row);
      hasher->Add(field, keyed->event_time_us);
      return Status::OK();
    case arrow::Type::STRING: {
      const std::string_view text = static_cast<const arrow::StringArray&>(column).GetView(row);
      if (field == market::kTicker) keyed->ticker = text;
      hasher->Add(field, text);
      return Status::OK();
    }
    default:
      return Status::Invalid("column ", market::kFields[field].column, " has type ", column.type()->ToString());
  }
}

}  // namespace

RowKey RowHasher::Finish() {
  std::memcpy(buffer_.data(), &present_, sizeof(present_));
  const XXH128_hash_t hash = XXH3_128bits(buffer_.data(), std::exchange(size_, sizeof(present_)));
  present_ = 0;
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
      for (const std::uint64_t sort : {kSorts.numbers, kSorts.integers, kSorts.texts}) {
        for (std::uint64_t rest = sort; rest != 0; rest &= rest - 1) {
          TRY(AddCell(*batch, static_cast<market::Field>(std::countr_zero(rest)), row, &hasher, &keyed));
        }
      }
      keyed.key = hasher.Finish();
      out.push_back(std::move(keyed));
    }
  }
}

}  // namespace pregao::medallion
