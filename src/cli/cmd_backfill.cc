#include <CLI/CLI.hpp>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <spdlog/spdlog.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/backfill.h"
#include "cli/calendars.h"
#include "cli/chart_access.h"
#include "cli/commands.h"
#include "cli/instant.h"
#include "cli/lake_store.h"
#include "cli/misuse.h"
#include "cli/output.h"
#include "cli/progress.h"

namespace pregao::cli {
namespace {

constexpr std::int64_t kDayS = 86'400, kDefaultDays = 5 * 365;

struct Options {
  std::vector<std::string> tickers;
  std::string from, to, interval = "1d";
  bool dry_run = false, again = false;
};

Result<BackfillRange> RangeOf(const Context& context, const Options& options) {
  BackfillRange range;
  const TimestampMs now = context.clock->Now();
  const auto interval = yahoo::ChartIntervalOf(options.interval);
  if (!interval.ok()) return Misuse("--interval: " + interval.status().message());
  range.interval = *interval;
  range.now_s = now.value / 1000;
  range.again = options.again;
  const std::int64_t days = range.interval.reach_days > 0 ? range.interval.reach_days : kDefaultDays;
  range.from_s = range.now_s - days * kDayS;
  range.to_s = range.now_s;
  if (!options.from.empty()) {
    TRY_ASSIGN(const TimestampMs from, InstantOf("--from", options.from, now));
    range.from_s = from.value / 1000;
  }
  if (!options.to.empty()) {
    TRY_ASSIGN(const TimestampMs to, InstantOf("--to", options.to, now));
    range.to_s = std::min(to.value / 1000, range.now_s);
  }
  if (range.from_s < range.to_s) return range;
  return Misuse("--from is not before --to, or lies ahead: there is nothing in between");
}

std::string SpanText(const std::optional<engine::HistorySpan>& span) {
  if (!span) return "nothing";
  return market::DayText(static_cast<std::int32_t>(span->from_s / kDayS)) + " to " +
         market::DayText(static_cast<std::int32_t>(span->to_s / kDayS));
}

std::string ForPeople(const BackfillPlan& plan, const engine::HistoryCounts& counts, const Options& options,
                      const Settings& settings) {
  if (options.dry_run) {
    TextTable table{{{"ticker"}, {"covered"}, {"requests", true}}, {}};
    for (const BackfillTicker& t : plan.tickers) {
      table.rows.push_back({t.ticker, SpanText(t.covered), HumanCount(static_cast<std::int64_t>(t.queries.size()))});
    }
    const auto minutes =
        std::ceil(static_cast<double>(plan.requests()) / static_cast<double>(settings.yahoo_chart_requests_per_minute));
    return table.ToString() + fmt::format("{} requests, {:.0f} min at most when Yahoo answers; nothing was asked\n",
                                          HumanCount(plan.requests()), minutes);
  }
  TextTable table{{{"ticker"}, {"requests", true}, {"bars", true}, {"problem"}}, {}};
  for (const BackfillTicker& t : plan.tickers) {
    table.rows.push_back(
        {t.ticker, HumanCount(static_cast<std::int64_t>(t.queries.size())), HumanCount(t.bars), Printable(t.problem)});
  }
  return table.ToString() +
         fmt::format("{} bars written ({} of them revisions), {} were there; {} dividends and splits written\n",
                     HumanCount(counts.bars), HumanCount(counts.revisions), HumanCount(counts.unchanged),
                     HumanCount(counts.actions));
}

std::string ForPrograms(const BackfillPlan& plan, const engine::HistoryCounts& counts,
                        const yahoo::ChartClientStats& asked, const Options& options, bool stopped) {
  JsonWriter w;
  const auto number = [&](std::string_view key, std::int64_t value) {
    w.Key(key);
    w.Int(value);
  };
  const auto flag = [&](std::string_view key, bool value) {
    w.Key(key);
    w.Bool(value);
  };
  w.BeginObject();
  flag("dry_run", options.dry_run);
  flag("stopped", stopped);
  w.Key("interval");
  w.String(options.interval);
  number("planned_requests", plan.requests());
  number("requests", asked.requests);
  number("retries", asked.retries);
  number("throttled", asked.throttled);
  number("bars_written", counts.bars);
  number("revisions", counts.revisions);
  number("unchanged", counts.unchanged);
  number("actions_written", counts.actions);
  number("commits", counts.commits);
  w.Key("tickers");
  w.BeginArray();
  for (const BackfillTicker& t : plan.tickers) {
    w.BeginObject();
    w.Key("ticker");
    w.String(t.ticker);
    number("requests", static_cast<std::int64_t>(t.queries.size()));
    number("bars", t.bars);
    w.Key("problem");
    t.problem.empty() ? w.Null() : w.String(t.problem);
    w.EndObject();
  }
  w.EndArray();
  w.EndObject();
  return w.Take() + "\n";
}

Result<ExitCode> RunBackfillCommand(const Context& context, const Options& options) {
  TRY_ASSIGN(const BackfillRange range, RangeOf(context, options));
  TRY_ASSIGN(const auto tickers, TickersOf(context.settings, options.tickers));
  TRY_ASSIGN(const auto calendars, LoadCalendars(context.settings));
  const engine::HistoryOptions history_options = HistoryOptionsOf(context.settings);
  std::map<std::string, std::int64_t> positions;
  std::error_code ignored;
  if (IsBucket(context.settings) || std::filesystem::is_directory(context.settings.lake, ignored)) {
    TRY_ASSIGN(auto store, OpenLake(context));
    TRY_ASSIGN(positions, engine::History::Positions(std::move(store), context.clock, history_options.table));
  }
  BackfillPlan plan = PlanBackfill(tickers, range, positions, calendars);
  if (plan.begins_s) {
    spdlog::warn("Yahoo has {} bars of the last {} days only: the history begins on {}", range.interval.name,
                 range.interval.reach_days, market::DayText(static_cast<std::int32_t>(*plan.begins_s / kDayS)));
  }
  engine::HistoryCounts counts;
  yahoo::ChartClientStats asked;
  Status end;
  if (!options.dry_run && plan.requests() > 0) {
    TRY_ASSIGN(auto store, OpenLake(context));
    TRY_ASSIGN(const auto history, engine::History::Open(std::move(store), context.clock, history_options));
    const auto client = NewTalkingChartClient(context);
    ProgressBar bar("asking for " + std::string(range.interval.name) + " bars", "requests");
    end = RunBackfill(&plan, client.get(), history.get(), *context.clock, context.stop,
                      [&bar](std::int64_t done, std::int64_t of) { bar.Update(done, of); });
    counts = history->counts();
    asked = client->stats();
  }
  TRY(WriteOut(context.json ? ForPrograms(plan, counts, asked, options, end.IsCancelled())
                            : ForPeople(plan, counts, options, context.settings)));
  if (end.IsCancelled()) return ExitCode::kInterrupted;
  if (!end.ok()) {
    return end.WithMessage(end.message(), ". What had come is stored: the same command goes on from there");
  }
  const bool all_well = std::all_of(plan.tickers.begin(), plan.tickers.end(),
                                    [](const BackfillTicker& ticker) { return ticker.problem.empty(); });
  return all_well ? ExitCode::kOk : ExitCode::kFailed;
}

}  // namespace

Command BackfillCommand() {
  return {
      "backfill",
      "Yahoo's history -> tables gold/bars and gold/corporate_actions; what is there is not asked for again",
      {"pregao backfill --ticker PETR4.SA --from 2020-01-01                      # days",
       "pregao backfill --ticker PETR4.SA,BTC-USD --interval 1m --from 7d        # minutes, the last 30 days at most",
       "pregao backfill --interval 1h --dry-run                                  # of the watchlist: what it takes",
       "pregao backfill --ticker AAPL --from 2020-08-01 --to 2020-12-01 --again   # after a split",
       "pregao backfill --interval 1d --json | jq .bars_written"},
      {"lake", "watchlist", "yahoo.chart-url", "yahoo.chart-requests-per-minute", "calendars", "engine.compression"},
      [](CLI::App* app, Context* context) -> cli::Run {
        auto options = std::make_shared<Options>();
        app->add_option("--ticker", options->tickers, "Tickers, comma-joined or repeated (default: the watchlist)");
        app->add_option("--from", options->from,
                        "The first bar's start: 2026-01-02, 2026-01-02T13:00 (UTC) or how long ago, 7d (default: as "
                        "far as Yahoo has them; of 1d five years)");
        app->add_option("--to", options->to, "Up to here, not included (default: now)");
        app->add_option("--interval", options->interval, "1m, 2m, 5m, 15m, 30m, 90m, 1h or 1d")->capture_default_str();
        app->add_flag("--dry-run", options->dry_run, "Only tell what would be asked");
        app->add_flag("--again", options->again,
                      "Ask for what is there too: what differs becomes a new revision, as after a split");
        return [options, context] { return RunBackfillCommand(*context, *options); };
      }};
}

}  // namespace pregao::cli
