#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/operations.h"
#include "cli/output.h"
#include "cli/pipeline.h"
#include "cli/status_line.h"

namespace pregao::cli {
namespace {

struct Options {
  std::string until;
  bool accept_new_topic = false;
};

Result<ExitCode> RunSilver(const Context& context, const Options& options) {
  const bool until_end = options.until == "end";
  TRY_ASSIGN(const auto pipeline, OpenEngine(context, until_end, options.accept_new_topic));
  TRY_ASSIGN(const auto operations, ServeOperations(context, Serve::kFigures, nullptr, &pipeline));
  Status status;
  {
    RateMeter rate;
    const StatusLine line([&] {
      const auto s = pipeline.engine->stats();
      return fmt::format("{:.0f} rows/s · {} rows · {} duplicates · {} rejects · lag {}", rate.PerSecond(s.rows),
                         HumanCount(s.rows), HumanCount(s.duplicates), HumanCount(s.rejected()), HumanCount(s.lag));
    });
    const std::jthread upkeep = until_end ? std::jthread() : StartUpkeep(pipeline);
    status = pipeline.engine->Run(context.stop);
    // Run again and again, it piles up small files too.
    if (until_end && status.ok() && pipeline.upkeep) pipeline.upkeep->Look(context.stop);
  }
  TRY(WriteOut(Summary(pipeline.engine->stats(), context.settings, context.json)));
  TRY(status);
  return until_end && context.stop.stop_requested() ? ExitCode::kInterrupted : ExitCode::kOk;
}

}  // namespace

Command SilverCommand() {
  return {"silver",
          "Topic -> tables bronze, silver and quarantine, each record once",
          {"pregao silver                 # until Ctrl-C", "pregao silver --until end     # what is there, then stop",
           "pregao silver --lake other/lake --engine.commit-interval 5s"},
          {"topic", "lake", "engine.", "upkeep.", "local.", "new-topic.", "web."},
          [](CLI::App* app, Context* context) -> Run {
            auto options = std::make_shared<Options>();
            app->add_option("--until", options->until, "`end`: process what the topic holds now, then stop")
                ->check(CLI::IsMember({"end"}));
            app->add_flag("--accept-new-topic", options->accept_new_topic,
                          "Go on with a topic that was created anew, from its first offset");
            return [options, context] { return RunSilver(*context, *options); };
          }};
}

}  // namespace pregao::cli
