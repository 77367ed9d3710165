#include "medallion/silver_builder.h"

#include <arrow/array/array_dict.h>
#include <arrow/array/util.h>
#include <arrow/scalar.h>
#include <bit>
#include <cstring>
#include <utility>

#include "medallion/schema.h"

namespace pregao::medallion {
namespace {

/// SilverSchema() but `date`, with WordType for text.
std::shared_ptr<arrow::Schema> BatchSchema() {
  arrow::FieldVector fields;
  for (const auto& field : SilverSchema()->fields()) {
    const bool text = field->type()->id() == arrow::Type::STRING;
    fields.push_back(text ? field->WithType(WordType()) : field);
  }
  fields.pop_back();
  return arrow::schema(std::move(fields));
}

/// A column without a value, on memory of zeros that all of them share.
std::shared_ptr<arrow::Array> Nulls(const std::shared_ptr<arrow::DataType>& type, std::int64_t rows,
                                    const std::shared_ptr<arrow::Buffer>& zeros) {
  static const auto kNoWords = arrow::MakeEmptyArray(arrow::utf8()).ValueOrDie()->data();
  auto data = arrow::ArrayData::Make(type, rows, {zeros, zeros}, rows);
  if (type == WordType()) data->dictionary = kNoWords;
  return arrow::MakeArray(data);
}

template <class Value>
Result<std::shared_ptr<arrow::Array>> Finish(FixedColumn<Value>* column, const std::shared_ptr<arrow::DataType>& type,
                                             std::int64_t rows, const std::shared_ptr<arrow::Buffer>& zeros) {
  if (column->empty()) return Nulls(type, rows, zeros);
  TRY_ASSIGN(auto data, column->Finish(type, rows));
  return arrow::MakeArray(data);
}

Result<std::shared_ptr<arrow::Array>> Finish(WordColumn* column, std::int64_t rows,
                                             const std::shared_ptr<arrow::Buffer>& zeros) {
  return column->empty() ? Nulls(WordType(), rows, zeros) : column->Finish(rows);
}

/// One word, `rows` times.
Result<std::shared_ptr<arrow::Array>> Repeat(std::string_view text, std::int64_t rows) {
  TRY_ASSIGN(auto indices, arrow::MakeArrayFromScalar(arrow::Int32Scalar(0), rows));
  TRY_ASSIGN(auto word, arrow::MakeArrayFromScalar(arrow::StringScalar(std::string(text)), 1));
  return arrow::DictionaryArray::FromArrays(WordType(), std::move(indices), std::move(word));
}

}  // namespace

SilverBuilder::SilverBuilder() = default;

Status SilverBuilder::Append(const SilverRow& row, std::int32_t partition, std::int64_t offset, std::int32_t kin) {
  for (std::uint64_t rest = row.present & ~kSorts.texts; rest != 0; rest &= rest - 1) {
    const auto field = static_cast<std::size_t>(std::countr_zero(rest));
    std::uint64_t bits = 0;  // of a double or an integer
    std::memcpy(&bits, &row.cells[field], sizeof(bits));
    TRY(fields_[field].numbers.Put(rows_, bits));
  }
  static_assert(market::kTicker == 0, "the first text is to be the ticker, which tells the others");
  for (std::uint64_t rest = row.present & kSorts.texts; rest != 0; rest &= rest - 1) {
    const auto field = static_cast<std::size_t>(std::countr_zero(rest));
    WordColumn& words = fields_[field].words;
    TRY(words.Put(rows_, row.cells[field].text, kin));
    if (field == market::kTicker) kin = words.last();
  }
  if (row.received_at_us) TRY(received_at_.Put(rows_, *row.received_at_us));
  if (row.source) TRY(source_.Put(rows_, *row.source));
  TRY(partition_.Put(rows_, partition));
  TRY(offset_.Put(rows_, offset));
  ++rows_;
  return Status::OK();
}

/// Most columns are absent from most batches: what stands in for them is made once.
Status SilverBuilder::ReserveZeros(std::int64_t rows) {
  const auto size = rows * static_cast<std::int64_t>(sizeof(std::int64_t));
  if (zeros_ != nullptr && zeros_->size() >= size) return Status::OK();
  TRY_ASSIGN(std::shared_ptr<arrow::Buffer> zeros, arrow::AllocateBuffer(size));
  std::memset(zeros->mutable_data(), 0, static_cast<std::size_t>(size));
  zeros_ = std::move(zeros);
  return Status::OK();
}

Result<std::shared_ptr<arrow::RecordBatch>> SilverBuilder::Finish(std::string_view topic) {
  static const auto schema = BatchSchema();
  const std::int64_t rows = std::exchange(rows_, 0);
  TRY(ReserveZeros(rows));
  arrow::ArrayVector columns;
  const auto add = [&](Result<std::shared_ptr<arrow::Array>> column) -> Status {
    TRY_ASSIGN(auto array, std::move(column));
    columns.push_back(std::move(array));
    return Status::OK();
  };
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const auto& type = schema->field(static_cast<int>(i))->type();
    TRY(add(type == WordType() ? medallion::Finish(&fields_[i].words, rows, zeros_)
                               : medallion::Finish(&fields_[i].numbers, type, rows, zeros_)));
  }
  TRY(add(medallion::Finish(&received_at_, schema->field(kReceivedAt)->type(), rows, zeros_)));
  TRY(add(medallion::Finish(&source_, rows, zeros_)));
  TRY(add(Repeat(topic, rows)));
  TRY(add(medallion::Finish(&partition_, arrow::int32(), rows, zeros_)));
  TRY(add(medallion::Finish(&offset_, arrow::int64(), rows, zeros_)));
  return arrow::RecordBatch::Make(schema, rows, std::move(columns));
}

}  // namespace pregao::medallion
