#include <CLI/CLI.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <spdlog/spdlog.h>
#include <thread>

#include "base/text.h"
#include "cli/calendars.h"
#include "cli/commands.h"
#include "cli/listener_options.h"
#include "cli/operations.h"
#include "cli/spooled_topics.h"

namespace pregao::cli {
namespace {

constexpr std::chrono::seconds kReportEvery{30};

std::string Count(std::uint64_t n) { return HumanCount(static_cast<std::int64_t>(n)); }

void Report(const listen::ListenerStats& stats, const ListenerTopics& topics) {
  spdlog::info("{} frames, {} messages written, {} dead letters, {}/{} connections open, {} reconnects{}",
               Count(stats.frames), Count(stats.messages), Count(stats.dead_letters), stats.connections_open,
               stats.connections, Count(stats.reconnects), SpoolText(topics));
  if (!stats.quiet.empty() || stats.closed > 0) {
    spdlog::info("{} quiet though their exchange is open{}{}; {} of closed exchanges", stats.quiet.size(),
                 stats.quiet.empty() ? "" : ", such as ", stats.quiet.empty() ? "" : stats.quiet.front(), stats.closed);
  }
  if (!stats.silent.empty()) {
    std::string names;
    for (const std::string& symbol : stats.silent) names += (names.empty() ? "" : ", ") + symbol;
    spdlog::info("{} silent so far: {}", stats.silent.size(), names);
  }
}

// Says every half minute how it goes, until it is asked to stop.
std::jthread Reporter(const listen::Listener* listener, const ListenerTopics* topics) {
  return std::jthread([listener, topics](std::stop_token stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    while (!wake.wait_for(lock, stop, kReportEvery, [] { return false; }) && !stop.stop_requested()) {
      Report(listener->stats(), *topics);
    }
  });
}

Result<ExitCode> RunListen(const Context& context) {
  TRY_ASSIGN(const auto topics, OpenListenerTopics(context));
  auto options = ListenerOptionsOf(context.settings, SourceOf(context.settings));
  TRY_ASSIGN(options.calendars, LoadSharedCalendars(context.settings));
  TRY_ASSIGN(const auto listener, listen::Listener::Create(std::move(options), topics.writers.quotes.get(),
                                                           topics.writers.dead_letter.get(), context.clock));
  spdlog::info("listening to {} for {}, writing to {}", context.settings.yahoo_stream_url, context.settings.watchlist,
               context.settings.topic);
  TRY_ASSIGN(const auto operations,
             ServeOperations(context, Serve::kFigures, {.listener = listener.get(), .spool = topics.spool}));
  const std::jthread reporter = Reporter(listener.get(), &topics);
  const Status status = listener->Run(context.stop);
  Report(listener->stats(), topics);
  TRY(status);
  return ExitCode::kOk;
}

}  // namespace

Command ListenCommand() {
  return {"listen",
          "Yahoo's stream into the topic, until Ctrl-C",
          {"pregao listen", "pregao listen --watchlist my.txt --topic local:my.db",
           "pregao listen --yahoo.stream-url 'ws://127.0.0.1:8765/?version=2'   # the simulator"},
          {"topic", "watchlist", "portfolio.", "yahoo.", "listen.", "local.", "new-topic.", "web.", "calendars"},
          [](CLI::App*, Context* context) -> Run { return [context] { return RunListen(*context); }; }};
}

}  // namespace pregao::cli
