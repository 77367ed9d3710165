#include "yahoo/chart_rows.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "market/currency.h"

namespace pregao::yahoo {
namespace {

constexpr std::int64_t kDayS = 86'400;
constexpr std::int64_t kSettleS = 3'600;  // some exchanges are delayed by half an hour

/// Rounds down, before the epoch too.
std::int64_t FloorTo(std::int64_t value, std::int64_t step) {
  const std::int64_t rest = value % step;
  return value - (rest < 0 ? rest + step : rest);
}

void LeaveOutIncomplete(std::vector<ChartRow>* rows, ChartNotes* notes) {
  std::erase_if(*rows, [&](const ChartRow& row) {
    const int prices = row.open.has_value() + row.high.has_value() + row.low.has_value() + row.close.has_value();
    notes->empty += prices == 0;
    notes->partial += prices > 0 && prices < 4;
    return prices < 4;
  });
}

void OrderAndJoinDoubles(std::vector<ChartRow>* rows, ChartNotes* notes) {
  std::stable_sort(rows->begin(), rows->end(),
                   [](const ChartRow& a, const ChartRow& b) { return a.time_s < b.time_s; });
  std::vector<ChartRow> once;
  for (ChartRow& row : *rows) {
    if (!once.empty() && once.back().time_s == row.time_s) {
      ++notes->merged;
      once.back() = row;
    } else {
      once.push_back(row);
    }
  }
  *rows = std::move(once);
}

bool IsDaily(const ChartInterval& interval) { return interval.seconds == kDayS; }

bool SameInterval(const ChartRow& a, const ChartRow& b, const ChartInterval& interval, const ChartMeta& meta) {
  if (!IsDaily(interval)) return b.time_s - a.time_s < interval.seconds;
  return FloorTo(a.time_s + meta.gmt_offset_s, kDayS) == FloorTo(b.time_s + meta.gmt_offset_s, kDayS);
}

/// The start of the interval in which the last row's trade fell.
std::int64_t StartOf(const std::vector<ChartRow>& rows, const ChartInterval& interval, const ChartMeta& meta) {
  const std::int64_t time = rows.back().time_s;
  const bool in_session = meta.regular_s && time >= meta.regular_s->first && time <= meta.regular_s->second;
  if (IsDaily(interval)) return in_session ? meta.regular_s->first : time;
  const std::int64_t grid = in_session ? meta.regular_s->first : rows.size() > 1 ? rows[rows.size() - 2].time_s : 0;
  return grid + FloorTo(time - grid, interval.seconds);
}

void MendLast(std::vector<ChartRow>* rows, const ChartInterval& interval, const ChartMeta& meta, ChartNotes* notes) {
  if (rows->empty()) return;
  ChartRow& last = rows->back();
  if (rows->size() > 1) {
    ChartRow& before = (*rows)[rows->size() - 2];
    if (SameInterval(before, last, interval, meta)) {
      ++notes->merged;
      before.high = std::max(*before.high, *last.high);
      before.low = std::min(*before.low, *last.low);
      before.close = last.close;
      // A day's live row has the whole day's volume; within a day it has what the row before lacks.
      const std::int64_t shared = IsDaily(interval) ? 0 : before.volume.value_or(0);
      if (last.volume) before.volume = *last.volume + shared;
      rows->pop_back();
      return;
    }
  }
  if (meta.market_time_s == last.time_s) last.time_s = StartOf(*rows, interval, meta);
}

/// Of the closes of up to five rows before and after, their own left out.
std::optional<double> MedianAround(const std::vector<ChartRow>& rows, std::size_t at) {
  constexpr std::size_t kEachSide = 5;
  std::vector<double> closes;
  for (std::size_t i = at > kEachSide ? at - kEachSide : 0; i < std::min(rows.size(), at + kEachSide + 1); ++i) {
    if (i != at) closes.push_back(*rows[i].close);
  }
  if (closes.size() < 2) return std::nullopt;
  const auto middle = closes.begin() + static_cast<std::ptrdiff_t>(closes.size() / 2);
  std::nth_element(closes.begin(), middle, closes.end());
  return *middle > 0 ? std::optional(*middle) : std::nullopt;
}

/// A hundredfold of its neighbours, give or take a fifth: no share moves so between two bars and back.
double Rescaled(double price, double around) {
  constexpr double kLeast = 80, kMost = 125;
  const double ratio = price / around;
  if (ratio > kLeast && ratio < kMost) return price / 100;
  if (ratio > 1 / kMost && ratio < 1 / kLeast) return price * 100;
  return price;
}

void RescaleMinor(std::vector<ChartRow>* rows, const ChartMeta& meta, ChartNotes* notes) {
  if (market::CurrencyUnitOf(meta.currency).per_unit == 1) return;
  const std::vector<ChartRow> as_sent = *rows;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const auto around = MedianAround(as_sent, i);
    if (!around) continue;
    bool changed = false;
    ChartRow& row = (*rows)[i];
    for (std::optional<double>* const price : {&row.open, &row.high, &row.low, &row.close}) {
      const double right = Rescaled(**price, *around);
      changed = changed || right != **price;
      *price = right;
    }
    notes->rescaled += changed;
  }
}

std::int64_t EndOf(std::int64_t start_s, const ChartInterval& interval, const ChartMeta& meta) {
  if (IsDaily(interval) && meta.regular_s && start_s >= meta.regular_s->first && start_s < meta.regular_s->second) {
    return meta.regular_s->second;
  }
  return start_s + interval.seconds;
}

}  // namespace

std::vector<market::Bar> BarsOfRows(std::vector<ChartRow> rows, const ChartQuery& query, const ChartMeta& meta,
                                    TimestampMs received_at, ChartNotes* notes) {
  LeaveOutIncomplete(&rows, notes);
  OrderAndJoinDoubles(&rows, notes);
  MendLast(&rows, query.interval, meta, notes);
  OrderAndJoinDoubles(&rows, notes);  // the last may have moved onto another's start
  RescaleMinor(&rows, meta, notes);
  std::vector<market::Bar> bars;
  bars.reserve(rows.size());
  for (const ChartRow& row : rows) {
    market::Bar& bar = bars.emplace_back();
    bar.ticker = query.ticker;
    bar.interval = query.interval.name;
    bar.start_us = row.time_s * 1'000'000;
    bar.open = *row.open;
    bar.high = *row.high;
    bar.low = *row.low;
    bar.close = *row.close;
    bar.volume = row.volume;
    bar.source = market::BarSource::kChart;
    bar.is_final = EndOf(row.time_s, query.interval, meta) + kSettleS <= received_at.value / 1000;
  }
  return bars;
}

std::vector<market::Bar> FoldBars(const std::vector<market::Bar>& bars, const ChartInterval& wider) {
  std::vector<market::Bar> out;
  for (const market::Bar& bar : bars) {
    const std::int64_t start = FloorTo(bar.start_us, wider.seconds * 1'000'000);
    if (out.empty() || out.back().start_us != start) {
      out.push_back(bar);
      out.back().start_us = start;
      out.back().interval = wider.name;
      continue;
    }
    market::Bar& whole = out.back();
    whole.high = std::max(whole.high, bar.high);
    whole.low = std::min(whole.low, bar.low);
    whole.close = bar.close;
    if (bar.volume) whole.volume = whole.volume.value_or(0) + *bar.volume;
    whole.is_final = whole.is_final && bar.is_final;
  }
  return out;
}

}  // namespace pregao::yahoo
