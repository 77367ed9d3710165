#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "yahoo/chart.h"

namespace pregao::yahoo {

/// What to ask for a range, within what Yahoo gives.
struct ChartPlan {
  std::vector<ChartQuery> windows;  ///< oldest first, without a gap or an overlap
  std::optional<std::int64_t>
      begins_at;  ///< later than asked for: Yahoo has no older bars of the interval, UTC seconds
};

/// Requests for the bars that start in [from_s, to_s), UTC seconds. Windows end on a grid of whole days since the epoch
/// that does not depend on the range, so that a second plan has the windows of the first. Nothing after `now_s`. Pure.
[[nodiscard]] ChartPlan PlanChart(const std::string& ticker, const ChartInterval& interval, std::int64_t from_s,
                                  std::int64_t to_s, std::int64_t now_s);

}  // namespace pregao::yahoo
