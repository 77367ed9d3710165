#include <CLI/CLI.hpp>
#include <algorithm>
#include <arrow/table.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/calendars.h"
#include "cli/chart_access.h"
#include "cli/commands.h"
#include "cli/instant.h"
#include "cli/lake_session.h"
#include "cli/misuse.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/reconcile.h"
#include "medallion/bar_schema.h"
#include "yahoo/chart_windows.h"

namespace pregao::cli {
namespace {

constexpr std::int64_t kSettleS = 3660;  // a minute is settled an hour after its end
constexpr std::size_t kMostListed = 100'000;

struct Options {
  std::vector<std::string> tickers;
  std::string from = "1d", to;
  double tolerance = 0.1;
  std::optional<double> volume_tolerance;
  std::size_t limit = 100;
};

struct Range {
  std::int64_t from_s = 0, to_s = 0, now_s = 0;
};

struct TickerReport {
  std::string ticker;
  Reconciled found;
  std::string problem;  ///< why it was not compared; empty: it was
};

std::string TimeText(std::int64_t start_us) {
  return fmt::format("{:%Y-%m-%dT%H:%MZ}", fmt::gmtime(static_cast<std::time_t>(start_us / 1'000'000)));
}

Result<Range> RangeOf(const Context& context, const Options& options) {
  const TimestampMs now = context.clock->Now();
  TRY_ASSIGN(const TimestampMs from, InstantOf("--from", options.from, now));
  Range range{from.value / 1000, now.value / 1000 - kSettleS, now.value / 1000};
  if (!options.to.empty()) {
    TRY_ASSIGN(const TimestampMs to, InstantOf("--to", options.to, now));
    range.to_s = std::min(range.to_s, to.value / 1000);
  }
  if (range.from_s < range.to_s) return range;
  return Misuse(
      "there is nothing between --from and --to; the last hour is not compared, because Yahoo's minutes "
      "still change in it");
}

/// Last revisions of the stream's minutes, by start.
Result<std::vector<market::Bar>> StreamBars(query::Session* session, const std::string& ticker, const Range& range) {
  const auto day = [](std::int64_t second) { return market::DayText(static_cast<std::int32_t>(second / 86'400)); };
  TRY_ASSIGN(const auto result,
             session->Query(fmt::format(
                 "SELECT \"{}\" FROM bar_revisions WHERE ticker = {} AND \"interval\" = '1m' AND source = 'stream' AND "
                 "date BETWEEN DATE '{}' AND DATE '{}' AND bar_start >= to_timestamp({}) AND bar_start < "
                 "to_timestamp({}) QUALIFY row_number() OVER (PARTITION BY bar_start ORDER BY revision DESC) = 1 "
                 "ORDER BY bar_start",
                 fmt::join(medallion::BarColumns(), "\", \""), query::QuoteText(ticker), day(range.from_s),
                 day(range.to_s), range.from_s, range.to_s)));
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (;;) {
    TRY_ASSIGN(auto batch, result->Next());
    if (batch == nullptr) break;
    batches.push_back(std::move(batch));
  }
  TRY_ASSIGN(const auto table, arrow::Table::FromRecordBatches(result->schema(), batches));
  return medallion::BarsOf(*table);
}

/// Puts into the report what was found, or the problem of a ticker that Yahoo refuses. IOError: Yahoo does not answer.
Status CompareTicker(query::Session* session, yahoo::ChartClient* client, const std::string& ticker, const Range& range,
                     const ReconcileRules& rules, std::stop_token stop, TickerReport* report) {
  std::vector<market::Bar> chart;
  for (const auto& window :
       yahoo::PlanChart(ticker, yahoo::kChartIntervals.front(), range.from_s, range.to_s, range.now_s).windows) {
    auto answer = client->Fetch(window, stop);
    if (answer.status().IsKeyError() || answer.status().IsInvalid()) {
      report->problem = answer.status().message();
      return Status::OK();
    }
    TRY(answer.status());
    for (market::Bar& bar : answer->bars) {
      const std::int64_t start_s = bar.start_us / 1'000'000;
      if (start_s >= window.from_s && start_s < window.to_s) chart.push_back(std::move(bar));
    }
  }
  TRY_ASSIGN(const auto stream, StreamBars(session, ticker, range));
  report->found = Reconcile(stream, chart, rules);
  return Status::OK();
}

Reconciled SumOf(const std::vector<TickerReport>& reports) {
  Reconciled sum;
  for (const auto& [ticker, found, problem] : reports) {
    sum.compared += found.compared;
    sum.differing += found.differing;
    sum.only_stream += found.only_stream;
    sum.only_chart += found.only_chart;
    for (const Difference& d : found.differences) {
      if (sum.differences.size() < kMostListed) sum.differences.push_back(d);
    }
  }
  return sum;
}

std::string ForPeople(const std::vector<TickerReport>& reports, const Reconciled& sum, const Options& options,
                      const Range& range) {
  const auto cell = [](const std::optional<double>& value) { return value ? fmt::format("{}", *value) : "none"; };
  std::string out;
  TextTable list{{{"ticker"}, {"bar"}, {"what"}, {"stream", true}, {"chart", true}, {"%", true}}, {}};
  for (std::size_t i = 0; i < std::min(options.limit, sum.differences.size()); ++i) {
    const Difference& d = sum.differences[i];
    list.rows.push_back({d.ticker, TimeText(d.start_us), d.what, cell(d.stream), cell(d.chart),
                         d.percent ? fmt::format("{:+.4f}", *d.percent) : ""});
  }
  if (!list.rows.empty()) out += list.ToString();
  if (sum.differences.size() > options.limit) {
    out += fmt::format("and {} more (--limit, or --json for all)\n",
                       HumanCount(static_cast<std::int64_t>(sum.differences.size() - options.limit)));
  }
  for (const TickerReport& report : reports) {
    if (!report.problem.empty()) out += fmt::format("{}: {}\n", report.ticker, Printable(report.problem));
  }
  return out +
         fmt::format(
             "{}{} minutes of {} to {} compared within {} %: {} differ; {} only in the stream, {} only in the chart\n",
             out.empty() ? "" : "\n", HumanCount(sum.compared), TimeText(range.from_s * 1'000'000),
             TimeText(range.to_s * 1'000'000), options.tolerance, HumanCount(sum.differing),
             HumanCount(sum.only_stream), HumanCount(sum.only_chart));
}

void Counts(const Reconciled& found, JsonWriter* w) {
  for (const auto& [key, value] :
       {std::pair("compared", found.compared), std::pair("differing", found.differing),
        std::pair("only_stream", found.only_stream), std::pair("only_chart", found.only_chart)}) {
    w->Key(key);
    w->Int(value);
  }
}

std::string ForPrograms(const std::vector<TickerReport>& reports, const Reconciled& sum, const Options& options,
                        const Range& range, bool clean) {
  JsonWriter w;
  const auto number = [&](const char* key, const std::optional<double>& value) {
    w.Key(key);
    value ? w.Double(*value) : w.Null();
  };
  w.BeginObject();
  w.Key("clean");
  w.Bool(clean);
  w.Key("from");
  w.String(TimeText(range.from_s * 1'000'000));
  w.Key("to");
  w.String(TimeText(range.to_s * 1'000'000));
  number("tolerance_percent", options.tolerance);
  number("volume_tolerance_percent", options.volume_tolerance);
  Counts(sum, &w);
  w.Key("tickers");
  w.BeginArray();
  for (const TickerReport& report : reports) {
    w.BeginObject();
    w.Key("ticker");
    w.String(report.ticker);
    Counts(report.found, &w);
    w.Key("problem");
    report.problem.empty() ? w.Null() : w.String(report.problem);
    w.EndObject();
  }
  w.EndArray();
  w.Key("differences");
  w.BeginArray();
  for (const Difference& d : sum.differences) {
    w.BeginObject();
    w.Key("ticker");
    w.String(d.ticker);
    w.Key("bar_start");
    w.String(TimeText(d.start_us));
    w.Key("what");
    w.String(d.what);
    number("stream", d.stream);
    number("chart", d.chart);
    number("percent", d.percent);
    w.EndObject();
  }
  w.EndArray();
  w.EndObject();
  return w.Take() + "\n";
}

Result<ExitCode> RunReconcile(const Context& context, const Options& options) {
  TRY_ASSIGN(const Range range, RangeOf(context, options));
  TRY_ASSIGN(const auto tickers, TickersOf(context.settings, options.tickers));
  TRY_ASSIGN(const auto calendars, LoadCalendars(context.settings));
  const auto first =
      yahoo::PlanChart("", yahoo::kChartIntervals.front(), range.from_s, range.to_s, range.now_s).begins_at;
  Range within = range;
  if (first) {
    within.from_s = *first;
    spdlog::warn("Yahoo has minutes of the last 29 days only: the comparison begins at {}",
                 TimeText(*first * 1'000'000));
  }
  if (within.from_s >= within.to_s) return Status::Invalid("Yahoo has no minutes of that time any more");
  TRY_ASSIGN(const auto session, OpenSession(context));
  const InterruptOnStop interrupt(session.get(), context.stop);
  const auto client = NewTalkingChartClient(context);
  std::vector<TickerReport> reports;
  Status end;
  {
    ProgressBar bar("comparing", "tickers");
    for (const std::string& ticker : tickers) {
      bar.Update(static_cast<std::int64_t>(reports.size()), static_cast<std::int64_t>(tickers.size()));
      const ReconcileRules rules{options.tolerance, options.volume_tolerance, calendars.Of(ticker)};
      TickerReport& report = reports.emplace_back(TickerReport{ticker, {}, ""});
      if (end.ok()) end = CompareTicker(session.get(), client.get(), ticker, within, rules, context.stop, &report);
      if (end.ok()) continue;
      if (!end.IsIOError() && !end.IsCancelled()) return end;
      report.problem = "not compared: " + end.message();
    }
  }
  const Reconciled sum = SumOf(reports);
  const bool clean = sum.clean() && std::all_of(reports.begin(), reports.end(),
                                                [](const TickerReport& r) { return r.problem.empty(); });
  TRY(WriteOut(context.json ? ForPrograms(reports, sum, options, within, clean)
                            : ForPeople(reports, sum, options, within)));
  TRY(end);
  return clean ? ExitCode::kOk : ExitCode::kFailed;
}

}  // namespace

Command ReconcileCommand() {
  return {
      "reconcile",
      "Compare the stream's one-minute bars with Yahoo's history, and list what differs; changes nothing",
      {"pregao reconcile                                        # the watchlist, the last day, within 0.1 %",
       "pregao reconcile --ticker PETR4.SA --from 2026-11-20 --to 2026-11-21 --tolerance 0.5",
       "pregao reconcile --from 7d --volume-tolerance 20 --json | jq '.differences[] | select(.what == \"volume\")'",
       "pregao reconcile --ticker BTC-USD || echo it differs     # exit code 1: something differs"},
      {"lake", "watchlist", "yahoo.chart-url", "yahoo.chart-requests-per-minute", "calendars"},
      [](CLI::App* app, Context* context) -> Run {
        auto options = std::make_shared<Options>();
        app->add_option("--ticker", options->tickers, "Tickers, comma-joined or repeated (default: the watchlist)");
        app->add_option("--from", options->from,
                        "The first bar's start: 2026-01-02, 2026-01-02T13:00 (UTC) or how long ago")
            ->capture_default_str();
        app->add_option("--to", options->to,
                        "Up to here, not included (default: an hour ago; what is younger still changes)");
        app->add_option("--tolerance", options->tolerance, "By how many percent of the chart's a price may differ")
            ->check(CLI::Range(0.0, 100.0))
            ->capture_default_str();
        app->add_option("--volume-tolerance", options->volume_tolerance,
                        "The same of volumes (default: they are not compared, for the stream tells them late)")
            ->check(CLI::Range(0.0, 10'000.0));
        app->add_option("--limit", options->limit, "Differences that the table shows; all are counted")
            ->check(CLI::Range(std::size_t{1}, kMostListed))
            ->capture_default_str();
        return [options, context] { return RunReconcile(*context, *options); };
      }};
}

}  // namespace pregao::cli
