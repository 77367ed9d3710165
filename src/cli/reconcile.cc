#include "cli/reconcile.h"

#include <array>
#include <cmath>
#include <utility>

namespace pregao::cli {
namespace {

using market::Bar;

constexpr std::array<std::pair<const char*, double Bar::*>, 4> kPrices{
    {{"open", &Bar::open}, {"high", &Bar::high}, {"low", &Bar::low}, {"close", &Bar::close}}};

/// nullopt: they do not differ by more than `most` percent of `chart`.
std::optional<double> Beyond(double stream, double chart, double most) {
  constexpr double kNoise = 1e-7;  // of a double's decimals: 0.1 % is not more than 0.1 %
  if (stream == chart) return std::nullopt;
  const double percent = chart == 0 ? INFINITY : (stream - chart) / std::abs(chart) * 100;
  return std::abs(percent) > most * (1 + kNoise) ? std::optional(percent) : std::nullopt;
}

bool InSession(const Bar& bar, const ReconcileRules& rules) {
  return rules.calendar == nullptr ||
         rules.calendar->StateAt(TimestampMs(bar.start_us / 1000)) != market::MarketState::kClosed;
}

bool NothingTraded(const Bar& bar) {
  return bar.volume.value_or(0) == 0 && bar.open == bar.close && bar.high == bar.low;
}

void Both(const Bar& stream, const Bar& chart, const ReconcileRules& rules, Reconciled* out) {
  ++out->compared;
  const std::size_t before = out->differences.size();
  const auto add = [&](const char* what, double mine, double theirs, double percent) {
    const auto finite = std::isfinite(percent) ? std::optional(percent) : std::nullopt;
    out->differences.push_back({stream.ticker, stream.start_us, what, mine, theirs, finite});
  };
  for (const auto& [what, price] : kPrices) {
    const auto percent = Beyond(stream.*price, chart.*price, rules.price_percent);
    if (percent) add(what, stream.*price, chart.*price, *percent);
  }
  if (rules.volume_percent && stream.volume && chart.volume) {
    const auto mine = static_cast<double>(*stream.volume), theirs = static_cast<double>(*chart.volume);
    const auto percent = Beyond(mine, theirs, *rules.volume_percent);
    if (percent) add("volume", mine, theirs, *percent);
  }
  out->differing += out->differences.size() > before;
}

}  // namespace

Reconciled Reconcile(const std::vector<Bar>& stream, const std::vector<Bar>& chart, const ReconcileRules& rules) {
  Reconciled out;
  auto mine = stream.begin();
  auto theirs = chart.begin();
  while (mine != stream.end() || theirs != chart.end()) {
    if (theirs == chart.end() || (mine != stream.end() && mine->start_us < theirs->start_us)) {
      if (InSession(*mine, rules)) {
        ++out.only_stream;
        out.differences.push_back({mine->ticker, mine->start_us, "bar", mine->close, {}, {}});
      }
      ++mine;
    } else if (mine == stream.end() || theirs->start_us < mine->start_us) {
      if (InSession(*theirs, rules) && !NothingTraded(*theirs)) {
        ++out.only_chart;
        out.differences.push_back({theirs->ticker, theirs->start_us, "bar", {}, theirs->close, {}});
      }
      ++theirs;
    } else {
      Both(*mine++, *theirs++, rules, &out);
    }
  }
  return out;
}

}  // namespace pregao::cli
