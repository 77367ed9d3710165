#pragma once
#include <array>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "medallion/judge.h"

namespace pregao::medallion {

/// Collects rows into columns. A column that a row does not have costs nothing: its nulls are filled in when the next
/// value comes, or at the end. Not thread-safe.
class SilverBuilder {
 public:
  SilverBuilder();

  [[nodiscard]] Status Append(const SilverRow& row, std::int32_t partition, std::int64_t offset);
  [[nodiscard]] std::int64_t rows() const { return rows_; }
  /// All rows in the order they came, with SilverSchema()'s columns but `date`; then starts anew.
  [[nodiscard]] Result<std::shared_ptr<arrow::RecordBatch>> Finish(std::string_view topic);

 private:
  std::array<std::unique_ptr<arrow::ArrayBuilder>, market::kFieldCount> fields_;
  std::unique_ptr<arrow::TimestampBuilder> received_at_;
  arrow::StringBuilder source_;
  arrow::Int32Builder partition_;
  arrow::Int64Builder offset_;
  std::int64_t rows_ = 0;
};

}  // namespace pregao::medallion
