#pragma once
#include <string_view>
#include <variant>

#include "base/status.h"
#include "yahoo/chart.h"

namespace pregao::yahoo {

/// The longest answer that is looked at: 10,000 minutes take about 1 MB.
inline constexpr std::size_t kMaxChartBytes = 16u << 20;

/// Decodes the body of an answer to `query`, whatever its HTTP status: Yahoo explains itself in the body. Volumes
/// are the numbers of the JSON text; prices are the shortest decimals that name the same float32, as in the stream
/// (127.58 for 127.58000183105469). Bars outside of the query's range are kept: Yahoo appends the newest row
/// to any range. Pure but for its memory; thread-safe.
/// @param received_at  when the answer came: bars whose interval was not over for an hour then are not final
/// @return Invalid when it is no such answer: not JSON, arrays of unequal lengths, a number where it cannot be, or bars
///         of another interval than asked for.
[[nodiscard]] Result<std::variant<Chart, ChartRefusal>> DecodeChart(std::string_view body, const ChartQuery& query,
                                                                    TimestampMs received_at);

}  // namespace pregao::yahoo
