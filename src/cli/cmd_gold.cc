#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/gap_filler.h"
#include "cli/lake_session.h"
#include "cli/one_of.h"
#include "cli/operations.h"
#include "cli/output.h"
#include "cli/pipeline.h"
#include "cli/progress.h"
#include "cli/status_line.h"
#include "engine/gold_tables.h"

namespace pregao::cli {
namespace {

struct Options {
  std::string until;
  bool rebuild = false;
};

std::string ForPrograms(const engine::GoldStats& stats, const std::string& lake) {
  JsonWriter w;
  w.BeginObject();
  w.Key("lake");
  w.String(lake);
  for (const auto& [key, value] :
       {std::pair("ticks", stats.ticks), std::pair("bars", stats.bars - stats.revisions),
        std::pair("revisions", stats.revisions), std::pair("volume_falls", stats.falls),
        std::pair("commits", stats.commits), std::pair("bytes", stats.bytes), std::pair("rebuilds", stats.rebuilds),
        std::pair("fencings", stats.fencings), std::pair("retries", stats.retries)}) {
    w.Key(key);
    w.Int(value);
  }
  w.EndObject();
  return w.Take() + "\n";
}

std::string ForPeople(const engine::GoldStats& stats, const std::string& lake) {
  std::string text = fmt::format("{} new bars and {} revisions from {} quotes, written to {} ({} commits, {})\n",
                                 HumanCount(stats.bars - stats.revisions), HumanCount(stats.revisions),
                                 HumanCount(stats.ticks), lake, HumanCount(stats.commits), HumanSize(stats.bytes));
  if (stats.falls > 0) {
    text += fmt::format("{} times a day's volume fell within a session: counted as nothing\n", HumanCount(stats.falls));
  }
  return text;
}

Result<ExitCode> RunGold(const Context& context, const Options& options) {
  const bool until_end = options.until == "end";
  TRY_ASSIGN(const auto store, OpenExistingLake(context));
  engine::GoldOptions wanted;
  wanted.until_end = until_end;
  wanted.rebuild = options.rebuild;
  std::atomic<std::int64_t> done = 0, of = 0;
  wanted.progress = [&](std::int64_t so_far, std::int64_t all) {
    of = all;
    done = so_far;
  };
  const auto gold = NewGold(context, store, std::move(wanted));
  const auto upkeep = NewUpkeep(context, store, {engine::kBarsRoot, engine::kCorporateActionsRoot});
  std::unique_ptr<GapFiller> filler;
  if (!until_end) filler = NewGapFiller(context);
  TRY_ASSIGN(const auto operations, ServeOperations(context, Serve::kFigures, {.gold = gold.get()}));
  Status status;
  {
    RateMeter rate;
    const StatusLine line([&] {
      const auto s = gold->stats();
      const bool building = options.rebuild && s.rebuilds == 0;
      if (until_end || building) return ProgressText("building bars", done, of, building ? "quotes" : "steps");
      return fmt::format("{:.0f} quotes/s · {} bars · {} revisions · {} versions behind", rate.PerSecond(s.ticks),
                         HumanCount(s.bars - s.revisions), HumanCount(s.revisions), HumanCount(s.behind)) +
             GapsText(filler.get());
    });
    std::jthread keeping, filling;
    if (filler) filling = std::jthread([&](std::stop_token stop) { filler->Run(stop); });
    if (upkeep && !until_end) keeping = std::jthread([&](std::stop_token stop) { upkeep->Run(stop); });
    status = gold->Run(context.stop);
    if (until_end && status.ok() && upkeep) upkeep->Look(context.stop);
  }
  const auto stats = gold->stats();
  TRY(WriteOut(context.json ? ForPrograms(stats, context.settings.lake) : ForPeople(stats, context.settings.lake)));
  TRY(status);
  return until_end && context.stop.stop_requested() ? ExitCode::kInterrupted : ExitCode::kOk;
}

}  // namespace

Command GoldCommand() {
  return {"gold",
          "Table silver -> one-minute bars, each quote once",
          {"pregao gold                   # until Ctrl-C; `pregao run` does it too",
           "pregao gold --until end       # what is there, then stop",
           "pregao gold --rebuild --until end   # every bar anew from all of silver; what differs is revised",
           "pregao gold --until end --json | jq .bars"},
          {"lake", "gold.", "yahoo.chart-url", "yahoo.chart-requests-per-minute", "calendars", "engine.compression",
           "table.", "upkeep.", "web."},
          [](CLI::App* app, Context* context) -> Run {
            auto options = std::make_shared<Options>();
            app->add_option("--until", options->until, "`end`: process what silver holds now, then stop")
                ->check(OneOf({"end"}));
            app->add_flag("--rebuild", options->rebuild, "Begin by building every bar anew from all of silver");
            return [options, context] { return RunGold(*context, *options); };
          }};
}

}  // namespace pregao::cli
