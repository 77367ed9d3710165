#include "cli/take_back.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include "base/text.h"
#include "cli/audit_repair.h"
#include "cli/lake_session.h"
#include "cli/silver_spark.h"
#include "cli/spark_tables.h"
#include "cli/topics.h"
#include "engine/hand_over.h"
#include "query/audit.h"
#include "topic/positions.h"

namespace pregao::cli {
namespace {

Status EndSparksWork(const Context& context, bool force) {
  auto ended = context.settings.spark_url.empty() ? Status::IOError("no Spark Connect server is named (spark.url)")
                                                  : EndQueries(context);
  if (ended.ok()) {
    if (!ended->empty()) spdlog::info("ended in Spark: {}", fmt::join(*ended, ", "));
    return Status::OK();
  }
  if (!force) {
    return Status::Invalid("the tables are Spark's, and it cannot be asked to stop: ", ended.status().message(),
                           ". When its queries have ended for sure: --take-over --force");
  }
  spdlog::warn("{}; taking the tables over all the same", ended.status().message());
  return Status::OK();
}

/// Follows every record that Spark has passed, and appends those that are nowhere.
Status Mend(const Context& context, query::Session* session, const query::Reached& reached) {
  TRY_ASSIGN(const auto uri, KafkaTopic(context.settings));
  TRY_ASSIGN(const auto reader,
             topic::OpenReader(uri, TopicSettingsOf(context, false), {.group = "pregao-audit", .partitions = {}}));
  query::AuditLosses losses;
  query::LakeAuditTables tables(session, reached);
  TRY_ASSIGN(const auto report, query::Audit(&tables, reader.get(), &losses));
  if (!losses.empty()) {
    TRY_ASSIGN(const auto repair, OpenLakeRepair(context, tables, false, engine::kSparkOwner));
    TRY_ASSIGN(const auto counts, RepairLosses(context, &tables, losses, repair.get()));
    spdlog::info("appended what Spark had dropped: {} rows of silver, {} of quarantine, {} of bronze",
                 HumanCount(counts.silver), HumanCount(counts.quarantine), HumanCount(counts.bronze));
  }
  const auto doubles = std::count_if(report.findings.begin(), report.findings.end(), [](const query::Finding& f) {
    return f.kind != "missing" && f.kind != "not_in_bronze" && f.kind != "lost";
  });
  if (doubles > 0) spdlog::warn("the tables hold what should not be there: `pregao audit` lists it");
  return Status::OK();
}

topic::Positions PositionsOf(const query::Reached& reached, const std::string& view, const topic::TopicInfo& topic) {
  topic::Positions out;
  const auto table = reached.find(view);
  if (table == reached.end()) return out;
  for (const auto& [id, offset] : table->second) {
    const auto app = topic::ParseAppId(id);
    if (app && app->topic == topic.name && app->generation == topic.generation) out[app->partition] = Offset(offset);
  }
  return out;
}

/// Silver goes no further than Quarantine, which its queries fill on their own: what lies between is judged again, and
/// rows that are there are found. What the topic has no longer cannot be read again; Mend has seen to it.
topic::Positions SilverFrom(const topic::Positions& silver, const topic::Positions& quarantine,
                            const std::map<Partition, topic::OffsetRange>& ranges) {
  topic::Positions out = silver;
  for (auto& [partition, offset] : out) {
    const auto held = quarantine.find(partition);
    const auto range = ranges.find(partition);
    const Offset low = range == ranges.end() ? Offset(0) : range->second.low;
    offset = std::min(offset, std::max(held == quarantine.end() ? Offset(0) : held->second, low));
  }
  return out;
}

Status MovePositions(const Context& context, const std::shared_ptr<lake::ObjectStore>& store,
                     const query::Reached& reached) {
  TRY_ASSIGN(const auto uri, KafkaTopic(context.settings));
  TRY_ASSIGN(const auto reader, topic::OpenReader(uri, TopicSettingsOf(context, false)));
  const topic::TopicInfo topic = reader->info();
  TRY_ASSIGN(const auto ranges, reader->Ranges());
  for (const auto& [view, root] : kFilled) {
    if (!reached.contains(view)) continue;
    auto to = PositionsOf(reached, view, topic);
    if (root == engine::kSilverRoot) to = SilverFrom(to, PositionsOf(reached, "quarantine", topic), ranges);
    TRY_ASSIGN(const auto table, lake::Table::Open(store, root, context.clock));
    TRY(engine::AdvancePositions(table.get(), topic, to));
  }
  return Status::OK();
}

/// Whether Spark has a table. Invalid: somebody else has one.
Result<bool> SparkHasTables(const query::Session& session) {
  bool any = false;
  for (const auto& [view, root] : kFilled) {
    const auto table = session.Shown(view);
    if (!table) continue;
    const auto owner = table->properties.find("pregao.owner");
    const std::string who = owner == table->properties.end() ? "" : owner->second;
    if (who != engine::kOwner && who != engine::kSparkOwner) {
      return Status::Invalid("table ", root, " belongs to ", who.empty() ? "nobody" : "'" + who + "'",
                             " (property pregao.owner), from whom pregao cannot take it over");
    }
    any |= who == engine::kSparkOwner;
  }
  return any;
}

}  // namespace

Status TakeBack(const Context& context, bool force) {
  auto store = OpenExistingLake(context);
  if (store.status().IsInvalid()) {  // no lake: nobody has it
    spdlog::warn("--take-over: there is no lake yet, nothing to take over");
    return Status::OK();
  }
  TRY(store.status());
  TRY_ASSIGN(const auto session, OpenSession(context));
  session->Refresh();
  TRY_ASSIGN(const bool sparks, SparkHasTables(*session));
  if (!sparks) {
    spdlog::warn("--take-over: none of the tables is Spark's, nothing to take over");
    return Status::OK();
  }
  TRY(EndSparksWork(context, force));
  TRY_ASSIGN(const auto reached, ReachOfSpark(context, session.get()));
  TRY(Mend(context, session.get(), reached));
  TRY(MovePositions(context, *store, reached));
  TRY(GiveTables(context, *store, engine::kOwner));
  spdlog::info("the tables are the embedded engine's again");
  return Status::OK();
}

}  // namespace pregao::cli
