#include "cli/pipeline.h"

#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/bigquery.h"
#include "cli/lake_store.h"
#include "cli/maintenance.h"
#include "cli/topics.h"
#include "engine/bigquery_sink.h"
#include "lake/object_store.h"
#include "query/session.h"
#include "topic/awaited_reader.h"

namespace pregao::cli {
namespace {

/// Read because it is small and near; that it is absent is an answer as well.
constexpr const char* kProbed = "silver/quotes/_delta_log/_last_checkpoint";

}  // namespace

engine::LakeSinkOptions SinkOptionsOf(const Settings& settings) {
  engine::LakeSinkOptions out;
  out.partition_by = settings.engine_partition_by;
  out.bronze = settings.engine_bronze;
  out.dedupe_keys = static_cast<std::size_t>(settings.engine_dedupe_keys);
  out.remember_rows = settings.engine_dedupe_keys / 3;
  out.write.compression = settings.engine_compression;
  out.table.checkpoint_every = static_cast<int>(settings.table_checkpoint_every);
  out.table.log_retention = std::chrono::ceil<std::chrono::hours>(settings.table_log_retention);
  out.table.clean_log = !settings.upkeep_enabled;
  return out;
}

std::unique_ptr<engine::Gold> NewGold(const Context& context, std::shared_ptr<lake::ObjectStore> store,
                                      engine::GoldOptions options) {
  const auto sink = SinkOptionsOf(context.settings);
  options.interval = context.settings.gold_interval;
  options.write = sink.write;
  options.table = sink.table;
  options.table.stop = context.stop;
  if (IsBucket(context.settings)) options.table.max_attempts = 10;
  if (!options.until_end) options.max_retries = 24 * 120;  // as the engine's: an outage of a day
  return std::make_unique<engine::Gold>(std::move(store), context.clock, std::move(options));
}

std::unique_ptr<lake::Upkeep> NewUpkeep(const Context& context, std::shared_ptr<lake::ObjectStore> store,
                                        std::vector<std::string> roots) {
  if (!context.settings.upkeep_enabled) return nullptr;
  lake::UpkeepOptions options;
  options.optimize = BackgroundRules(context.settings);
  options.retention = context.settings.upkeep_retention;
  options.table = SinkOptionsOf(context.settings).table;
  options.table.stop = context.stop;
  if (IsBucket(context.settings)) options.table.max_attempts = 10;
  return std::make_unique<lake::Upkeep>(std::move(store), std::move(roots), context.clock, std::move(options));
}

namespace {

std::vector<std::string> AllRoots() {
  std::vector<std::string> roots;
  for (const auto& table : query::LakeTables()) roots.push_back(table.root);
  return roots;
}

/// What works until the topic's end needs it now. What runs for ever waits for a broker, but not with wrong settings.
Result<std::unique_ptr<topic::TopicReader>> OpenEngineTopic(const Context& context, bool until_end) {
  TRY_ASSIGN(const auto uri, topic::ParseTopic(context.settings.topic));
  // The end of a topic that somebody has named, and that is not there, is a slip of the pen.
  const bool create = !until_end || !TopicIsNamed(context.settings);
  const auto open = [uri, settings = TopicSettingsOf(context, create), group = context.settings.engine_group] {
    return topic::OpenReader(uri, settings, {.group = group, .join = true, .headers = false});
  };
  if (until_end || !uri.kafka()) return open();
  TRY(topic::CheckSettings(uri, TopicSettingsOf(context, true)));
  return std::make_unique<topic::AwaitedReader>(uri.name, open);
}

engine::EngineOptions EngineOptionsOf(const Settings& settings) {
  engine::EngineOptions out;
  out.commit_interval = settings.engine_commit_interval;
  out.max_rows = settings.engine_max_rows;
  return out;
}

Status OpenLakeSink(const Context& context, bool accept_new_topic, EnginePipeline* out) {
  const bool bucket = IsBucket(context.settings);
  if (bucket) out->requests = std::make_shared<cloud::HttpCounters>();
  TRY_ASSIGN(auto store, OpenLake(context, out->requests));
  out->store = std::make_shared<lake::CountingStore>(std::move(store));
  out->look = [store = out->store] {
    const Status status = store->Get(kProbed).status();
    return status.IsKeyError() ? Status::OK() : status;
  };
  auto options = SinkOptionsOf(context.settings);
  options.table.stop = context.stop;
  // A bucket is tried again for a while within each attempt.
  if (bucket) options.table.max_attempts = 10;
  options.accept_new_topic = accept_new_topic;
  out->upkeep = NewUpkeep(context, out->store, AllRoots());
  out->sink = std::make_unique<engine::LakeSink>(out->store, context.clock, std::move(options));
  return Status::OK();
}

Status OpenBigQuerySink(const Context& context, bool accept_new_topic, EnginePipeline* out) {
  if (accept_new_topic) {
    return Status::Invalid("--accept-new-topic does not go with --to bigquery: give the new topic another ",
                           "bigquery.dataset");
  }
  TRY_ASSIGN(const auto client, OpenBigQuery(context));
  out->requests = client->counters();
  auto quick = BigQueryOptionsOf(context);
  quick.retry.max_attempts = 1;
  quick.http.total_timeout = std::chrono::seconds(10);
  TRY_ASSIGN(const auto looker, bigquery::Client::Open(quick, context.clock));
  out->look = [looker] { return HasFittingTable(looker->rest(), engine::kSilverTable).status(); };
  engine::BigQuerySinkOptions options;
  options.bronze = context.settings.bigquery_bronze;
  options.dedupe_keys = static_cast<std::size_t>(context.settings.engine_dedupe_keys);
  options.remember_rows = context.settings.engine_dedupe_keys / 10;  // they come as JSON
  out->sink = std::make_unique<engine::BigQuerySink>(client, options);
  return Status::OK();
}

}  // namespace

Result<EnginePipeline> OpenEngine(const Context& context, bool until_end, bool accept_new_topic, Target target) {
  EnginePipeline out;
  TRY_ASSIGN(out.reader, OpenEngineTopic(context, until_end));
  TRY(target == Target::kLake ? OpenLakeSink(context, accept_new_topic, &out)
                              : OpenBigQuerySink(context, accept_new_topic, &out));
  auto engine_options = EngineOptionsOf(context.settings);
  engine_options.until_end = until_end;
  // What runs for ever outlives an outage of a day: nothing is lost meanwhile, and memory is flat.
  if (!until_end) engine_options.max_retries = 24 * 120;  // at most 30 s apart
  out.engine =
      std::make_unique<engine::EmbeddedEngine>(out.reader.get(), out.sink.get(), context.clock, engine_options);
  return out;
}

std::jthread StartUpkeep(const EnginePipeline& pipeline) {
  if (!pipeline.upkeep) return {};
  return std::jthread([upkeep = pipeline.upkeep.get()](std::stop_token stop) { upkeep->Run(stop); });
}

std::string WaitText(const engine::EngineStats& stats) {
  return stats.reading || stats.topic_problem.empty() ? ""
                                                      : " · waits for the topic: " + Printable(stats.topic_problem);
}

std::string Summary(const engine::EngineStats& stats, const std::string& target, bool json,
                    const engine::GoldStats* gold, std::int64_t filled) {
  if (!json) {
    return fmt::format("{} rows written to {} ({} duplicates, {} quarantined, {} commits, {}{}{}{})\n",
                       HumanCount(stats.rows), target, HumanCount(stats.duplicates), HumanCount(stats.rejected()),
                       HumanCount(stats.commits), HumanSize(stats.bytes),
                       stats.lost > 0 ? fmt::format("; {} offsets lost", HumanCount(stats.lost)) : "",
                       gold != nullptr ? fmt::format("; {} bars", HumanCount(gold->bars - gold->revisions)) : "",
                       filled > 0 ? fmt::format("; {} bars filled", HumanCount(filled)) : "");
  }
  JsonWriter w;
  w.BeginObject();
  w.Key("lake");
  w.String(target);
  for (const auto& [key, value] :
       {std::pair("consumed", stats.consumed), std::pair("rows", stats.rows), std::pair("duplicates", stats.duplicates),
        std::pair("quarantined", stats.rejected()), std::pair("commits", stats.commits),
        std::pair("bytes", stats.bytes), std::pair("fencings", stats.fencings), std::pair("retries", stats.retries),
        std::pair("lost", stats.lost)}) {
    w.Key(key);
    w.Int(value);
  }
  if (gold != nullptr) {
    w.Key("bars");
    w.Int(gold->bars - gold->revisions);
    w.Key("bars_filled");
    w.Int(filled);
  }
  w.Key("rejects");
  w.BeginObject();
  for (std::size_t i = 0; i < stats.rejects.size(); ++i) {
    w.Key(medallion::RejectName(static_cast<medallion::Reject>(i)));
    w.Int(stats.rejects[i]);
  }
  w.EndObject();
  w.EndObject();
  return w.Take() + "\n";
}

}  // namespace pregao::cli
