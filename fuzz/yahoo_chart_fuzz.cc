/// The chart API's answer as anyone might write it. The first byte chooses the interval. Decoding may refuse, but not
/// crash; what it accepts keeps the promises of gold/bars, says the same again, and loses no row without counting it.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <tuple>

#include "yahoo/chart_decode.h"
#include "yahoo/chart_rows.h"

namespace {

using namespace pregao::yahoo;  // NOLINT
using pregao::TimestampMs;
using pregao::market::Bar;

constexpr TimestampMs kReceived{1'750'000'000'000};

void Require(bool condition) {
  if (!condition) std::abort();
}

void CheckBars(const std::vector<Bar>& bars, const ChartInterval& interval) {
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const Bar& bar = bars[i];
    Require(bar.ticker == "T" && bar.interval == interval.name && bar.revision == 1);
    Require(std::isfinite(bar.open) && std::isfinite(bar.high) && std::isfinite(bar.low) && std::isfinite(bar.close));
    Require(i == 0 || bars[i - 1].start_us < bar.start_us);
    Require(!bar.is_final || bar.start_us / 1000 < kReceived.value);
  }
}

void CheckActions(const Chart& chart) {
  for (std::size_t i = 0; i < chart.actions.size(); ++i) {
    const auto& action = chart.actions[i];
    Require(action.amount.has_value() != (action.numerator.has_value() && action.denominator.has_value()));
    if (i == 0) continue;
    const auto& before = chart.actions[i - 1];
    Require(std::tuple(before.day, before.kind) < std::tuple(action.day, action.kind));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ChartInterval interval = kChartIntervals[data[0] % kChartIntervals.size()];
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const ChartQuery query{"T", interval, 0, 2'000'000'000};
  const auto answer = DecodeChart(body, query, kReceived);
  const auto again = DecodeChart(body, query, kReceived);
  Require(answer.ok() == again.ok());
  if (!answer.ok() || !std::holds_alternative<Chart>(*answer)) return 0;
  const Chart& chart = std::get<Chart>(*answer);
  Require(chart.bars == std::get<Chart>(*again).bars && chart.actions == std::get<Chart>(*again).actions);
  CheckBars(chart.bars, interval);
  CheckActions(chart);
  const ChartInterval half = kChartIntervals[4];
  CheckBars(FoldBars(chart.bars, half), half);
  return 0;
}
