#include "medallion/silver_builder.h"

#include <arrow/array/util.h>

#include "medallion/schema.h"

namespace pregao::medallion {
namespace {

template <class Builder, class Value>
Status Put(Builder* builder, std::int64_t row, Value value) {
  if (const std::int64_t behind = row - builder->length(); behind > 0) TRY(builder->AppendNulls(behind));
  return builder->Append(value);
}

Result<std::shared_ptr<arrow::Array>> FinishColumn(arrow::ArrayBuilder* builder, std::int64_t rows) {
  // Most columns are absent from most batches: their memory is never touched.
  if (builder->length() == 0) return arrow::MakeArrayOfNull(builder->type(), rows);
  if (const std::int64_t behind = rows - builder->length(); behind > 0) TRY(builder->AppendNulls(behind));
  return builder->Finish();
}

Result<std::shared_ptr<arrow::Array>> Repeat(std::string_view text, std::int64_t rows) {
  arrow::StringBuilder builder;
  TRY(builder.Reserve(rows));
  TRY(builder.ReserveData(rows * static_cast<std::int64_t>(text.size())));
  for (std::int64_t i = 0; i < rows; ++i) builder.UnsafeAppend(text);
  return builder.Finish();
}

}  // namespace

SilverBuilder::SilverBuilder() {
  for (const auto& spec : market::kFields) {
    fields_[spec.field] = arrow::MakeBuilder(TypeOf(spec)).ValueOrDie();  // fails for unknown types alone
  }
  received_at_ = std::make_unique<arrow::TimestampBuilder>(TypeOf(market::kFields[market::kEventTime]),
                                                           arrow::default_memory_pool());
}

Status SilverBuilder::Append(const SilverRow& row, std::int32_t partition, std::int64_t offset) {
  for (std::uint64_t rest = row.present; rest != 0; rest &= rest - 1) {
    const auto field = static_cast<std::size_t>(__builtin_ctzll(rest));
    arrow::ArrayBuilder* builder = fields_[field].get();
    const SilverRow::Cell& cell = row.cells[field];
    switch (market::kFields[field].kind) {
      case market::FieldKind::kFloat:
      case market::FieldKind::kDouble:
        TRY(Put(static_cast<arrow::DoubleBuilder*>(builder), rows_, cell.number));
        break;
      case market::FieldKind::kInt:
        if (field == market::kEventTime) {
          TRY(Put(static_cast<arrow::TimestampBuilder*>(builder), rows_, cell.integer));
        } else {
          TRY(Put(static_cast<arrow::Int64Builder*>(builder), rows_, cell.integer));
        }
        break;
      case market::FieldKind::kString:
      case market::FieldKind::kQuoteType:
      case market::FieldKind::kMarketHours:
        TRY(Put(static_cast<arrow::StringBuilder*>(builder), rows_, cell.text));
        break;
    }
  }
  if (row.received_at_us) TRY(Put(received_at_.get(), rows_, *row.received_at_us));
  if (row.source) TRY(Put(&source_, rows_, *row.source));
  TRY(partition_.Append(partition));
  TRY(offset_.Append(offset));
  ++rows_;
  return Status::OK();
}

Result<std::shared_ptr<arrow::RecordBatch>> SilverBuilder::Finish(std::string_view topic) {
  const std::int64_t rows = rows_;
  rows_ = 0;
  arrow::ArrayVector columns;
  for (auto& builder : fields_) {
    TRY_ASSIGN(auto column, FinishColumn(builder.get(), rows));
    columns.push_back(std::move(column));
  }
  TRY_ASSIGN(auto received_at, FinishColumn(received_at_.get(), rows));
  TRY_ASSIGN(auto source, FinishColumn(&source_, rows));
  TRY_ASSIGN(auto topics, Repeat(topic, rows));
  TRY_ASSIGN(auto partition, partition_.Finish());
  TRY_ASSIGN(auto offset, offset_.Finish());
  for (auto& column : {received_at, source, topics, partition, offset}) columns.push_back(column);
  TRY_ASSIGN(auto schema, SilverSchema()->RemoveField(kDate));
  return arrow::RecordBatch::Make(std::move(schema), rows, std::move(columns));
}

}  // namespace pregao::medallion
