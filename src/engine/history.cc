#include "engine/history.h"

#include <algorithm>
#include <cmath>

#include "engine/file_rows.h"
#include "engine/file_times.h"
#include "engine/gold_tables.h"
#include "medallion/bar_schema.h"
#include "medallion/schema.h"

namespace pregao::engine {
namespace {

using market::Bar;

constexpr std::int64_t kSecondUs = 1'000'000;

bool Alike(double a, double b) { return a == b || std::abs(a - b) <= 1e-6 * std::max(std::abs(a), std::abs(b)); }

bool SameValues(const Bar& a, const Bar& b) {
  return Alike(a.open, b.open) && Alike(a.high, b.high) && Alike(a.low, b.low) && Alike(a.close, b.close) &&
         a.volume == b.volume;
}

std::string AppId(const std::string& ticker, const std::string& interval, const char* end) {
  return "pregao:chart:" + interval + ":" + ticker + ":" + end;
}

std::string GapsAppId(const std::string& ticker) { return "pregao:gaps:" + ticker; }

/// A position never goes back, and a span that is replaced may: each replacement is a generation, in the upper bits.
/// The start is counted down from zero, so that an earlier one is a greater number.
constexpr std::int64_t kGeneration = std::int64_t{1} << 40, kZero = kGeneration / 2;

struct Coverage {
  std::int64_t generation = 0;
  HistorySpan span;
};

std::optional<Coverage> CoverageIn(const std::map<std::string, std::int64_t>& positions, const std::string& ticker,
                                   const std::string& interval) {
  const auto from = positions.find(AppId(ticker, interval, "from")), to = positions.find(AppId(ticker, interval, "to"));
  if (from == positions.end() || to == positions.end()) return std::nullopt;
  return Coverage{to->second / kGeneration, {kZero - from->second % kGeneration, to->second % kGeneration - kZero}};
}

/// Whether the file may hold bars of the chart that start in one of the parts.
bool MayHold(const lake::DataFile& file, const std::vector<HistoryPart>& parts) {
  const auto source = lake::StatBounds(file, "source");
  const auto name = market::BarSourceName(market::BarSource::kChart);
  if (source && (source->min > name || source->max < name)) return false;
  const TimeRange times = TimesOf(file, "bar_start");
  return std::any_of(parts.begin(), parts.end(), [&](const HistoryPart& part) {
    return times.min < part.span.to_s * kSecondUs && times.max >= part.span.from_s * kSecondUs;
  });
}

/// The coverage that holds once a span is written.
Coverage Extended(const std::optional<Coverage>& covered, const HistorySpan& fresh) {
  if (!covered) return {0, fresh};
  const auto& [generation, span] = *covered;
  if (fresh.from_s > span.to_s || fresh.to_s < span.from_s) return {generation + 1, fresh};
  return {generation, {std::min(span.from_s, fresh.from_s), std::max(span.to_s, fresh.to_s)}};
}

/// Positions that `parts` move, from where the table has them.
std::vector<lake::PositionChange> PositionChanges(const lake::Snapshot& snapshot,
                                                  const std::vector<HistoryPart>& parts) {
  std::map<std::string, std::int64_t> after;
  std::map<std::pair<std::string, std::string>, std::optional<Coverage>> covered;
  for (const HistoryPart& part : parts) {
    if (part.gaps_asked_to_s) {
      const auto known = snapshot.positions.find(GapsAppId(part.ticker));
      std::int64_t& to = after.try_emplace(GapsAppId(part.ticker), *part.gaps_asked_to_s).first->second;
      to = std::max(to, *part.gaps_asked_to_s);
      if (known != snapshot.positions.end()) to = std::max(to, known->second);
    }
    if (!part.covers) continue;
    const HistorySpan fresh{part.span.from_s, std::min(part.span.to_s, part.settled_s)};
    if (fresh.to_s <= fresh.from_s) continue;
    auto& now =
        covered.try_emplace({part.ticker, part.interval}, CoverageIn(snapshot.positions, part.ticker, part.interval))
            .first->second;
    now = Extended(now, fresh);
    const std::int64_t base = now->generation * kGeneration + kZero;
    after[AppId(part.ticker, part.interval, "from")] = base - now->span.from_s;
    after[AppId(part.ticker, part.interval, "to")] = base + now->span.to_s;
  }
  std::vector<lake::PositionChange> changes;
  for (const auto& [id, to] : after) {
    const auto before = snapshot.positions.find(id);
    const bool known = before != snapshot.positions.end();
    if (known && before->second == to) continue;
    changes.push_back({id, known ? std::optional(before->second) : std::nullopt, to});
  }
  return changes;
}

}  // namespace

Result<std::unique_ptr<History>> History::Open(std::shared_ptr<lake::ObjectStore> store, const Clock* clock,
                                               HistoryOptions options) {
  std::unique_ptr<History> history(new History(clock, std::move(options)));
  TRY_ASSIGN(history->bars_, OpenGold(store, kBarsRoot, clock, history->options_.table));
  TRY_ASSIGN(history->actions_, OpenGold(std::move(store), kCorporateActionsRoot, clock, history->options_.table));
  return history;
}

Result<std::map<std::string, std::int64_t>> History::Positions(std::shared_ptr<lake::ObjectStore> store,
                                                               const Clock* clock, const lake::TableOptions& options) {
  const auto table = lake::Table::Open(std::move(store), kBarsRoot, clock, options);
  if (table.status().IsKeyError()) return std::map<std::string, std::int64_t>();
  TRY(table.status());
  return (*table)->snapshot()->positions;
}

std::optional<HistorySpan> History::CoveredIn(const std::map<std::string, std::int64_t>& positions,
                                              const std::string& ticker, const std::string& interval) {
  const auto coverage = CoverageIn(positions, ticker, interval);
  return coverage ? std::optional(coverage->span) : std::nullopt;
}

std::optional<std::int64_t> History::GapsAskedTo(const std::map<std::string, std::int64_t>& positions,
                                                 const std::string& ticker) {
  const auto at = positions.find(GapsAppId(ticker));
  return at == positions.end() ? std::nullopt : std::optional(at->second);
}

std::map<std::string, std::int64_t> History::GapsAsked(const std::map<std::string, std::int64_t>& positions) {
  const std::string prefix = GapsAppId("");
  std::map<std::string, std::int64_t> out;
  for (auto at = positions.lower_bound(prefix); at != positions.end() && at->first.starts_with(prefix); ++at) {
    out.emplace(at->first.substr(prefix.size()), at->second);
  }
  return out;
}

std::optional<HistorySpan> History::Covered(const std::string& ticker, const std::string& interval) const {
  return CoveredIn(bars_->snapshot()->positions, ticker, interval);
}

Status History::Write(const std::vector<HistoryPart>& parts) {
  TRY(WriteActions(parts));
  return WriteBars(parts);
}

Status History::LearnBars(const Files& files, const std::vector<HistoryPart>& parts, Bars* held) const {
  for (const auto& file : files) {
    if (!MayHold(*file, parts)) continue;
    TRY_ASSIGN(const auto rows, lake::ReadDataFile(bars_->store().get(), bars_->root(), *file,
                                                   *bars_->snapshot()->schema, medallion::BarColumns()));
    TRY_ASSIGN(auto bars, medallion::BarsOf(*rows));
    for (Bar& bar : bars) {
      if (bar.source != market::BarSource::kChart) continue;
      const auto [it, added] = held->try_emplace({bar.ticker, bar.interval, bar.start_us});
      if (added || it->second.revision < bar.revision) it->second = std::move(bar);
    }
  }
  return Status::OK();
}

Status History::AddBarFiles(std::vector<Bar> bars, lake::Transaction* txn) const {
  std::map<std::int32_t, std::vector<Bar>> by_day;
  for (Bar& bar : bars) by_day[medallion::DayOf(bar.start_us)].push_back(std::move(bar));
  for (auto& [day, of_day] : by_day) {
    std::sort(of_day.begin(), of_day.end(), [](const Bar& a, const Bar& b) {
      return std::tie(a.ticker, a.interval, a.start_us) < std::tie(b.ticker, b.interval, b.start_us);
    });
    TRY_ASSIGN(const auto rows, medallion::BarRows(of_day));
    TRY_ASSIGN(auto file, lake::WriteDataFile(bars_->store().get(), bars_->root(), *clock_, *rows,
                                              {{"date", medallion::DateString(day)}}, options_.write));
    txn->adds.push_back(std::move(file));
  }
  return Status::OK();
}

Status History::WriteBars(const std::vector<HistoryPart>& parts) {
  for (int attempt = 0; attempt < options_.max_fencings; ++attempt) {
    TRY_ASSIGN(const auto base, bars_->Refresh());
    Bars held;
    TRY(LearnBars(base->files, parts, &held));
    HistoryCounts step;
    const auto fill = [&](lake::Transaction* txn) -> Status {
      step = {};
      Bars now = held;  // a bar may stand in two parts
      std::vector<Bar> fresh;
      for (const HistoryPart& part : parts) {
        for (Bar bar : part.bars) {
          const auto [it, added] = now.try_emplace({bar.ticker, bar.interval, bar.start_us});
          const bool same = !added && SameValues(it->second, bar) && (it->second.is_final || !bar.is_final);
          step.unchanged += same;
          if (same) continue;
          step.revisions += !added;
          bar.revision = added ? 1 : it->second.revision + 1;
          it->second = bar;
          fresh.push_back(std::move(bar));
        }
      }
      step.bars = static_cast<std::int64_t>(fresh.size());
      txn->adds.clear();
      TRY(AddBarFiles(std::move(fresh), txn));
      txn->metrics = {{"revisions", std::to_string(step.revisions)}};
      SetWritten(step.bars, txn);
      return Status::OK();
    };
    lake::Transaction txn;
    txn.operation = "BACKFILL";
    txn.positions = PositionChanges(*base, parts);
    TRY(fill(&txn));
    if (txn.adds.empty() && txn.positions.empty()) {
      counts_.unchanged += step.unchanged;
      return Status::OK();
    }
    const auto rebase = [&](const lake::Snapshot&, const Files& added, lake::Transaction* pending) -> Status {
      // Only who wrote bars of the chart has changed what is to be written.
      if (std::none_of(added.begin(), added.end(), [&](const auto& file) { return MayHold(*file, parts); })) {
        return Status::OK();
      }
      TRY(LearnBars(added, parts, &held));
      return fill(pending);
    };
    TRY_ASSIGN(const auto result, bars_->Commit(base, std::move(txn), rebase));
    if (result.outcome == lake::CommitOutcome::kFenced) continue;
    counts_.bars += step.bars;
    counts_.revisions += step.revisions;
    counts_.unchanged += step.unchanged;
    ++counts_.commits;
    return Status::OK();
  }
  return Status::IOError("others write the same history of ", parts.front().ticker, " at the same time, ",
                         options_.max_fencings, " times in a row: let them finish, then run it again");
}

}  // namespace pregao::engine
