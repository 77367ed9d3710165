#include "cli/backfill.h"

#include <algorithm>

#include "yahoo/chart_windows.h"

namespace pregao::cli {
namespace {

constexpr std::int64_t kSettleS = 3600;       // as yahoo::DecodeChart has it for final bars
constexpr std::size_t kCommitBars = 200'000;  // a commit does not wait for more

/// Whether the market was closed all the time, as far as anybody knows.
bool IsClosed(const yahoo::ChartQuery& query, const market::Calendars& calendars) {
  const market::Calendar* const calendar = calendars.Of(query.ticker);
  const market::Span span{query.from_s, query.to_s};
  return calendar != nullptr && calendar->Covers(span) && calendar->SessionsIn(span).empty();
}

BackfillTicker PlanTicker(const std::string& ticker, const BackfillRange& range,
                          const std::optional<engine::HistorySpan>& covered, const market::Calendars& calendars,
                          std::optional<std::int64_t>* begins) {
  BackfillTicker out{ticker, covered, {}};
  const auto plan = [&](std::int64_t from_s, std::int64_t to_s) {
    return yahoo::PlanChart(ticker, range.interval, from_s, to_s, range.now_s);
  };
  auto whole = plan(range.from_s, range.to_s);
  *begins = whole.begins_at;
  const bool touches = covered && range.from_s <= covered->to_s && range.to_s >= covered->from_s;
  if (range.again || !touches) {
    out.queries = std::move(whole.windows);
    return out;
  }
  // Backwards from what is covered, then forwards.
  out.queries = plan(range.from_s, std::min(range.to_s, covered->from_s)).windows;
  std::reverse(out.queries.begin(), out.queries.end());
  auto after = plan(std::max(range.from_s, covered->to_s), range.to_s).windows;
  // At a weekend there is nothing new since Friday.
  while (!after.empty() && IsClosed(after.back(), calendars)) after.pop_back();
  out.queries.insert(out.queries.end(), after.begin(), after.end());
  return out;
}

engine::HistoryPart PartOf(const yahoo::ChartQuery& query, yahoo::Chart chart, TimestampMs received_at) {
  engine::HistoryPart part{query.ticker,          std::string(query.interval.name), {query.from_s, query.to_s}, 0,
                           std::move(chart.bars), std::move(chart.actions)};
  part.settled_s = received_at.value / 1000 - query.interval.seconds - kSettleS;
  for (const market::Bar& bar : part.bars) {
    if (!bar.is_final) part.settled_s = std::min(part.settled_s, bar.start_us / 1'000'000);
  }
  return part;
}

/// It ends while these tickers still had requests before them, the first of them in this step.
void TellUnfinished(const Status& why, std::size_t step, const BackfillTicker* at, BackfillPlan* plan) {
  bool before = true;  // those have had this step's answer
  for (BackfillTicker& ticker : plan->tickers) {
    before = before && &ticker != at;
    if (!ticker.problem.empty() || ticker.queries.size() <= (before ? step + 1 : step)) continue;
    ticker.problem = "not finished: " + why.message();
  }
}

/// Trouble with one ticker, and not with Yahoo.
bool IsOfTheTicker(const Status& status) { return status.IsKeyError() || status.IsInvalid(); }

}  // namespace

std::int64_t BackfillPlan::requests() const {
  std::int64_t sum = 0;
  for (const BackfillTicker& ticker : tickers) sum += static_cast<std::int64_t>(ticker.queries.size());
  return sum;
}

BackfillPlan PlanBackfill(const std::vector<std::string>& tickers, const BackfillRange& range,
                          const std::map<std::string, std::int64_t>& positions, const market::Calendars& calendars) {
  BackfillPlan plan;
  for (const std::string& ticker : tickers) {
    const auto covered = engine::History::CoveredIn(positions, ticker, std::string(range.interval.name));
    plan.tickers.push_back(PlanTicker(ticker, range, covered, calendars, &plan.begins_s));
  }
  return plan;
}

Status RunBackfill(BackfillPlan* plan, yahoo::ChartClient* client, engine::History* history, const Clock& clock,
                   std::stop_token stop, const std::function<void(std::int64_t, std::int64_t)>& progress) {
  std::vector<engine::HistoryPart> parts;
  std::size_t waiting = 0, steps = 0;
  const auto flush = [&]() -> Status {
    if (!parts.empty()) TRY(history->Write(parts));
    parts.clear();
    waiting = 0;
    return Status::OK();
  };
  std::int64_t done = 0;
  const std::int64_t all = plan->requests();
  for (const BackfillTicker& ticker : plan->tickers) steps = std::max(steps, ticker.queries.size());
  progress(done, all);
  for (std::size_t step = 0; step < steps; ++step) {
    for (BackfillTicker& ticker : plan->tickers) {
      if (step >= ticker.queries.size()) continue;
      if (!ticker.problem.empty()) {
        progress(++done, all);
        continue;
      }
      const yahoo::ChartQuery& query = ticker.queries[step];
      auto chart = client->Fetch(query, stop);
      if (chart.ok() || IsOfTheTicker(chart.status())) progress(++done, all);
      if (!chart.ok() && IsOfTheTicker(chart.status())) {
        ticker.problem = chart.status().message();
        continue;
      }
      if (!chart.ok()) {
        TellUnfinished(chart.status(), step, &ticker, plan);
        TRY(flush());  // what has come is not asked for again
        return chart.status();
      }
      ticker.bars += static_cast<std::int64_t>(chart->bars.size());
      waiting += chart->bars.size();
      parts.push_back(PartOf(query, *std::move(chart), clock.Now()));
      if (waiting >= kCommitBars) TRY(flush());
    }
    TRY(flush());
  }
  return Status::OK();
}

}  // namespace pregao::cli
