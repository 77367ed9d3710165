#include "engine/gold_session.h"

#include <algorithm>
#include <functional>
#include <map>
#include <spdlog/spdlog.h>

#include "engine/file_rows.h"
#include "engine/gold_tables.h"
#include "lake/added_files.h"
#include "medallion/bar_schema.h"
#include "medallion/schema.h"

namespace pregao::engine {
namespace {

constexpr char kAppIds[] = "pregao:gold:";
/// Bars are written in files of at most so many; a day has one file a commit nearly always.
constexpr std::size_t kFileBars = 1'000'000;

Status Stopped() { return Status::Cancelled("stopped; nothing of the work at hand was committed"); }

}  // namespace

GoldSession::GoldSession(std::shared_ptr<lake::Table> silver, std::shared_ptr<lake::Table> bars, const Clock* clock,
                         const GoldOptions& options)
    : silver_(std::move(silver)),
      bars_(std::move(bars)),
      clock_(clock),
      options_(options),
      app_id_(kAppIds + silver_->snapshot()->table_id),
      book_(bars_.get()) {}

Result<std::unique_ptr<GoldSession>> GoldSession::Open(std::shared_ptr<lake::Table> silver, const Clock* clock,
                                                       const GoldOptions& options) {
  TRY_ASSIGN(auto bars, OpenGold(silver->store(), kBarsRoot, clock, options.table));
  std::unique_ptr<GoldSession> session(new GoldSession(std::move(silver), std::move(bars), clock, options));
  const auto& positions = session->bars_->snapshot()->positions;
  const auto mine = positions.find(session->app_id_);
  if (mine != positions.end()) {
    session->position_ = session->next_ = mine->second;
    session->rebuild_ = options.rebuild;
    return session;
  }
  const bool other =
      std::any_of(positions.begin(), positions.end(), [](const auto& item) { return item.first.starts_with(kAppIds); });
  if (other && !options.rebuild) {
    return Status::Invalid("gold/bars was built from another silver/quotes than the one that is there now. ",
                           "`pregao gold --rebuild` builds the bars of this one; those of the other stay where this ",
                           "one has none");
  }
  session->rebuild_ = true;
  return session;
}

Result<std::int64_t> GoldSession::Behind() {
  TRY_ASSIGN(const auto newest, silver_->Refresh());
  if (kAppIds + newest->table_id != app_id_) return Status::Invalid("silver/quotes was replaced: start again");
  return newest->version.value + 1 - next_;
}

Result<GoldSession::Chunk> GoldSession::NextChunk() const {
  Chunk chunk;
  const std::int64_t newest = silver_->snapshot()->version.value;
  for (chunk.next = next_; chunk.next <= newest && chunk.rows < options_.max_ticks; ++chunk.next) {
    TRY_ASSIGN(auto added, lake::FilesAddedBetween(silver_->store().get(), silver_->root(),
                                                   TableVersion(chunk.next - 1), TableVersion(chunk.next)));
    for (auto& file : added) {
      chunk.rows += lake::StatRows(*file).value_or(0);
      chunk.files.push_back(std::move(file));
    }
  }
  return chunk;
}

Result<Ticks> GoldSession::Read(const SilverTicks& silver, const Chunk& chunk, std::stop_token stop) const {
  Ticks ticks;
  for (const auto& file : chunk.files) {
    if (stop.stop_requested()) return Stopped();
    TRY(silver.ForEach(*file,
                       [&](const std::string& ticker, const medallion::Tick& tick) { ticks[ticker].push_back(tick); }));
  }
  return ticks;
}

Result<GoldSession::Step> GoldSession::Next(std::stop_token stop) {
  if (rebuild_) return Rebuild(stop);
  if (next_ > silver_->snapshot()->version.value) return Step{};
  const SilverTicks silver(silver_.get(), silver_->snapshot());
  auto chunk = NextChunk();
  auto read = chunk.ok() ? Read(silver, *chunk, stop) : Result<Ticks>(chunk.status());
  if (read.status().IsInvalid()) {
    spdlog::warn("gold: {}; building all bars anew", read.status().message());
    return Rebuild(stop);
  }
  TRY_ASSIGN(auto ticks, std::move(read));
  Step step;
  for (const auto& [ticker, rows] : ticks) step.ticks += static_cast<std::int64_t>(rows.size());
  if (ticks.empty()) {  // versions that only rewrote or described what was there
    next_ = chunk->next;
    return step;
  }
  TRY_ASSIGN(const auto newest, bars_->Refresh());
  TRY_ASSIGN(auto changed, book_.Apply({&silver, newest.get()}, std::move(ticks)));
  lake::Transaction txn;
  TRY(WriteFiles(std::move(changed), &txn, &step));
  return Commit(std::move(txn), chunk->next, step);
}

/// Day by day, and within a day by so many tickers as fit the memory.
Result<GoldSession::Step> GoldSession::Rebuild(std::stop_token stop) {
  TRY_ASSIGN(const auto snapshot, silver_->Refresh());
  TRY_ASSIGN(const auto newest, bars_->Refresh());
  const SilverTicks silver(silver_.get(), snapshot);
  const BarBook::Tables tables{&silver, newest.get()};
  book_ = BarBook(bars_.get());
  falls_ = 0;
  TRY_ASSIGN(const auto days, silver.Days());
  std::int64_t of = 0;
  for (const auto& [day_us, rows] : days) of += rows;
  Step step;
  step.rebuilt = true;
  lake::Transaction txn;
  std::vector<market::Bar> changed;
  for (const auto& [day_us, rows] : days) {
    const auto groups = static_cast<std::size_t>(rows / options_.rebuild_ticks + 1);
    const Span day{day_us, day_us + kDayUs};
    for (std::size_t group = 0; group < groups; ++group) {
      if (stop.stop_requested()) return Stopped();
      TRY_ASSIGN(auto ticks, silver.Within(day, [&](std::string_view ticker) {
        return std::hash<std::string_view>{}(ticker) % groups == group;
      }));
      for (const auto& [ticker, of_ticker] : ticks) step.ticks += static_cast<std::int64_t>(of_ticker.size());
      TRY_ASSIGN(auto bars, book_.ApplyInOrder(tables, day, std::move(ticks)));
      changed.insert(changed.end(), std::make_move_iterator(bars.begin()), std::make_move_iterator(bars.end()));
      if (options_.progress) options_.progress(std::min(step.ticks, of), of);
      if (changed.size() < kFileBars) continue;
      TRY(WriteFiles(std::exchange(changed, {}), &txn, &step));
    }
  }
  auto open = book_.Finish();
  changed.insert(changed.end(), std::make_move_iterator(open.begin()), std::make_move_iterator(open.end()));
  TRY(WriteFiles(std::move(changed), &txn, &step));
  txn.operation = "REBUILD";
  TRY_ASSIGN(step, Commit(std::move(txn), snapshot->version.value + 1, step));
  rebuild_ = false;
  return step;
}

Status GoldSession::WriteFiles(std::vector<market::Bar> bars, lake::Transaction* txn, Step* step) const {
  std::map<std::int32_t, std::vector<market::Bar>> by_day;
  for (auto& bar : bars) {
    step->revisions += bar.revision > 1;
    by_day[medallion::DayOf(bar.start_us)].push_back(std::move(bar));
  }
  for (auto& [day, of_day] : by_day) {
    std::sort(of_day.begin(), of_day.end(), [](const market::Bar& a, const market::Bar& b) {
      return std::tie(a.ticker, a.start_us) < std::tie(b.ticker, b.start_us);
    });
    TRY_ASSIGN(const auto rows, medallion::BarRows(of_day));
    TRY_ASSIGN(auto file, lake::WriteDataFile(bars_->store().get(), kBarsRoot, *clock_, *rows,
                                              {{"date", medallion::DateString(day)}}, options_.write));
    step->bars += rows->num_rows();
    step->bytes += file.size;
    txn->adds.push_back(std::move(file));
  }
  return Status::OK();
}

Result<GoldSession::Step> GoldSession::Commit(lake::Transaction txn, std::int64_t next, Step step) {
  step.falls = book_.falls() - std::exchange(falls_, book_.falls());
  if (txn.adds.empty() && position_ == next) return step;  // a rebuild that found nothing
  txn.positions = {{app_id_, position_, next}};
  txn.metrics = {{"consumed", std::to_string(step.ticks)},
                 {"revisions", std::to_string(step.revisions)},
                 {"volumeFalls", std::to_string(step.falls)},
                 {"silverVersion", std::to_string(next - 1)}};
  SetWritten(step.bars, &txn);
  TRY_ASSIGN(const auto result, bars_->Commit(bars_->snapshot(), std::move(txn)));
  if (result.outcome == lake::CommitOutcome::kFenced) {
    Step fenced;
    fenced.fenced = true;
    return fenced;
  }
  position_ = next_ = next;
  step.commits = 1;
  return step;
}

}  // namespace pregao::engine
