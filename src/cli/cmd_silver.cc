#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "cli/bigquery.h"
#include "cli/commands.h"
#include "cli/misuse.h"
#include "cli/one_of.h"
#include "cli/operations.h"
#include "cli/output.h"
#include "cli/pipeline.h"
#include "cli/silver_spark.h"
#include "cli/status_line.h"
#include "cli/take_back.h"

namespace pregao::cli {
namespace {

struct Options {
  std::string until, engine = "embedded", to = "delta", spark, action;
  bool accept_new_topic = false, take_over = false, force = false;
};

/// Flags that do not go together.
Status CheckFlags(const Options& options) {
  const bool spark = options.engine == "spark";
  if (options.force && (!options.take_over || spark)) return Misuse("--force goes with --take-over from Spark");
  if (options.to == "bigquery" && options.take_over) {
    return Misuse("--take-over is of a lake's tables, not of BigQuery's");
  }
  if (spark) return Status::OK();
  if (options.to == "parquet") return Misuse("--to parquet is of --engine spark");
  if (!options.action.empty()) return Misuse(options.action + " is of --engine spark");
  if (!options.spark.empty() && !options.take_over) {
    return Misuse("--spark goes with --engine spark, or with --take-over from Spark");
  }
  return Status::OK();
}

Result<ExitCode> RunSilver(Context context, const Options& options) {
  TRY(CheckFlags(options));
  const bool until_end = options.until == "end";
  if (!options.spark.empty()) context.settings.spark_url = options.spark;
  const bool bigquery = options.to == "bigquery";
  if (options.engine == "spark") {
    if (options.action == "status") return ShowSpark(context, options.to);
    if (options.action == "stop") return StopSpark(context, options.to);
    return RunSpark(context, {options.to, until_end, options.take_over, options.accept_new_topic});
  }
  if (options.take_over) TRY(TakeBack(context, options.force));
  TRY_ASSIGN(const auto pipeline,
             OpenEngine(context, until_end, options.accept_new_topic, bigquery ? Target::kBigQuery : Target::kLake));
  TRY_ASSIGN(const auto operations, ServeOperations(context, Serve::kFigures, {.engine = &pipeline}));
  Status status;
  {
    RateMeter rate;
    const StatusLine line([&] {
      const auto s = pipeline.engine->stats();
      return fmt::format("{:.0f} rows/s · {} rows · {} duplicates · {} rejects · lag {}", rate.PerSecond(s.rows),
                         HumanCount(s.rows), HumanCount(s.duplicates), HumanCount(s.rejected()), HumanCount(s.lag)) +
             WaitText(s);
    });
    const std::jthread upkeep = until_end ? std::jthread() : StartUpkeep(pipeline);
    status = pipeline.engine->Run(context.stop);
    // Run again and again, it piles up small files too.
    if (until_end && status.ok() && pipeline.upkeep) pipeline.upkeep->Look(context.stop);
  }
  const std::string target = bigquery ? BigQueryName(context.settings) : context.settings.lake;
  TRY(WriteOut(Summary(pipeline.engine->stats(), target, context.json)));
  TRY(status);
  return until_end && context.stop.stop_requested() ? ExitCode::kInterrupted : ExitCode::kOk;
}

}  // namespace

Command SilverCommand() {
  return {"silver",
          "Topic -> tables bronze, silver and quarantine, each record once",
          {"pregao silver                 # until Ctrl-C", "pregao silver --until end     # what is there, then stop",
           "pregao silver --lake other/lake --engine.commit-interval 5s",
           "pregao silver --to bigquery    # the same tables in BigQuery",
           "pregao silver --engine spark --spark sc://host:15002    # Spark does the work; Ctrl-C leaves it at that",
           "pregao silver --engine spark --spark sc://host:15002 status",
           "pregao silver --engine spark --to bigquery --spark.checkpoints gs://my-bucket/_spark"},
          {"topic", "lake", "engine.", "upkeep.", "table.", "local.", "new-topic.", "web.", "spark.", "bigquery."},
          [](CLI::App* app, Context* context) -> Run {
            auto options = std::make_shared<Options>();
            app->add_option("--until", options->until, "`end`: process what the topic holds now, then stop")
                ->check(OneOf({"end"}));
            app->add_flag(
                "--accept-new-topic", options->accept_new_topic,
                "Go on with a topic that was created anew, from its first offset; the lake can be audited no more");
            app->add_option("--engine", options->engine,
                            "Who does the work: this program, or streaming queries on Spark")
                ->check(OneOf({"embedded", "spark"}))
                ->capture_default_str();
            app->add_option("--to", options->to,
                            "The lake's Delta tables; a dataset of BigQuery; or, with --engine spark, Parquet files")
                ->check(OneOf({"delta", "parquet", "bigquery"}))
                ->capture_default_str();
            app->add_option("--spark", options->spark, "The Spark Connect server, as setting spark.url");
            app->add_flag("--take-over", options->take_over,
                          "Tables of the other engine are this one's from now on, where that one stopped");
            app->add_flag("--force", options->force,
                          "With --take-over from Spark: also when Spark does not answer; its queries must have ended");
            app->add_option("ACTION", options->action, "With --engine spark: show its queries, or end them")
                ->check(OneOf({"status", "stop"}));
            return [options, context] { return RunSilver(*context, *options); };
          }};
}

}  // namespace pregao::cli
