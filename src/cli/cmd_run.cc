#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <thread>

#include "base/text.h"
#include "cli/calendars.h"
#include "cli/commands.h"
#include "cli/gap_filler.h"
#include "cli/one_of.h"
#include "cli/operations.h"
#include "cli/output.h"
#include "cli/pipeline.h"
#include "cli/source.h"
#include "cli/spooled_topics.h"
#include "cli/status_line.h"
#include "listen/listener.h"
#include "topic/open.h"

namespace pregao::cli {
namespace {

struct Options {
  std::string source = "auto";
  bool accept_new_topic = false;
};

/// " · 2 silent: A, B"; empty: none.
std::string NamesText(const std::vector<std::string>& names, const char* what) {
  constexpr std::size_t kMost = 5;
  if (names.empty()) return "";
  std::string text = fmt::format(" · {} {}: ", names.size(), what);
  for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i) text += (i == 0 ? "" : ", ") + names[i];
  return names.size() > kMost ? text + ", …" : text;
}

std::string StatusText(const listen::ListenerStats& heard, const engine::EngineStats& written, RateMeter* rate) {
  std::string text =
      fmt::format("{:.0f} messages/s · {} rows · {} duplicates · {} rejects · lag {}",
                  rate->PerSecond(static_cast<std::int64_t>(heard.messages)), HumanCount(written.rows),
                  HumanCount(written.duplicates), HumanCount(written.rejected()), HumanCount(written.lag));
  if (heard.connections_open < heard.connections) {
    text += fmt::format(" · {} of {} connections", heard.connections_open, heard.connections);
  }
  text += NamesText(heard.silent, "silent") + NamesText(heard.quiet, "quiet in a session");
  if (heard.closed > 0) text += fmt::format(" · {} closed", heard.closed);
  return text;
}

/// Runs the listener and the engine until `stop`; when one of them fails the other is stopped too. `gold` may be null.
/// It comes last, so that it builds what the engine still had; when it fails, quotes are collected all the same.
Status RunParts(listen::Listener* listener, engine::EmbeddedEngine* engine, engine::Gold* gold, std::stop_token stop) {
  std::stop_source listening, writing;
  const std::stop_callback forward(stop, [&] { listening.request_stop(); });
  Status heard, built;
  std::jthread building([&](std::stop_token done) {
    if (gold != nullptr) built = gold->Run(done);
    if (!built.ok()) spdlog::error("gold: {}. Quotes are collected all the same, without bars", built.message());
  });
  std::jthread thread([&] {
    heard = listener->Run(listening.get_token());
    // The engine goes last, so that it reads what the listener still had.
    writing.request_stop();
  });
  const Status written = engine->Run(writing.get_token());
  listening.request_stop();
  thread.join();
  building.request_stop();
  building.join();
  if (!written.ok()) return written;
  return heard.ok() ? built : heard;
}

Result<ExitCode> RunAll(Context context, const Options& options) {
  TRY(topic::ParseTopic(context.settings.topic).status());  // wrong is wrong, also where the demo has its own
  TRY_ASSIGN(auto source, ChooseSource(options.source, &context));
  TRY_ASSIGN(source.options.calendars, LoadSharedCalendars(context.settings));
  TRY_ASSIGN(const auto topics, OpenListenerTopics(context));
  TRY_ASSIGN(const auto listener, listen::Listener::Create(source.options, topics.writers.quotes.get(),
                                                           topics.writers.dead_letter.get(), context.clock));
  TRY_ASSIGN(const auto pipeline, OpenEngine(context, false, options.accept_new_topic));
  std::unique_ptr<engine::Gold> gold;
  if (context.settings.gold_enabled) gold = NewGold(context, pipeline.store, {.finish = true});
  std::unique_ptr<GapFiller> filler;
  if (gold) filler = NewGapFiller(context);
  const Parts parts{.listener = listener.get(), .engine = &pipeline, .gold = gold.get(), .spool = topics.spool};
  TRY_ASSIGN(const auto operations, ServeOperations(context, Serve::kFiguresAndPage, parts));

  spdlog::info("{} -> {} -> {}; ask it: pregao sql --lake {} \"select * from silver\"", source.options.stream.url,
               context.settings.topic, context.settings.lake, context.settings.lake);
  Status status;
  {
    RateMeter rate;
    const StatusLine line([&] {
      const auto written = pipeline.engine->stats();
      return StatusText(listener->stats(), written, &rate) + SpoolText(topics) + WaitText(written) +
             GapsText(filler.get());
    });
    const std::jthread upkeep = StartUpkeep(pipeline);
    std::jthread filling;
    if (filler) filling = std::jthread([&](std::stop_token stop) { filler->Run(stop); });
    status = RunParts(listener.get(), pipeline.engine.get(), gold.get(), context.stop);
  }
  const auto bars = gold ? gold->stats() : engine::GoldStats();
  TRY(WriteOut(Summary(pipeline.engine->stats(), context.settings.lake, context.json, gold ? &bars : nullptr,
                       filler ? filler->stats().bars : 0)));
  TRY(status);
  return ExitCode::kOk;
}

}  // namespace

Command RunCommand() {
  return {"run",
          "Everything in one process: Yahoo -> topic -> tables, bars (the simulator when Yahoo is out of reach)",
          {"pregao run", "pregao run --watchlist mine.txt", "pregao run --source simulator"},
          {"topic", "lake", "watchlist", "portfolio.", "yahoo.", "listen.", "engine.", "gold.", "upkeep.", "table.",
           "local.", "new-topic.", "web.", "calendars", "sim."},
          [](CLI::App* app, Context* context) -> Run {
            auto options = std::make_shared<Options>();
            app->add_option("--source", options->source,
                            "auto: Yahoo, or the simulator when Yahoo cannot be reached at the start; yahoo; simulator")
                ->check(OneOf({"auto", "yahoo", "simulator"}))
                ->capture_default_str();
            app->add_flag(
                "--accept-new-topic", options->accept_new_topic,
                "Go on with a topic that was created anew, from its first offset; the lake can be audited no more");
            return [options, context] { return RunAll(*context, *options); };
          }};
}

}  // namespace pregao::cli
