#pragma once
/// The columns of Gold: gold/bars and gold/corporate_actions.
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "market/bar.h"

namespace pregao::medallion {

/// `pregao.schema` of Gold's tables: raised when columns are added.
inline constexpr int kGoldSchemaVersion = 1;

/// ticker, interval, bar_start, open, high, low, close, volume, vwap_estimate, ticks, source, revision, is_final, date
/// (the UTC day of bar_start, the partition column).
[[nodiscard]] const std::shared_ptr<arrow::Schema>& BarSchema();
/// ticker, kind, amount, numerator, denominator, currency, source, received_at, date (the ex-date; no partition
/// column).
[[nodiscard]] const std::shared_ptr<arrow::Schema>& CorporateActionSchema();

/// The rows of `bars` with BarSchema()'s columns but `date`, in the order given.
[[nodiscard]] Result<std::shared_ptr<arrow::RecordBatch>> BarRows(std::span<const market::Bar> bars);
/// The reverse. `rows` has the columns of BarColumns(), in that order. Invalid when a source has another name.
[[nodiscard]] Result<std::vector<market::Bar>> BarsOf(const arrow::Table& rows);
/// The columns that BarsOf reads: all but `date`.
[[nodiscard]] const std::vector<std::string>& BarColumns();

/// All columns of CorporateActionSchema().
[[nodiscard]] Result<std::shared_ptr<arrow::RecordBatch>> ActionRows(std::span<const market::CorporateAction> actions);

}  // namespace pregao::medallion
