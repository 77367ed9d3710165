#include "cli/gap_plan.h"

#include <algorithm>

#include "yahoo/chart_windows.h"

namespace pregao::cli {
namespace {

constexpr std::int64_t kMinuteS = 60, kDayS = 86'400;
constexpr std::int64_t kRestS = 2 * kMinuteS;           // Yahoo's own delay
constexpr std::int64_t kSettleS = 3600 + 2 * kMinuteS;  // as yahoo::DecodeChart has it for the minute after the gap

const yahoo::ChartInterval& Minutes() { return yahoo::kChartIntervals.front(); }

bool Touches(const Gap& gap, std::int64_t from_s, std::int64_t to_s) {
  return gap.span.from_s - kMinuteS < to_s && gap.span.to_s + kMinuteS > from_s;
}

/// Requests for one ticker's gaps, sorted.
void PlanTicker(const std::vector<Gap>& gaps, std::int64_t now_s, std::vector<GapQuery>* out) {
  const std::int64_t first = gaps.front().span.from_s - kMinuteS, last = gaps.back().span.to_s + kMinuteS;
  const std::size_t before = out->size();
  for (auto& window : yahoo::PlanChart(gaps.front().ticker, Minutes(), first, last, now_s).windows) {
    GapQuery asked{std::move(window), {}, std::nullopt};
    for (const Gap& gap : gaps) {
      if (Touches(gap, asked.query.from_s, asked.query.to_s)) asked.gaps.push_back(gap);
    }
    if (asked.gaps.empty()) continue;
    // No more than they need.
    asked.query.from_s = std::max(asked.query.from_s, asked.gaps.front().span.from_s - kMinuteS);
    asked.query.to_s = std::min(asked.query.to_s, asked.gaps.back().span.to_s + kMinuteS);
    out->push_back(std::move(asked));
  }
  if (out->size() == before) return;
  for (const Gap& gap : gaps) {
    if (IsSettled(gap, now_s)) out->back().asked_to_s = gap.span.to_s;
  }
}

}  // namespace

bool IsSettled(const Gap& gap, std::int64_t now_s) { return gap.span.to_s + kSettleS <= now_s; }

std::vector<GapQuery> PlanGaps(std::vector<Gap> gaps, const std::map<std::string, std::int64_t>& positions,
                               const std::set<Gap>& tried, std::int64_t now_s) {
  std::erase_if(gaps, [&](const Gap& gap) {
    return gap.span.to_s + kRestS > now_s || gap.span.to_s <= now_s - Minutes().reach_days * kDayS ||
           gap.span.to_s <= engine::History::GapsAskedTo(positions, gap.ticker).value_or(gap.span.to_s - 1) ||
           (!IsSettled(gap, now_s) && tried.contains(gap));
  });
  std::sort(gaps.begin(), gaps.end());
  std::vector<GapQuery> out;
  for (auto begin = gaps.begin(); begin != gaps.end();) {
    const auto end = std::find_if(begin, gaps.end(), [&](const Gap& gap) { return gap.ticker != begin->ticker; });
    PlanTicker({begin, end}, now_s, &out);
    begin = end;
  }
  return out;
}

engine::HistoryPart GapPart(const GapQuery& asked, std::vector<market::Bar> bars) {
  engine::HistoryPart part;
  part.ticker = asked.query.ticker;
  part.interval = asked.query.interval.name;
  part.span = {asked.query.from_s, asked.query.to_s};
  part.covers = false;
  part.gaps_asked_to_s = asked.asked_to_s;
  for (market::Bar& bar : bars) {
    const std::int64_t start_s = bar.start_us / 1'000'000;
    const bool wanted = std::any_of(asked.gaps.begin(), asked.gaps.end(), [&](const Gap& gap) {
      return start_s >= gap.span.from_s - kMinuteS && start_s < gap.span.to_s + kMinuteS;
    });
    if (wanted && start_s >= part.span.from_s && start_s < part.span.to_s) part.bars.push_back(std::move(bar));
  }
  return part;
}

}  // namespace pregao::cli
