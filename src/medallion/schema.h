#pragma once
/// The columns of the tables: the contract of docs/tables.md.
#include <arrow/type.h>
#include <memory>
#include <string>

#include "market/quote.h"

namespace pregao::medallion {

/// `pregao.schema`: raised when columns are added.
inline constexpr int kSchemaVersion = 1;

/// Silver's columns: market::kFields, then these.
enum SilverColumn : int {
  kReceivedAt = static_cast<int>(market::kFieldCount),
  kSource,
  kTopic,
  kPartition,
  kOffset,
  kDate,
  kSilverColumns
};

/// All columns, `date` included and last.
[[nodiscard]] const std::shared_ptr<arrow::Schema>& BronzeSchema();
[[nodiscard]] const std::shared_ptr<arrow::Schema>& SilverSchema();
[[nodiscard]] const std::shared_ptr<arrow::Schema>& QuarantineSchema();

/// The Arrow type of a field: double, int64, string, or timestamp(us, UTC) for event_time.
[[nodiscard]] std::shared_ptr<arrow::DataType> TypeOf(const market::FieldSpec& spec);

/// Days since the epoch as `2026-11-22`, the way partition values are written.
[[nodiscard]] std::string DateString(std::int32_t days);
/// The UTC day of microseconds since the epoch.
[[nodiscard]] std::int32_t DayOf(std::int64_t micros);

}  // namespace pregao::medallion
