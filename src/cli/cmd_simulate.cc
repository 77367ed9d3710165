#include <CLI/CLI.hpp>
#include <condition_variable>
#include <fmt/format.h>
#include <mutex>
#include <spdlog/spdlog.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/instant.h"
#include "cli/misuse.h"
#include "cli/output.h"
#include "cli/source.h"
#include "cli/topics.h"
#include "yahoo/message_source.h"
#include "yahoo/sim_server.h"

namespace pregao::cli {
namespace {

constexpr std::int64_t kMessagesABatch = 5000;

struct Options {
  yahoo::SimServerOptions server;
  std::string start;
  std::int64_t skip_s = 0;
  std::int64_t messages = 0;
  bool brief = false;
  double rejects = 0, duplicates = 0.01;
};

void WaitForStop(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait(lock, std::move(stop), [] { return false; });
}

Result<ExitCode> Serve(const Context& context, const Options& wanted) {
  yahoo::SimServerOptions options = wanted.server;
  if (!wanted.start.empty()) {
    TRY_ASSIGN(const TimestampMs start, InstantOf("--start", wanted.start, context.clock->Now()));
    options.start = TimestampMs(start.value / 1000 * 1000);
  }
  options.skip = std::chrono::seconds(wanted.skip_s);
  options.seed = static_cast<std::uint64_t>(context.settings.sim_seed);
  options.speed = 1000.0 / static_cast<double>(context.settings.sim_tick.count());
  TRY_ASSIGN(const auto server, yahoo::SimServer::Start(options));
  spdlog::info(
      "simulating the market at {} (seed {}); listen with --yahoo.stream-url '{}', ask its history with "
      "--yahoo.chart-url {}; Ctrl-C ends it",
      server->url(), options.seed, server->url(), server->http_url());
  if (context.json) {
    JsonWriter w;
    w.BeginObject();
    w.Key("url");
    w.String(server->url());
    w.Key("chart_url");
    w.String(server->http_url());
    w.EndObject();
    TRY(WriteOut(w.Take() + "\n"));
  } else {
    TRY(WriteOut(server->url() + "\n"));
  }
  WaitForStop(context.stop);
  server->Stop();
  const yahoo::SimStats stats = server->stats();
  spdlog::info("served {} frames over {} connections", HumanCount(static_cast<std::int64_t>(stats.frames)),
               stats.connections);
  return ExitCode::kOk;
}

/// The server and the messages have flags of their own: those of the other are refused, not ignored.
Status CheckFlags(const CLI::App& app, bool fills) {
  const std::string wrong =
      fills ? Given(app, {"--host", "--port", "--start", "--skip", "--retry-after", "--drop", "--abort", "--duplicate",
                          "--out-of-order", "--future", "--damaged", "--silent", "--throttle", "--broken"})
            : Given(app, {"--brief", "--rejects", "--duplicates"});
  if (wrong.empty()) return Status::OK();
  return Misuse(wrong + (fills ? ": of the server, which --messages does not start" : ": only with --messages"));
}

// Straight into the topic, as fast as it takes them.
Result<ExitCode> Fill(const Context& context, const Options& options) {
  if (context.settings.topic == Settings().topic) {
    spdlog::warn(
        "invented quotes go into {}, the topic that real ones go to when no other is named, and `pregao "
        "silver` makes rows of them all; keep them apart by --topic {} and --lake {}",
        context.settings.topic, kDemoTopic, kDemoLake);
  }
  TRY_ASSIGN(const auto topics, OpenTopicWriters(context));
  yahoo::SimMessageOptions market;
  market.seed = static_cast<std::uint64_t>(context.settings.sim_seed);
  market.brief = options.brief;
  market.rejects = options.rejects;
  market.duplicates = options.duplicates;
  yahoo::MessageSource source(market);
  std::int64_t written = 0;
  std::vector<topic::NewRecord> batch;
  while (written < options.messages) {
    if (context.stop.stop_requested()) return Status::Cancelled("stopped");
    batch.clear();
    const std::int64_t size = std::min(kMessagesABatch, options.messages - written);
    for (std::int64_t i = 0; i < size; ++i) {
      const yahoo::SimMessage message = source.Next();
      batch.push_back({std::string(message.key), std::string(message.value), message.timestamp, {}});
    }
    TRY(topics.quotes->Append(batch));
    written += size;
  }
  JsonWriter w;
  w.BeginObject();
  for (const auto& [key, count] :
       {std::pair("messages", static_cast<std::uint64_t>(written)), std::pair("duplicates", source.duplicates()),
        std::pair("rejects", source.rejects())}) {
    w.Key(key);
    w.Int(static_cast<std::int64_t>(count));
  }
  w.EndObject();
  TRY(WriteOut(context.json ? w.Take() + "\n"
                            : fmt::format("{} messages written to {}: {} duplicates, {} rejects\n", HumanCount(written),
                                          context.settings.topic, source.duplicates(), source.rejects())));
  return ExitCode::kOk;
}

void DeclareFaults(CLI::App* app, yahoo::SimFaults* faults) {
  const std::vector<std::tuple<const char*, double*, const char*>> flags{
      {"--drop", &faults->drop, "Probability that a connection is closed, at each tick"},
      {"--abort", &faults->abort, "Probability that a connection is reset, at each tick"},
      {"--duplicate", &faults->duplicate, "Probability that a frame is sent twice"},
      {"--out-of-order", &faults->out_of_order, "Probability that a frame is held back behind the next"},
      {"--future", &faults->future, "Probability that a frame's time is an hour ahead"},
      {"--damaged", &faults->damaged, "Probability that a frame is spoilt"},
      {"--silent", &faults->silent, "Probability that a connection never speaks"},
      {"--throttle", &faults->throttle, "Probability that a chart request is answered 429"},
      {"--broken", &faults->broken, "Probability that a chart request's answer is broken"},
  };
  app->add_option("--retry-after", faults->retry_after_s, "Seconds of the header Retry-After of a 429; 0 leaves it out")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{86'400}))
      ->capture_default_str()
      ->group("Faults");
  for (const auto& [name, member, help] : flags) {
    app->add_option(name, *member, help)->check(CLI::Range(0.0, 1.0))->group("Faults");
  }
}

}  // namespace

Command SimulateCommand() {
  return {"simulate",
          "Serve a stand-in market that speaks Yahoo's wire",
          {"pregao simulate --port 8765", "pregao simulate --port 8765 --sim.seed 7 --drop 0.01 --damaged 0.001",
           "pregao simulate --port 8765 --throttle 0.5 --retry-after 3   # its chart API: /v8/finance/chart/AAPL",
           "pregao simulate --port 8765 --start 2h --skip 3600       # the market of two hours ago, an hour into it",
           "pregao simulate --messages 2000000 --topic local:bench.db   # no server: straight into the topic"},
          {"sim.", "topic", "local.", "new-topic."},
          [](CLI::App* app, Context* context) -> Run {
            auto options = std::make_shared<Options>();
            app->add_option("--host", options->server.host, "Address to listen on")->capture_default_str();
            app->add_option("--port", options->server.port, "Port to listen on; 0 takes a free one and prints it")
                ->check(CLI::Range(0, 65'535))
                ->capture_default_str();
            app->add_option("--start", options->start,
                            "The market's first second: 2026-01-02T13:00 (UTC) or how long ago, 2h (default: now, or a "
                            "day ago where sim.tick is below 1s)");
            app->add_option("--skip", options->skip_s,
                            "Seconds of the market that have passed when the server opens; its history has them")
                ->check(CLI::Range(std::int64_t{0}, std::int64_t{45 * 86'400}))
                ->capture_default_str();
            app->add_option(
                   "--messages", options->messages,
                   "Serve nothing; write so many messages into the topic at full speed; with sim.seed, --brief, "
                   "--rejects and --duplicates alone")
                ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}));
            app->add_flag("--brief", options->brief,
                          "With --messages: of each quote ticker, price, time, exchange, change, change_percent and "
                          "market_hours alone, about 200 bytes in place of 290");
            app->add_option("--rejects", options->rejects, "With --messages: the share that Silver must refuse")
                ->check(CLI::Range(0.0, 1.0));
            app->add_option("--duplicates", options->duplicates, "With --messages: the share that repeats another")
                ->check(CLI::Range(0.0, 1.0))
                ->capture_default_str();
            DeclareFaults(app, &options->server.faults);
            return [app, options, context]() -> Result<ExitCode> {
              TRY(CheckFlags(*app, options->messages > 0));
              return options->messages > 0 ? Fill(*context, *options) : Serve(*context, *options);
            };
          }};
}

}  // namespace pregao::cli
