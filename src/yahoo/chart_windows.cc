#include "yahoo/chart_windows.h"

#include <algorithm>

namespace pregao::yahoo {

ChartPlan PlanChart(const std::string& ticker, const ChartInterval& interval, std::int64_t from_s, std::int64_t to_s,
                    std::int64_t now_s) {
  constexpr std::int64_t kDayS = 86'400;
  ChartPlan plan;
  const std::int64_t end = std::min(to_s, now_s);
  if (interval.reach_days > 0) {
    const std::int64_t first = now_s - interval.reach_days * kDayS;
    if (from_s < first) plan.begins_at = from_s = first;
  }
  const std::int64_t width = interval.request_days * kDayS;
  while (from_s < end) {
    const std::int64_t into = (from_s % width + width) % width;  // before 1970 too
    const std::int64_t until = std::min(from_s - into + width, end);
    plan.windows.push_back({ticker, interval, from_s, until});
    from_s = until;
  }
  return plan;
}

}  // namespace pregao::yahoo
