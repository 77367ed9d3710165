#include "medallion/raw_builder.h"

#include "medallion/schema.h"

namespace pregao::medallion {

RawBuilder::RawBuilder(Kind kind)
    : kind_(kind), timestamp_(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), arrow::default_memory_pool()) {}

Status RawBuilder::Reserve(std::int64_t rows, std::int64_t key_bytes, std::int64_t value_bytes) {
  for (arrow::ArrayBuilder* builder :
       std::initializer_list<arrow::ArrayBuilder*>{&partition_, &offset_, &timestamp_, &key_, &value_}) {
    TRY(builder->Reserve(rows));
  }
  TRY(key_.ReserveData(key_bytes));
  return value_.ReserveData(value_bytes);
}

Status RawBuilder::Append(const Record& record) {
  const bool dated = record.timestamp_ms >= 0 && record.timestamp_ms <= kMaxTimestampMs;
  TRY(partition_.Append(record.partition));
  TRY(offset_.Append(record.offset));
  TRY(dated ? timestamp_.Append(record.timestamp_ms * 1000) : timestamp_.AppendNull());
  TRY(record.key ? key_.Append(*record.key) : key_.AppendNull());
  TRY(record.value ? value_.Append(*record.value) : value_.AppendNull());
  days_.push_back(dated ? DayOf(record.timestamp_ms * 1000) : 0);
  return Status::OK();
}

Status RawBuilder::Append(const Record& record, const Rejection& rejection) {
  TRY(reason_.Append(RejectName(rejection.reason)));
  TRY(detail_.Append(rejection.detail));
  return Append(record);
}

Result<std::shared_ptr<arrow::RecordBatch>> RawBuilder::Finish(std::string_view topic) {
  const std::int64_t rows = this->rows();
  days_.clear();
  arrow::ArrayVector columns;
  const auto finish = [&](auto* builder) -> Status {
    TRY_ASSIGN(auto column, builder->Finish());
    columns.push_back(std::move(column));
    return Status::OK();
  };
  arrow::StringBuilder topics;
  for (std::int64_t i = 0; i < rows; ++i) TRY(topics.Append(topic));
  if (kind_ == Kind::kQuarantine) {
    TRY(finish(&reason_));
    TRY(finish(&detail_));
  }
  TRY(finish(&topics));
  TRY(finish(&partition_));
  TRY(finish(&offset_));
  TRY(finish(&timestamp_));
  TRY(finish(&key_));
  TRY(finish(&value_));
  const auto& full = kind_ == Kind::kBronze ? BronzeSchema() : QuarantineSchema();
  TRY_ASSIGN(auto schema, full->RemoveField(full->num_fields() - 1));
  return arrow::RecordBatch::Make(std::move(schema), rows, std::move(columns));
}

}  // namespace pregao::medallion
