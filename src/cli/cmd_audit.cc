#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/lake_session.h"
#include "cli/output.h"
#include "cli/topics.h"
#include "query/audit.h"

namespace pregao::cli {
namespace {

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
  if (report.found == 0) return out + fmt::format("clean: every record of {} is accounted for, none twice\n", source);
  TextTable findings{{{"finding"}, {"topic"}, {"partition", true}, {"offset", true}, {"detail"}}, {}};
  for (const auto& f : report.findings) {
    findings.rows.push_back({f.kind, f.topic, f.partition < 0 ? "" : std::to_string(f.partition),
                             f.offset < 0 ? "" : std::to_string(f.offset), Printable(f.detail)});
  }
  out += findings.ToString();
  return out + fmt::format("\n{} findings, {} shown; followed {}\n", HumanCount(report.found), report.findings.size(),
                           source);
}

std::string ForPrograms(const query::AuditReport& report) {
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
  w.Key("partitions");
  w.BeginArray();
  for (const auto& p : report.partitions) {
    w.BeginObject();
    w.Key("topic");
    w.String(p.topic);
    w.Key("generation");
    w.String(p.generation);
    for (const auto& [key, value] : {std::pair("partition", std::int64_t{p.partition}), std::pair("limit", p.limit),
                                     std::pair("bronze", p.bronze), std::pair("silver", p.silver),
                                     std::pair("quarantine", p.quarantine), std::pair("duplicates", p.duplicates)}) {
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

Result<ExitCode> RunAudit(const Context& context) {
  TRY_ASSIGN(const auto session, OpenSession(context));
  const std::stop_callback interrupt(context.stop, [&] { session->Interrupt(); });
  TRY_ASSIGN(const auto uri, topic::ParseTopic(context.settings.topic));
  const auto reader = topic::OpenReader(uri, TopicSettingsOf(context, false));
  // A topic that is gone leaves Bronze to audit against.
  if (!reader.ok() && !reader.status().IsKeyError()) return reader.status();
  TRY_ASSIGN(const auto report, query::Audit(session.get(), reader.ok() ? reader->get() : nullptr));
  TRY(WriteOut(context.json ? ForPrograms(report) : ForPeople(report)));
  return report.found == 0 ? ExitCode::kOk : ExitCode::kFailed;
}

}  // namespace

Command AuditCommand() {
  return {"audit",
          "Prove that every record is in silver once, in quarantine, or repeats a row that is there",
          {"pregao audit", "pregao audit --json | jq .clean"},
          {"topic", "lake"},
          [](CLI::App*, Context* context) -> Run { return [context] { return RunAudit(*context); }; },
          /*reads=*/true};
}

}  // namespace pregao::cli
