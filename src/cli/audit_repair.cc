#include "cli/audit_repair.h"

#include <atomic>

#include "base/text.h"
#include "cli/lake_session.h"
#include "cli/pipeline.h"
#include "cli/status_line.h"
#include "cli/topics.h"
#include "lake/object_store.h"

namespace pregao::cli {
namespace {

Result<std::unique_ptr<topic::TopicReader>> FreshReader(const Context& context) {
  TRY_ASSIGN(const auto uri, topic::ParseTopic(context.settings.topic));
  return topic::OpenReader(uri, TopicSettingsOf(context, false), {.group = "pregao-audit", .partitions = {}});
}

}  // namespace

Result<std::unique_ptr<engine::Repair>> OpenLakeRepair(const Context& context, const query::LakeAuditTables& tables,
                                                       bool dry_run, const std::string& owner) {
  TRY_ASSIGN(auto store, OpenExistingLake(context));
  const auto sink = SinkOptionsOf(context.settings);
  engine::RepairOptions options;
  options.dry_run = dry_run;
  options.owner = owner;
  options.write = sink.write;
  options.table = sink.table;
  return engine::LakeRepair::Open(std::move(store), context.clock,
                                  {tables.Base("bronze"), tables.Base("quarantine"), tables.Base("silver")}, options);
}

Result<engine::RepairCounts> RepairLosses(const Context& context, query::AuditTables* tables,
                                          const query::AuditLosses& losses, engine::Repair* repair) {
  const auto total = static_cast<std::int64_t>(losses.not_in_bronze.size() + losses.missing_in_bronze.size() +
                                               losses.missing_in_topic.size());
  std::atomic<std::int64_t> done = 0;
  const StatusLine line([&] { return ProgressText("repairing", done, total); });
  const auto each = [&](Status (engine::Repair::*add)(const std::string&, const medallion::Record&)) {
    return [&, add](const std::string& topic, const medallion::Record& record) -> Status {
      if (context.stop.stop_requested()) return Status::Cancelled("stopped");
      ++done;
      return (repair->*add)(topic, record);
    };
  };
  if (!losses.not_in_bronze.empty()) {
    TRY_ASSIGN(const auto reader, FreshReader(context));
    TRY(query::VisitTopic(reader.get(), losses.not_in_bronze, each(&engine::Repair::AddToBronze)));
  }
  if (!losses.missing_in_bronze.empty()) {
    TRY(query::VisitBronze(tables, losses.missing_in_bronze, each(&engine::Repair::AddJudged)));
  }
  if (!losses.missing_in_topic.empty()) {
    TRY_ASSIGN(const auto reader, FreshReader(context));
    TRY(query::VisitTopic(reader.get(), losses.missing_in_topic, each(&engine::Repair::AddJudged)));
  }
  TRY(repair->Flush());
  return repair->counts();
}

}  // namespace pregao::cli
