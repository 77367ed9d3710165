#pragma once
/// Statistics of a data file. Source: "Per-file Statistics" in PROTOCOL.md of delta-io/delta.
#include <arrow/record_batch.h>
#include <string>

#include "base/status.h"

namespace pregao::lake {

/// The `stats` of a file that holds `rows`: numRecords, minValues, maxValues, nullCount.
///
/// min and max are bounds, never narrower than the data: strings are cut at 32 characters (max rounded up), timestamps
/// widened to whole milliseconds. A column has none when it is all null, binary or boolean, or when JSON cannot hold
/// the bound (infinity; text that is not UTF-8; a NaN, which sorts above every number, leaves no max).
[[nodiscard]] std::string FileStats(const arrow::RecordBatch& rows);

}  // namespace pregao::lake
