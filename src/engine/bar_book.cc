#include "engine/bar_book.h"

#include <algorithm>
#include <limits>

namespace pregao::engine {
namespace {

using market::Bar;
using market::kMinuteUs;
using medallion::MinuteOf;
using medallion::Tick;

/// Read before a tail: the last volume before it is nearly always there.
constexpr std::int64_t kBeforeTailUs = 30 * kMinuteUs;
/// Days of so many tickers are built anew at a time: bounds the memory.
constexpr std::size_t kLateTickers = 16;
constexpr auto kForever = std::numeric_limits<std::int64_t>::max();

void Append(std::vector<Bar> bars, std::vector<Bar>* out) {
  out->insert(out->end(), std::make_move_iterator(bars.begin()), std::make_move_iterator(bars.end()));
}

}  // namespace

std::int64_t BarBook::falls() const {
  std::int64_t falls = 0;
  for (const auto& [ticker, tail] : tails_) falls += tail.falls();
  return falls;
}

/// Tails for tickers that have none: what the table has of their newest minutes, and those minutes' ticks.
Status BarBook::Wake(const Tables& tables, const Ticks& fresh) {
  Spans ticks, bars;
  for (const auto& [ticker, rows] : fresh) {
    if (tails_.contains(ticker)) continue;
    TRY_ASSIGN(const auto newest, newest_.Find(*tables.bars, ticker));
    if (!newest) {
      tails_.emplace(ticker, medallion::BarTail(ticker, MinuteOf(rows.front().time_us))).first->second.SetBefore({});
      continue;
    }
    const std::int64_t from = medallion::TailStart(*newest);
    tails_.emplace(ticker, medallion::BarTail(ticker, from));
    ticks.emplace(ticker, Span{from - kBeforeTailUs, *newest + kMinuteUs});
    bars.emplace(ticker, Span{from, kForever});
  }
  if (ticks.empty()) return Status::OK();
  TRY_ASSIGN(auto stored, LastRevisions(*bars_, *tables.bars, bars));
  for (auto& [ticker, of_ticker] : stored) {
    for (auto& [start, bar] : of_ticker) tails_.at(ticker).Restore(std::move(bar));
  }
  TRY_ASSIGN(auto held, tables.silver->Within(ticks));
  for (auto& [ticker, rows] : held) {
    medallion::BarTail& tail = tails_.at(ticker);
    medallion::Normalise(&rows);
    const auto first =
        std::find_if(rows.begin(), rows.end(), [&](const Tick& t) { return t.time_us >= tail.from_us(); });
    const auto before =
        std::find_if(std::make_reverse_iterator(first), rows.rend(), [](const Tick& t) { return t.has_volume(); });
    if (before != rows.rend()) tail.SetBefore(*before);
    tail.Insert({first, rows.end()});
  }
  return Status::OK();
}

/// Looks up the last volume before tails that need it.
Status BarBook::LearnVolumes(const SilverTicks& silver, const std::set<std::string>& tickers) {
  std::map<std::string, std::int64_t> before_us;
  for (const auto& ticker : tickers) {
    const auto& tail = tails_.at(ticker);
    if (tail.NeedsBefore()) before_us.emplace(ticker, tail.from_us());
  }
  TRY_ASSIGN(const auto found, silver.LastVolumes(before_us));
  for (const auto& [ticker, from] : before_us) {
    const auto it = found.find(ticker);
    tails_.at(ticker).SetBefore(it == found.end() ? std::nullopt : std::optional(it->second));
  }
  return Status::OK();
}

Result<std::vector<Bar>> BarBook::Apply(const Tables& tables, Ticks fresh) {
  for (auto& [ticker, rows] : fresh) medallion::Normalise(&rows);
  TRY(Wake(tables, fresh));
  Late late;
  std::set<std::string> touched;
  for (auto& [ticker, rows] : fresh) {
    medallion::BarTail& tail = tails_.at(ticker);
    touched.insert(ticker);
    const auto first =
        std::find_if(rows.begin(), rows.end(), [&](const Tick& t) { return t.time_us >= tail.from_us(); });
    for (auto it = rows.begin(); it != first; ++it) late.days[DayStart(it->time_us)].insert(ticker);
    tail.Insert({first, rows.end()});
    rows.erase(first, rows.end());
    if (!rows.empty()) late.fresh.emplace(ticker, std::move(rows));
  }
  Bars changed;
  TRY(ReviseLate(tables, std::move(late), &changed));
  TRY(LearnVolumes(*tables.silver, touched));
  for (const auto& ticker : touched) {
    medallion::BarTail& tail = tails_.at(ticker);
    Append(tail.Changes(true), &changed);
    tail.Trim();
  }
  return changed;
}

/// Whole days of the tickers concerned are read and built anew. Where the last volume of such a day is new, the next
/// bar with a volume changes too: the next day is built anew as well, or the tail is told.
Status BarBook::ReviseLate(const Tables& tables, Late late, Bars* changed) {
  while (!late.days.empty()) {
    const auto node = late.days.extract(late.days.begin());
    std::vector<std::string> tickers;
    for (auto it = node.mapped().begin(); it != node.mapped().end();) {
      tickers.push_back(*it++);
      if (tickers.size() < kLateTickers && it != node.mapped().end()) continue;
      TRY(ReviseDay(tables, node.key(), tickers, &late, changed));
      tickers.clear();
    }
  }
  return Status::OK();
}

Status BarBook::ReviseDay(const Tables& tables, std::int64_t day_us, const std::vector<std::string>& tickers,
                          Late* late, Bars* changed) {
  Spans spans;
  for (const auto& ticker : tickers) {
    spans.emplace(ticker, Span{day_us, std::min(day_us + kDayUs, tails_.at(ticker).from_us())});
  }
  TRY_ASSIGN(auto rows, tables.silver->Within(spans));
  TRY_ASSIGN(auto stored, LastRevisions(*bars_, *tables.bars, spans));
  std::map<std::string, std::int64_t> unknown;
  for (auto& [ticker, ticks] : rows) {
    medallion::Normalise(&ticks);
    const auto first = std::find_if(ticks.begin(), ticks.end(), [](const Tick& t) { return t.has_volume(); });
    if (first != ticks.end() && !late->carried.contains(ticker)) unknown.emplace(ticker, day_us);
  }
  TRY_ASSIGN(const auto looked_up, tables.silver->LastVolumes(unknown));
  for (const auto& ticker : tickers) {
    const auto carried = late->carried.extract(ticker);
    std::optional<Tick> before;
    if (carried) before = carried.mapped();
    if (const auto it = looked_up.find(ticker); it != looked_up.end()) before = it->second;
    const auto& ticks = rows[ticker];
    auto built = medallion::BuildBars(ticks, before, tails_.at(ticker).newest_us());
    Append(medallion::Revise(ticker, std::move(built.bars), &stored[ticker]), changed);
    if (!built.last_volume) continue;
    const bool of_today = built.last_volume->time_us >= day_us;
    const auto fresh = late->fresh.find(ticker);
    const bool is_new = of_today
                            ? fresh != late->fresh.end() &&
                                  std::binary_search(fresh->second.begin(), fresh->second.end(), *built.last_volume)
                            : carried.operator bool();
    if (is_new) Pass(ticker, day_us + kDayUs, *built.last_volume, late);
  }
  return Status::OK();
}

/// Tells the next day, or the tail, of a last volume before it that is new.
void BarBook::Pass(const std::string& ticker, std::int64_t next_day_us, const Tick& last, Late* late) {
  medallion::BarTail& tail = tails_.at(ticker);
  if (next_day_us >= tail.from_us()) {
    tail.SetBefore(last);
  } else if (next_day_us - last.time_us <= medallion::kVolumeMemoryUs) {
    late->days[next_day_us].insert(ticker);
    late->carried.insert_or_assign(ticker, last);
  }
}

Result<std::vector<Bar>> BarBook::ApplyInOrder(const Tables& tables, Span day, Ticks ticks) {
  Spans spans;
  for (const auto& [ticker, rows] : ticks) spans.emplace(ticker, day);
  TRY_ASSIGN(auto stored, LastRevisions(*bars_, *tables.bars, spans));
  Bars changed;
  for (auto& [ticker, rows] : ticks) {
    auto it = tails_.find(ticker);
    if (it == tails_.end()) {
      it = tails_.emplace(ticker, medallion::BarTail(ticker, day.from_us)).first;
      it->second.SetBefore({});
    }
    for (auto& [start, bar] : stored[ticker]) it->second.Restore(std::move(bar));
    it->second.Insert(std::move(rows));
    Append(it->second.Changes(false), &changed);
    it->second.Trim();
  }
  return changed;
}

std::vector<Bar> BarBook::Finish() {
  Bars changed;
  for (auto& [ticker, tail] : tails_) Append(tail.Changes(true), &changed);
  return changed;
}

}  // namespace pregao::engine
