#include <chrono>
#include <condition_variable>
#include <mutex>

#include "cli/bigquery.h"
#include "cli/commands.h"
#include "cli/instant.h"
#include "cli/misuse.h"
#include "cli/one_of.h"
#include "cli/read.h"

namespace pregao::cli {

bool WaitForNextLook(const Context& context) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  return !stopped.wait_for(lock, context.stop, std::chrono::milliseconds(500), [] { return false; }) &&
         !context.stop.stop_requested();
}

namespace {

struct Flags : ReadOptions {
  std::string since_text;
  std::int64_t tail_count = 0;
};

Result<ExitCode> RunRead(const Context& context, Flags* flags) {
  if (flags->tail_count > 0) flags->tail = flags->tail_count;
  if (!flags->since_text.empty()) {
    TRY_ASSIGN(flags->since, InstantOf("--since", flags->since_text, context.clock->Now()));
  }
  const bool topic = flags->what == "topic" || flags->what == "dead-letter";
  if (topic && !flags->columns.empty()) return Misuse("--columns: a topic's records have no columns to choose");
  if (context.in_bigquery) return ReadBigQuery(context, *flags);
  if (flags->what == "portfolio") {
    if (flags->tail || flags->since || flags->follow) {
      return Misuse("--tail, --since and --follow: a portfolio is what is held now");
    }
    return ReadPortfolio(context, *flags);
  }
  return topic ? ReadTopic(context, *flags) : ReadTable(context, *flags);
}

}  // namespace

Command ReadCommand() {
  return {"read",
          "Show the newest records of the topic or rows of a table, or the portfolio",
          {"pregao read silver --tail 20", "pregao read topic --follow --ticker PETR4.SA",
           "pregao read quarantine --since 1h --format json", "pregao read bars --ticker AAPL --since 1h",
           "pregao read bronze --since 2026-11-22T13:00 --tail 5", "pregao read portfolio --portfolio.currency BRL",
           "pregao read silver --in bigquery --ticker PETR4.SA"},
          {"topic", "lake", "cache.", "watchlist", "portfolio.", "bigquery."},
          [](CLI::App* app, Context* context) -> Run {
            auto flags = std::make_shared<Flags>();
            app->add_option("WHAT", flags->what, "topic, dead-letter, bronze, silver, quarantine, bars or portfolio")
                ->required()
                ->check(OneOf({"topic", "dead-letter", "bronze", "silver", "quarantine", "bars", "portfolio"}));
            DeclareIn(app, context);
            app->add_option("--tail", flags->tail_count, "The newest N only (default: 10, or all of --since)")
                ->check(CLI::Range(std::int64_t{1}, std::int64_t{100'000}));
            app->add_flag("--follow,-f", flags->follow, "Go on with what comes, until Ctrl-C");
            app->add_option("--ticker", flags->ticker, "Of this ticker only");
            app->add_option("--since", flags->since_text, "From then on: how long ago (10m) or a time in UTC");
            app->add_option("--columns", flags->columns, "Columns of a table, separated by commas");
            flags->format.Declare(app);
            return [flags, context] { return RunRead(*context, flags.get()); };
          },
          /*reads=*/true};
}

}  // namespace pregao::cli
