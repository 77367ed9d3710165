#pragma once
/// From the rows of an answer to bars: what Yahoo sends broken, put right. Pure.
#include <cstdint>
#include <optional>
#include <vector>

#include "yahoo/chart.h"

namespace pregao::yahoo {

/// One element of the answer's parallel arrays.
struct ChartRow {
  std::int64_t time_s = 0;
  std::optional<double> open, high, low, close;
  std::optional<std::int64_t> volume;
};

/// Bars of the rows, in the order of their starts:
/// - a row without prices is left out, and one without all four too;
/// - of two rows of one time the later one holds;
/// - the last row, when it is the running interval told apart from the row before it (Yahoo gives it the time of the
///   newest trade), is joined with that row, or moved to the start of its interval;
/// - in a minor currency (GBp, ZAc, ILA) a price a hundredfold or a hundredth of its neighbours is put right.
/// What was done is added to `notes`. A bar is final when its interval was over for an hour at `received_at`.
[[nodiscard]] std::vector<market::Bar> BarsOfRows(std::vector<ChartRow> rows, const ChartQuery& query,
                                                  const ChartMeta& meta, TimestampMs received_at, ChartNotes* notes);

/// Joins bars of one interval into those of a wider one, whose starts are its multiples since the epoch: first open,
/// last close, sum of the known volumes, final when all are.
[[nodiscard]] std::vector<market::Bar> FoldBars(const std::vector<market::Bar>& bars, const ChartInterval& wider);

}  // namespace pregao::yahoo
