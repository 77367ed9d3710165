#pragma once
#include <array>
#include <arrow/record_batch.h>
#include <cstdint>
#include <memory>
#include <string_view>
#include <variant>

#include "base/status.h"
#include "medallion/column.h"
#include "medallion/judge.h"

namespace pregao::medallion {

/// Collects rows into columns. Not thread-safe.
class SilverBuilder {
 public:
  SilverBuilder();

  /// @param kin  any number that tends to come with the same ticker (see Words::Index)
  [[nodiscard]] Status Append(const SilverRow& row, std::int32_t partition, std::int64_t offset, std::int32_t kin = 0);
  [[nodiscard]] std::int64_t rows() const { return rows_; }
  /// All rows in the order they came, with SilverSchema()'s columns but `date`, text as dictionaries (WordType); then
  /// starts anew.
  [[nodiscard]] Result<std::shared_ptr<arrow::RecordBatch>> Finish(std::string_view topic);

 private:
  Status ReserveZeros(std::int64_t rows);

  /// Numbers of 8 bytes or text, by the field's kind.
  struct FieldColumn {
    FixedColumn<std::uint64_t> numbers;
    WordColumn words;
  };
  std::array<FieldColumn, market::kFieldCount> fields_;
  FixedColumn<std::int64_t> received_at_, offset_;
  FixedColumn<std::int32_t> partition_;
  WordColumn source_;
  std::int64_t rows_ = 0;
  std::shared_ptr<arrow::Buffer> zeros_;  // as many as the largest batch had rows, of 8 bytes
};

}  // namespace pregao::medallion
