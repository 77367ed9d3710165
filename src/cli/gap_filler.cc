#include "cli/gap_filler.h"

#include <algorithm>
#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <condition_variable>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/text.h"
#include "cli/chart_access.h"
#include "cli/lake_session.h"
#include "cli/listener_options.h"

namespace pregao::cli {
namespace {

constexpr std::int64_t kDayS = 86'400, kReachDays = 29;
constexpr std::size_t kRequestsACommit = 10;
constexpr std::int64_t kShareOfTime = 20;

constexpr char kFind[] =
    "SELECT ticker, epoch(gap_start)::BIGINT, epoch(gap_end)::BIGINT FROM gaps WHERE date >= DATE '{}'";
constexpr char kForeign[] =
    "SELECT DISTINCT ticker FROM silver WHERE date >= DATE '{}' AND (source = 'simulator') <> {}";

std::string DateOf(std::int64_t second) { return market::DayText(static_cast<std::int32_t>(second / kDayS)); }

/// Calls `batch` with the rows of the answer, some at a time.
template <class F>
Status ForEachBatch(query::Session* session, const std::string& sql, F&& batch) {
  TRY_ASSIGN(const auto result, session->Query(sql));
  for (;;) {
    TRY_ASSIGN(const auto rows, result->Next());
    if (rows == nullptr) return Status::OK();
    batch(*rows);
  }
}

}  // namespace

Result<std::vector<Gap>> GapFiller::FindGaps(query::Session* session) {
  const std::int64_t now_s = clock_->Now().value / 1000;
  session->ShowFrom("bar_revisions", DateOf(now_s - (kReachDays + 1) * kDayS));
  std::vector<Gap> gaps;
  TRY(ForEachBatch(session, fmt::format(kFind, DateOf(now_s - kReachDays * kDayS)), [&](const auto& rows) {
    const auto& tickers = static_cast<const arrow::StringArray&>(*rows.column(0));
    const auto& starts = static_cast<const arrow::Int64Array&>(*rows.column(1));
    const auto& ends = static_cast<const arrow::Int64Array&>(*rows.column(2));
    for (std::int64_t i = 0; i < rows.num_rows(); ++i) {
      if (!refused_.contains(tickers.GetView(i)))
        gaps.push_back({tickers.GetString(i), {starts.Value(i), ends.Value(i)}});
    }
  }));
  return gaps;
}

/// Simulated and real rows never meet.
Status GapFiller::DropForeign(query::Session* session, std::vector<GapQuery>* plan) const {
  std::int64_t first_s = plan->front().query.from_s;
  for (const GapQuery& asked : *plan) first_s = std::min(first_s, asked.query.from_s);
  session->ShowFrom("silver", DateOf(first_s));
  std::set<std::string, std::less<>> foreign;
  TRY(ForEachBatch(session, fmt::format(kForeign, DateOf(first_s), parts_.simulated), [&](const auto& rows) {
    const auto& tickers = static_cast<const arrow::StringArray&>(*rows.column(0));
    for (std::int64_t i = 0; i < rows.num_rows(); ++i) foreign.insert(tickers.GetString(i));
  }));
  const auto left = std::erase_if(*plan, [&](const GapQuery& asked) { return foreign.contains(asked.query.ticker); });
  if (left > 0) {
    spdlog::debug("{} requests for gaps are left out: the tickers have quotes of {}, which the history is not of", left,
                  parts_.simulated ? "Yahoo" : "the simulator");
  }
  return Status::OK();
}

Status GapFiller::Ask(std::vector<GapQuery> plan, engine::History* history, std::stop_token stop) {
  std::vector<engine::HistoryPart> parts;
  std::vector<Gap> asked;
  const std::int64_t bars_before = history->counts().bars;
  const std::int64_t requests_before = parts_.client->stats().requests;
  const std::int64_t bars = stats().bars, requests = stats().requests;
  const auto flush = [&]() -> Status {
    if (!parts.empty()) TRY(history->Write(parts));
    const std::int64_t now_s = clock_->Now().value / 1000;
    for (Gap& gap : asked) {
      if (!IsSettled(gap, now_s)) tried_.insert(std::move(gap));
    }
    Update([&](GapFillerStats& s) {
      s.gaps += static_cast<std::int64_t>(asked.size());
      s.bars = bars + history->counts().bars - bars_before;
      s.requests = requests + parts_.client->stats().requests - requests_before;
    });
    parts.clear();
    asked.clear();
    return Status::OK();
  };
  for (const GapQuery& next : plan) {
    if (refused_.contains(next.query.ticker)) continue;
    auto chart = parts_.client->Fetch(next.query, stop);
    if (chart.status().IsKeyError() || chart.status().IsInvalid()) {
      spdlog::warn("gaps of {} are not filled: {}", next.query.ticker, chart.status().message());
      refused_.insert(next.query.ticker);
      continue;
    }
    if (!chart.ok()) {
      TRY(flush());  // what has come is not asked for again
      return chart.status();
    }
    parts.push_back(GapPart(next, std::move(chart->bars)));
    asked.insert(asked.end(), next.gaps.begin(), next.gaps.end());
    if (parts.size() >= kRequestsACommit) TRY(flush());
  }
  return flush();
}

Status GapFiller::Pass(std::stop_token stop) {
  TRY_ASSIGN(const auto session, parts_.open_session());
  const InterruptOnStop interrupt(session.get(), stop);
  auto gaps = FindGaps(session.get());
  // A lake without bars has no gaps.
  if (!gaps.ok() && session->Problem("bar_revisions").IsKeyError()) return Status::OK();
  TRY(gaps.status());
  const auto shown = session->Shown("bar_revisions");
  const std::int64_t now_s = clock_->Now().value / 1000;
  std::erase_if(tried_, [&](const Gap& gap) { return IsSettled(gap, now_s); });
  auto plan = PlanGaps(*std::move(gaps), shown->positions, tried_, now_s);
  if (!plan.empty()) TRY(DropForeign(session.get(), &plan));
  spdlog::debug("looked for gaps: {} requests are due", plan.size());
  Update([](GapFillerStats& s) { ++s.passes; });
  if (plan.empty()) return Status::OK();
  TRY_ASSIGN(const auto history, parts_.open_history());
  return Ask(std::move(plan), history.get(), stop);
}

void GapFiller::Run(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  auto wait = parts_.period;
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex);
      never.wait_for(lock, stop, wait, [] { return false; });
    }
    if (stop.stop_requested()) return;
    const auto begin = std::chrono::steady_clock::now();
    const Status status = Pass(stop);
    if (stop.stop_requested()) return;
    const auto took = std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
    wait = std::max(parts_.period, std::min(kShareOfTime * took, std::chrono::milliseconds(15 * 60'000)));
    const std::string problem = status.ok() ? "" : status.message();
    if (!problem.empty() && problem != stats().problem) spdlog::warn("gaps are not filled: {}. Later again", problem);
    Update([&](GapFillerStats& s) { s.problem = problem; });
  }
}

GapFillerStats GapFiller::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

std::unique_ptr<GapFiller> NewGapFiller(const Context& context) {
  if (!context.settings.gold_fill_gaps) return nullptr;
  GapFillerParts parts;
  parts.open_session = [context] { return OpenSession(context, {.memory_limit = "512MiB", .threads = 1}); };
  parts.open_history = [context]() -> Result<std::unique_ptr<engine::History>> {
    TRY_ASSIGN(auto store, OpenExistingLake(context));
    return engine::History::Open(std::move(store), context.clock, HistoryOptionsOf(context.settings));
  };
  parts.client = NewChartClient(context);
  parts.simulated = SourceOfUrl(context.settings.yahoo_chart_url) == "simulator";
  parts.period = std::max(6 * context.settings.gold_interval, std::chrono::milliseconds(500));
  return std::make_unique<GapFiller>(std::move(parts), context.clock);
}

std::string GapsText(const GapFiller* filler) {
  if (filler == nullptr) return "";
  const GapFillerStats stats = filler->stats();
  std::string text;
  if (stats.bars > 0) text += fmt::format(" · {} bars filled", HumanCount(stats.bars));
  if (!stats.problem.empty()) text += " · gaps wait: " + Printable(stats.problem);
  return text;
}

}  // namespace pregao::cli
