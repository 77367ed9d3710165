#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/maintenance.h"
#include "cli/misuse.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "lake/vacuum.h"

namespace pregao::cli {
namespace {

struct Options {
  std::vector<std::string> tables;
  std::string retention;  // empty: the setting
  bool dry_run = false;
  bool force = false;
};

struct Outcome {
  std::string table, root, left_alone;
  lake::VacuumReport report;
};

std::string ForPeople(const std::vector<Outcome>& outcomes, bool dry_run) {
  TextTable table{
      {{"table"}, {dry_run ? "would delete" : "deleted", true}, {"size", true}, {"kept for now", true}, {"size", true}},
      {}};
  std::string files, notes;
  for (const auto& [name, root, left_alone, r] : outcomes) {
    if (!left_alone.empty()) {
      notes += name + ": left alone: " + left_alone + "\n";
      continue;
    }
    table.rows.push_back({name, HumanCount(std::ssize(r.files)), HumanSize(r.bytes), HumanCount(r.spared_files),
                          HumanSize(r.spared_bytes)});
    if (!dry_run) continue;
    for (const auto& file : r.files) files += fmt::format("{}/{}\n", root, file.path);
  }
  return files + (files.empty() ? "" : "\n") + table.ToString() + notes;
}

void WriteFiles(const lake::VacuumReport& report, JsonWriter* w) {
  w->Key("files");
  w->BeginArray();
  for (const auto& file : report.files) {
    w->BeginObject();
    w->Key("path");
    w->String(file.path);
    w->Key("size");
    w->Int(file.size);
    w->Key("modified");
    w->Int(file.modified.value);
    w->Key("orphan");
    w->Bool(file.orphan);
    w->EndObject();
  }
  w->EndArray();
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
  for (const auto& [name, root, left_alone, r] : outcomes) {
    w.BeginObject();
    w.Key("table");
    w.String(name);
    w.Key("left_alone");
    left_alone.empty() ? w.Null() : w.String(left_alone);
    for (const auto& [key, value] :
         {std::pair("deleted_files", std::int64_t{std::ssize(r.files)}), std::pair("deleted_bytes", r.bytes),
          std::pair("spared_files", r.spared_files), std::pair("spared_bytes", r.spared_bytes)}) {
      w.Key(key);
      w.Int(value);
    }
    if (dry_run) WriteFiles(r, &w);
    w.EndObject();
  }
  w.EndArray();
  w.EndObject();
  return w.Take() + "\n";
}

Result<lake::VacuumOptions> VacuumOptionsOf(const Context& context, const Options& options) {
  lake::VacuumOptions out;
  out.retention = context.settings.upkeep_retention;
  if (!options.retention.empty()) {
    TRY_ASSIGN(out.retention, ParseDuration(options.retention));
  }
  if (out.retention < lake::kSafeRetention && !options.force) {
    return Status::Invalid("'", options.retention, "' is below ", FormatDuration(lake::kSafeRetention),
                           ", and queries that run now may lose their files; add --force when nobody reads");
  }
  out.dry_run = options.dry_run;
  out.force = options.force;
  out.stop = context.stop;
  return out;
}

Result<ExitCode> RunVacuum(const Context& context, const Options& options) {
  auto vacuum = VacuumOptionsOf(context, options);
  if (!vacuum.ok()) return Misuse("--retention: " + vacuum.status().message());
  TRY_ASSIGN(const auto tables, OpenTables(context, options.tables));
  std::vector<Outcome> outcomes;
  bool stopped = false;
  for (const ChosenTable& chosen : tables) {
    Outcome& outcome = outcomes.emplace_back(Outcome{chosen.name, chosen.table->root(), chosen.left_alone, {}});
    if (!chosen.left_alone.empty() || stopped) continue;
    ProgressBar bar("vacuum of " + chosen.name, "files");
    vacuum->progress = [&bar](std::int64_t done, std::int64_t of) { bar.Update(done, of); };
    TRY_ASSIGN(outcome.report, lake::Vacuum(chosen.table.get(), *context.clock, *vacuum));
    stopped = outcome.report.stopped;
  }
  TRY(WriteOut(context.json ? ForPrograms(outcomes, options.dry_run, stopped) : ForPeople(outcomes, options.dry_run)));
  if (stopped) return ExitCode::kInterrupted;
  for (const ChosenTable& chosen : tables) {  // last: it needs room, which any of the tables may have made
    if (chosen.left_alone.empty() && !options.dry_run) TRY(chosen.table->Checkpoint());
  }
  return ExitCode::kOk;
}

}  // namespace

Command VacuumCommand() {
  return {"vacuum",
          "Delete files and log entries that no version within the retention needs",
          {"pregao vacuum --dry-run                   # what it would delete, file by file", "pregao vacuum",
           "pregao vacuum silver --retention 2d", "pregao vacuum --retention 0s --force      # when nobody reads"},
          {"lake", "upkeep.retention", "table.log-retention"},
          [](CLI::App* app, Context* context) -> Run {
            auto options = std::make_shared<Options>();
            DeclareTables(app, &options->tables);
            app->add_flag("--dry-run", options->dry_run, "Only list what would be deleted");
            app->add_option("--retention", options->retention,
                            "How long files stay after they were removed (default: the setting upkeep.retention)");
            app->add_flag(
                "--force", options->force,
                "Allow a retention below a day; files that no log names (small ones that were packed within an "
                "hour are such) stay 25 hours all the same");
            return [options, context] { return RunVacuum(*context, *options); };
          },
          /*reads=*/true};
}

}  // namespace pregao::cli
