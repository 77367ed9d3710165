#include "cli/silver_spark.h"

#include <algorithm>
#include <condition_variable>
#include <fmt/format.h>
#include <mutex>
#include <spdlog/spdlog.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/operations.h"
#include "cli/output.h"
#include "cli/spark_bigquery.h"
#include "cli/status_line.h"

#include "spark/bigquery_options.h"
#include "spark/progress.h"
#include "spark/streams.h"

namespace pregao::cli {
namespace {

constexpr std::chrono::seconds kLook{1}, kLongestPause{30};

/// A query and what was last heard of it.
struct Watched {
  spark::QueryId id;
  spark::QueryState state;
  spark::Progress progress;
};

void WaitFor(std::stop_token stop, std::chrono::seconds time) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
}

Result<std::unique_ptr<spark::Client>> ConnectSpark(const Settings& settings, const std::string& topic,
                                                    const std::string& format) {
  if (settings.spark_url.empty()) {
    return Status::Invalid("no Spark Connect server is named: --spark sc://host:15002, or spark.url in pregao.toml");
  }
  auto url = spark::ParseConnectUrl(settings.spark_url);
  if (!url.ok()) return Status::Invalid("spark.url: ", url.status().message());
  return spark::Client::Connect(*url, spark::SessionOf(SparkHome(settings, format), topic));
}

Status Look(spark::Client* client, Watched* query) {
  TRY_ASSIGN(query->state, client->State(query->id));
  if (query->state.progress.empty()) return Status::OK();
  TRY_ASSIGN(query->progress, spark::ParseProgress(query->state.progress));
  return Status::OK();
}

/// "silver" of "pregao quotes silver".
std::string TableOf(const Watched& query) { return query.id.name.substr(query.id.name.rfind(' ') + 1); }

std::string Line(const Watched& query) {
  const auto& p = query.progress;
  return fmt::format("{}: {} · batch {} · {:.0f} rows/s in · {:.0f} rows/s done{}{}{}", query.id.name,
                     query.state.active          ? "runs"
                     : query.state.error.empty() ? "ended"
                                                 : "failed",
                     p.batch, p.input_rate, p.processed_rate, p.watermark.empty() ? "" : " · watermark " + p.watermark,
                     p.state_rows == 0 ? "" : fmt::format(" · {} rows remembered", HumanCount(p.state_rows)),
                     p.end_offsets.empty() ? "" : " · " + p.end_offsets);
}

std::string Json(const std::vector<Watched>& queries) {
  JsonWriter w;
  w.BeginArray();
  for (const auto& query : queries) {
    w.BeginObject();
    for (const auto& [key, text] : {std::pair("name", query.id.name), std::pair("id", query.id.id),
                                    std::pair("message", query.state.message), std::pair("error", query.state.error)}) {
      w.Key(key);
      w.String(text);
    }
    w.Key("active");
    w.Bool(query.state.active);
    w.Key("progress");
    query.state.progress.empty() ? w.Null() : w.Raw(query.state.progress);
    w.EndObject();
  }
  w.EndArray();
  return w.Take() + "\n";
}

Status Show(const Context& context, const std::vector<Watched>& queries) {
  if (context.json) return WriteOut(Json(queries));
  std::string text;
  for (const auto& query : queries) text += Line(query) + "\n";
  return WriteOut(text);
}

/// Watches queries in a server that may go away and come back.
class Watcher {
 public:
  Watcher(const Context& context, const SparkRun& run) : context_(context), run_(run) {}

  Result<ExitCode> Run() {
    TRY(Start());
    run_.take_over = run_.accept_new_topic = false;  // that was asked for once
    TRY_ASSIGN(const auto operations,
               ServeOperations(context_, Serve::kFigures, {.spark = [this] { return Reports(); }}));
    const StatusLine line([this] { return Text(); });
    std::chrono::seconds pause = kLook;
    while (!context_.stop.stop_requested()) {
      const Status looked = client_ ? LookAll() : Start();
      if (looked.IsIOError()) {
        spdlog::warn("{}; tried again in {} s", looked.message(), pause.count());
        client_.reset();
        WaitFor(context_.stop, pause);
        pause = std::min(pause * 2, kLongestPause);
        continue;
      }
      TRY(looked);
      pause = kLook;
      if (std::none_of(queries_.begin(), queries_.end(), [](const auto& q) { return q.state.active; })) break;
      WaitFor(context_.stop, kLook);
    }
    return Finish();
  }

 private:
  /// The tables are looked at each time: while the server was away, another engine may have taken them over.
  Status Start() {
    TRY_ASSIGN(const auto uri, KafkaTopic(context_.settings));
    TRY_ASSIGN(auto client, ConnectSpark(context_.settings, uri.name, run_.format));
    TRY_ASSIGN(const auto spec, PrepareTables(context_, run_));
    if (bigquery()) {
      TRY_ASSIGN(const auto active, client->Active());
      TRY(TakeOutUncommitted(context_, spec, active));
    }
    const auto begun = spark::StartStreams(client.get(), spec);
    if (!begun.ok()) return Explained(begun.status());
    const auto& started = *begun;
    client_ = std::move(client);
    std::lock_guard lock(mutex_);
    queries_.clear();
    for (const auto& id : started) queries_.push_back({id, {true, "starting", "", ""}, {}});
    return Status::OK();
  }
  [[nodiscard]] bool bigquery() const { return run_.format == "bigquery"; }
  [[nodiscard]] Status Explained(const Status& status) const {
    return bigquery() ? spark::ExplainBigQuery(status) : status;
  }
  Status LookAll() {
    for (std::size_t i = 0; i < queries_.size(); ++i) {
      Watched query = queries_[i];
      TRY(Look(client_.get(), &query));
      if (!query.state.error.empty()) {
        return Explained(Status::Invalid("query '", query.id.name, "' failed in Spark: ", query.state.error));
      }
      if (!query.state.active && !run_.until_end) return Stopped(query.id.name);
      const auto& [before, now] = std::pair(queries_[i].progress, query.progress);
      if (now.late_rows > 0 && now.batch != before.batch) {
        spdlog::warn("{} rows came later than the watermark and were dropped{}", now.late_rows,
                     run_.format == "delta" ? ": stop the queries, then `pregao audit --repair` appends them" : "");
      }
      std::lock_guard lock(mutex_);
      queries_[i] = std::move(query);
    }
    return Status::OK();
  }
  /// A query without an end has ended, and not because it failed.
  [[nodiscard]] Status Stopped(const std::string& name) const {
    const std::string command = "pregao silver --engine spark" + Flags();
    return Status::Invalid("query '", name, "' was stopped in Spark by someone else, or had been started with --until ",
                           "end. What of the other queries runs goes on: `", command, "` starts it again, `", command,
                           " stop` ends them all");
  }
  [[nodiscard]] std::string Flags() const { return run_.format == "delta" ? "" : " --to " + run_.format; }
  std::string Text() {
    std::lock_guard lock(mutex_);
    std::string out;
    for (const auto& query : queries_) {
      if (TableOf(query) == "silver") out = Line(query);
    }
    return out;
  }
  std::vector<spark::QueryReport> Reports() {
    std::lock_guard lock(mutex_);
    std::vector<spark::QueryReport> out;
    for (const auto& query : queries_) out.push_back({TableOf(query), query.state.active, query.progress});
    return out;
  }
  Result<ExitCode> Finish() {
    TRY(Show(context_, queries_));
    if (!context_.stop.stop_requested()) return ExitCode::kOk;
    spdlog::info("the queries go on in Spark: `pregao silver --engine spark{} stop` ends them", Flags());
    return run_.until_end ? ExitCode::kInterrupted : ExitCode::kOk;
  }

  const Context& context_;
  SparkRun run_;
  std::unique_ptr<spark::Client> client_;
  std::mutex mutex_;  // guards queries_ against the status line and the metrics
  std::vector<Watched> queries_;
};

struct Running {
  std::unique_ptr<spark::Client> client;
  std::vector<Watched> queries;
};

Result<Running> FindRunning(const Context& context, const std::string& format) {
  TRY_ASSIGN(const auto uri, KafkaTopic(context.settings));
  Running out;
  TRY_ASSIGN(out.client, ConnectSpark(context.settings, uri.name, format));
  TRY_ASSIGN(const auto active, out.client->Active());
  for (const auto& id : active) {
    out.queries.push_back({id, {}, {}});
    TRY(Look(out.client.get(), &out.queries.back()));
  }
  return out;
}

}  // namespace

Result<ExitCode> RunSpark(const Context& context, const SparkRun& run) { return Watcher(context, run).Run(); }

Result<ExitCode> ShowSpark(const Context& context, const std::string& format) {
  TRY_ASSIGN(const auto running, FindRunning(context, format));
  if (running.queries.empty() && !context.json) TRY(WriteOut("no query runs\n"));
  TRY(Show(context, running.queries));
  return ExitCode::kOk;
}

Result<std::vector<std::string>> EndQueries(const Context& context, const std::string& format) {
  TRY_ASSIGN(const auto running, FindRunning(context, format));
  std::vector<std::string> names;
  for (const auto& query : running.queries) {
    TRY(running.client->Stop(query.id));
    names.push_back(query.id.name);
  }
  return names;
}

Result<ExitCode> StopSpark(const Context& context, const std::string& format) {
  TRY_ASSIGN(const auto ended, EndQueries(context, format));
  TRY(WriteOut(fmt::format("{} queries stopped\n", ended.size())));
  return ExitCode::kOk;
}

Status CheckQueriesRest(const Context& context) {
  TRY_ASSIGN(const auto running, FindRunning(context, "delta"));
  if (running.queries.empty()) return Status::OK();
  return Status::Invalid("query '", running.queries.front().id.name, "' runs in Spark: first ",
                         "`pregao silver --engine spark stop`");
}

}  // namespace pregao::cli
