#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/maintenance.h"
#include "cli/output.h"
#include "cli/progress.h"

namespace pregao::cli {
namespace {

struct Options {
  std::vector<std::string> tables;
  bool dry_run = false;
};

struct Outcome {
  std::string table, left_alone;
  lake::OptimizeReport report;
};

std::string ForPeople(const std::vector<Outcome>& outcomes, bool dry_run) {
  TextTable table{{{"table"}, {"small files", true}, {"size", true}}, {}};
  table.columns.push_back({dry_run ? "would become" : "became", true});
  if (!dry_run) table.columns.insert(table.columns.end(), {{"size", true}, {"rows", true}});
  std::string notes;
  for (const auto& [name, left_alone, r] : outcomes) {
    if (!left_alone.empty()) {
      notes += name + ": left alone: " + left_alone + "\n";
      continue;
    }
    auto& row = table.rows.emplace_back(std::vector{name, HumanCount(r.files_before), HumanSize(r.bytes_before)});
    row.push_back(HumanCount(dry_run ? r.bins : r.files_after));
    if (!dry_run) row.insert(row.end(), {HumanSize(r.bytes_after), HumanCount(r.rows)});
    if (r.overtaken > 0) {
      notes +=
          fmt::format("{}: {} groups of files were packed or removed by somebody else meanwhile\n", name, r.overtaken);
    }
  }
  return table.ToString() + notes;
}

std::string ForPrograms(const std::vector<Outcome>& outcomes, bool dry_run, bool stopped) {
  JsonWriter w;
  w.BeginObject();
  w.Key("dry_run");
  w.Bool(dry_run);
  w.Key("stopped");
  w.Bool(stopped);
  w.Key("tables");
  w.BeginArray();
  for (const auto& [name, left_alone, r] : outcomes) {
    w.BeginObject();
    w.Key("table");
    w.String(name);
    w.Key("left_alone");
    left_alone.empty() ? w.Null() : w.String(left_alone);
    for (const auto& [key, value] :
         {std::pair("bins", r.bins), std::pair("overtaken", r.overtaken), std::pair("files_before", r.files_before),
          std::pair("files_after", dry_run ? r.bins : r.files_after), std::pair("bytes_before", r.bytes_before),
          std::pair("bytes_after", r.bytes_after), std::pair("rows", r.rows)}) {
      w.Key(key);
      w.Int(value);
    }
    w.EndObject();
  }
  w.EndArray();
  w.EndObject();
  return w.Take() + "\n";
}

Result<ExitCode> RunOptimize(const Context& context, const Options& options) {
  TRY_ASSIGN(const auto tables, OpenTables(context, options.tables));
  std::vector<Outcome> outcomes;
  bool stopped = false;
  for (const ChosenTable& chosen : tables) {
    Outcome& outcome = outcomes.emplace_back(Outcome{chosen.name, chosen.left_alone, {}});
    if (!chosen.left_alone.empty() || stopped) continue;
    ProgressBar bar("packing " + chosen.name, "files");
    lake::OptimizeOptions optimize = PackingOptions(context.settings);
    optimize.dry_run = options.dry_run;
    optimize.stop = context.stop;
    optimize.progress = [&bar](std::int64_t done, std::int64_t of) { bar.Update(done, of); };
    TRY_ASSIGN(outcome.report, lake::Optimize(chosen.table.get(), *context.clock, optimize));
    stopped = outcome.report.stopped;
  }
  TRY(WriteOut(context.json ? ForPrograms(outcomes, options.dry_run, stopped) : ForPeople(outcomes, options.dry_run)));
  return stopped ? ExitCode::kInterrupted : ExitCode::kOk;
}

}  // namespace

Command OptimizeCommand() {
  return {"optimize",
          "Pack small files of the tables into large sorted ones; rows stay the same",
          {"pregao optimize --dry-run", "pregao optimize", "pregao optimize silver --upkeep.target-file-size 256MiB",
           "pregao optimize --json | jq '.tables[].files_after'"},
          {"lake", "upkeep.target-file-size", "table.", "engine.compression"},
          [](CLI::App* app, Context* context) -> Run {
            auto options = std::make_shared<Options>();
            DeclareTables(app, &options->tables);
            app->add_flag("--dry-run", options->dry_run, "Only tell what would be packed");
            return [options, context] { return RunOptimize(*context, *options); };
          },
          /*reads=*/true};
}

}  // namespace pregao::cli
