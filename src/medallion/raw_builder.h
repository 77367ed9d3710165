#pragma once
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "medallion/record.h"
#include "medallion/reject.h"

namespace pregao::medallion {

/// Collects records as they were read: Bronze, and Quarantine with its verdicts. Not thread-safe.
class RawBuilder {
 public:
  enum class Kind { kBronze, kQuarantine };
  explicit RawBuilder(Kind kind);

  /// Room for `rows` more rows with so many bytes of keys and values.
  [[nodiscard]] Status Reserve(std::int64_t rows, std::int64_t key_bytes, std::int64_t value_bytes);
  [[nodiscard]] Status Append(const Record& record);                              ///< Bronze
  [[nodiscard]] Status Append(const Record& record, const Rejection& rejection);  ///< Quarantine
  [[nodiscard]] std::int64_t rows() const { return offset_.length(); }
  /// The UTC day of each row's timestamp, in the order they came; the epoch's where there is none.
  [[nodiscard]] const std::vector<std::int32_t>& days() const { return days_; }
  /// BronzeSchema() or QuarantineSchema() but `date`; then starts anew (days included).
  [[nodiscard]] Result<std::shared_ptr<arrow::RecordBatch>> Finish(std::string_view topic);

 private:
  const Kind kind_;
  arrow::StringBuilder reason_, detail_;
  arrow::Int32Builder partition_;
  arrow::Int64Builder offset_;
  arrow::TimestampBuilder timestamp_;
  arrow::BinaryBuilder key_, value_;
  std::vector<std::int32_t> days_;
};

}  // namespace pregao::medallion
