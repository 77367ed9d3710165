#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/audit_bigquery.h"
#include "cli/audit_repair.h"
#include "cli/bigquery.h"
#include "cli/commands.h"
#include "cli/lake_session.h"
#include "cli/misuse.h"
#include "cli/output.h"
#include "cli/silver_spark.h"
#include "cli/spark_tables.h"
#include "cli/topics.h"
#include "engine/bigquery_repair.h"
#include "query/audit.h"

namespace pregao::cli {
namespace {

/// What the verdict does not speak of.
std::string Unjudged(const query::AuditReport& report) {
  return report.unread > 0 ? fmt::format("; {} offsets not read yet", HumanCount(report.unread)) : "";
}

std::string ForPeople(const query::AuditReport& report) {
  TextTable partitions{{{"topic"},
                        {"partition", true},
                        {"offsets below", true},
                        {"in bronze", true},
                        {"silver rows", true},
                        {"quarantined", true},
                        {"duplicates", true}},
                       {}};
  for (const auto& p : report.partitions) {
    partitions.rows.push_back({p.topic, std::to_string(p.partition), HumanCount(p.limit), HumanCount(p.bronze),
                               HumanCount(p.silver), HumanCount(p.quarantine), HumanCount(p.duplicates)});
  }
  std::string out = partitions.ToString() + "\n";
  const std::string source = report.from_bronze && report.from_topic ? "bronze and the topic"
                             : report.from_bronze                    ? "bronze"
                                                                     : "the topic";
  if (report.found == 0) {
    return out + fmt::format("clean: every record of {} is accounted for, none twice{}\n", source, Unjudged(report));
  }
  TextTable findings{{{"finding"}, {"topic"}, {"partition", true}, {"offset", true}, {"detail"}}, {}};
  for (const auto& f : report.findings) {
    findings.rows.push_back({f.kind, f.topic, f.partition < 0 ? "" : std::to_string(f.partition),
                             f.offset < 0 ? "" : std::to_string(f.offset), Printable(f.detail)});
  }
  out += findings.ToString();
  return out + fmt::format("\n{} findings, {} shown; followed {}{}\n", HumanCount(report.found), report.findings.size(),
                           source, Unjudged(report));
}

struct Options {
  bool repair = false, dry_run = false, bronze_only = false;
};

/// What the repair did, or would do.
using Repaired = std::optional<engine::RepairCounts>;

void AddRepair(const engine::RepairCounts& counts, bool dry_run, JsonWriter* w) {
  w->Key("repair");
  w->BeginObject();
  w->Key("dry_run");
  w->Bool(dry_run);
  for (const auto& [key, value] : {std::pair("bronze", counts.bronze), std::pair("quarantine", counts.quarantine),
                                   std::pair("silver", counts.silver), std::pair("repeats", counts.repeats),
                                   std::pair("overtaken", counts.overtaken)}) {
    w->Key(key);
    w->Int(value);
  }
  w->EndObject();
}

std::string RepairText(const engine::RepairCounts& counts, bool dry_run) {
  std::string text = fmt::format("{}: {} rows of bronze, {} of quarantine, {} of silver",
                                 dry_run ? "a repair would append" : "appended", HumanCount(counts.bronze),
                                 HumanCount(counts.quarantine), HumanCount(counts.silver));
  if (counts.repeats > 0) text += fmt::format("; {} repeat one of them", HumanCount(counts.repeats));
  if (counts.overtaken > 0) text += fmt::format("; {} were there by then", HumanCount(counts.overtaken));
  return text + "\n";
}

std::string ForPrograms(const query::AuditReport& report, const Repaired& repaired, bool dry_run) {
  JsonWriter w;
  w.BeginObject();
  w.Key("clean");
  w.Bool(report.found == 0);
  w.Key("found");
  w.Int(report.found);
  w.Key("from_bronze");
  w.Bool(report.from_bronze);
  w.Key("from_topic");
  w.Bool(report.from_topic);
  w.Key("unread");
  report.from_topic ? w.Int(report.unread) : w.Null();
  if (repaired) AddRepair(*repaired, dry_run, &w);
  w.Key("partitions");
  w.BeginArray();
  for (const auto& p : report.partitions) {
    w.BeginObject();
    w.Key("topic");
    w.String(p.topic);
    w.Key("generation");
    w.String(p.generation);
    for (const auto& [key, value] :
         {std::pair("partition", std::int64_t{p.partition}), std::pair("limit", p.limit), std::pair("bronze", p.bronze),
          std::pair("silver", p.silver), std::pair("quarantine", p.quarantine), std::pair("duplicates", p.duplicates),
          std::pair("lost", p.lost)}) {
      w.Key(key);
      w.Int(value);
    }
    w.EndObject();
  }
  w.EndArray();
  w.Key("findings");
  w.BeginArray();
  for (const auto& f : report.findings) {
    w.BeginObject();
    w.Key("kind");
    w.String(f.kind);
    w.Key("topic");
    w.String(f.topic);
    w.Key("partition");
    w.Int(f.partition);
    w.Key("offset");
    w.Int(f.offset);
    w.Key("detail");
    w.String(f.detail);
    w.EndObject();
  }
  w.EndArray();
  w.EndObject();
  return w.Take() + "\n";
}

/// Null where Bronze alone is audited: by request, or where nobody has named a topic and there is none.
Result<std::unique_ptr<topic::TopicReader>> OpenAuditReader(const Context& context, bool bronze_only) {
  if (bronze_only) return nullptr;
  TRY_ASSIGN(const auto uri, topic::ParseTopic(context.settings.topic));
  auto reader = topic::OpenReader(uri, TopicSettingsOf(context, false), {.group = "pregao-audit", .partitions = {}});
  if (!reader.status().IsKeyError()) return reader;
  if (TopicIsNamed(context.settings)) {
    return reader.status().WithMessage(reader.status().message(),
                                       ". Where it is gone for good, audit what bronze holds: --bronze-only");
  }
  spdlog::warn("{} was not found, and not checked: this is an audit against bronze alone", context.settings.topic);
  return nullptr;
}

/// Where the tables are.
class Home {
 public:
  virtual ~Home() = default;
  /// The tables as they are now; another call ends the use of what an earlier one gave.
  [[nodiscard]] virtual Result<query::AuditTables*> Look() = 0;
  /// What mends them as this audit saw them.
  [[nodiscard]] virtual Result<std::unique_ptr<engine::Repair>> OpenRepair(const query::AuditReport& report,
                                                                           bool dry_run) = 0;
};

class LakeHome final : public Home {
 public:
  LakeHome(const Context& context, std::unique_ptr<query::Session> session)
      : context_(context),
        session_(std::move(session)),
        interrupt_(context.stop, [from = session_.get()] { from->Interrupt(); }) {}

  Result<query::AuditTables*> Look() override {
    TRY_ASSIGN(auto reached, ReachOfSpark(context_, session_.get()));
    sparks_ = reached.contains("silver");
    tables_.emplace(session_.get(), std::move(reached));
    return &*tables_;
  }

  Result<std::unique_ptr<engine::Repair>> OpenRepair(const query::AuditReport&, bool dry_run) override {
    if (sparks_ && !dry_run) TRY(CheckQueriesRest(context_));
    return OpenLakeRepair(context_, *tables_, dry_run, sparks_ ? engine::kSparkOwner : engine::kOwner);
  }

 private:
  const Context& context_;
  const std::unique_ptr<query::Session> session_;
  const std::stop_callback<std::function<void()>> interrupt_;
  std::optional<query::LakeAuditTables> tables_;
  bool sparks_ = false;
};

class BigQueryHome final : public Home {
 public:
  BigQueryHome(std::shared_ptr<bigquery::Client> client, bool bronze) : client_(client), tables_(client, bronze) {}

  Result<query::AuditTables*> Look() override { return &tables_; }

  Result<std::unique_ptr<engine::Repair>> OpenRepair(const query::AuditReport& report, bool dry_run) override {
    std::map<std::string, std::string> generations;
    for (const auto& p : report.partitions) generations[p.topic] = p.generation;
    return std::make_unique<engine::BigQueryRepair>(client_, std::move(generations), dry_run);
  }

 private:
  const std::shared_ptr<bigquery::Client> client_;
  BigQueryTables tables_;
};

Result<std::unique_ptr<Home>> OpenHome(const Context& context) {
  if (context.in_bigquery) {
    TRY_ASSIGN(auto client, OpenBigQuery(context));
    return std::make_unique<BigQueryHome>(std::move(client), context.settings.bigquery_bronze);
  }
  TRY_ASSIGN(auto session, OpenSession(context));
  return std::make_unique<LakeHome>(context, std::move(session));
}

Result<ExitCode> RunAudit(const Context& context, const Options& options) {
  if (options.dry_run && !options.repair) {
    return Misuse("--dry-run goes with --repair: without it an audit changes nothing");
  }
  TRY_ASSIGN(const auto home, OpenHome(context));
  query::AuditTables* tables = nullptr;
  query::AuditLosses losses;
  const auto audit = [&]() -> Result<query::AuditReport> {
    TRY_ASSIGN(const auto reader, OpenAuditReader(context, options.bronze_only));
    TRY_ASSIGN(tables, home->Look());
    return query::Audit(tables, reader.get(), options.repair ? &losses : nullptr);
  };
  TRY_ASSIGN(auto report, audit());
  Repaired repaired;
  if (options.repair && !losses.empty()) {
    TRY_ASSIGN(const auto repair, home->OpenRepair(report, options.dry_run));
    TRY_ASSIGN(repaired, RepairLosses(context, tables, losses, repair.get()));
    if (!context.json) TRY(WriteOut(ForPeople(report) + "\n" + RepairText(*repaired, options.dry_run)));
  }
  if (repaired && !options.dry_run) {
    losses = {};
    TRY_ASSIGN(report, audit());
    if (!context.json) TRY(WriteOut("\nafter the repair:\n" + ForPeople(report)));
  }
  if (context.json) TRY(WriteOut(ForPrograms(report, repaired, options.dry_run)));
  if (!context.json && !repaired) TRY(WriteOut(ForPeople(report)));
  if (!context.json && options.repair && report.found > 0 && !options.dry_run) {
    TRY(
        WriteOut("what is left is not mended by appending: rows that stand twice or do not belong are listed, never "
                 "deleted, and what neither bronze nor the topic holds is gone\n"));
  }
  return report.found == 0 ? ExitCode::kOk : ExitCode::kFailed;
}

}  // namespace

Command AuditCommand() {
  return {
      "audit",
      "Prove that every record is in silver once, in quarantine, or repeats a row that is there",
      {"pregao audit", "pregao audit --json | jq .clean", "pregao audit --repair --dry-run   # what would be appended",
       "pregao audit --repair             # appends what is missing, then audits again",
       "pregao audit --in bigquery        # the tables that `silver --to bigquery` fills"},
      {"topic", "lake", "cache.", "spark.", "bigquery."},
      [](CLI::App* app, Context* context) -> Run {
        auto options = std::make_shared<Options>();
        DeclareIn(app, context);
        app->add_flag("--repair", options->repair,
                      "Append the records that are missing, out of bronze or the topic; nothing is deleted");
        app->add_flag("--dry-run", options->dry_run, "With --repair: say what would be appended, and change nothing");
        app->add_flag("--bronze-only", options->bronze_only, "Do not look at the topic, which may be gone");
        return [options, context] { return RunAudit(*context, *options); };
      },
      /*reads=*/true};
}

}  // namespace pregao::cli
