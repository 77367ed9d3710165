#include "cli/spark_tables.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

#include "cli/bigquery.h"
#include "cli/lake_store.h"
#include "cli/misuse.h"
#include "cli/pipeline.h"
#include "cli/spark_bigquery.h"
#include "cli/topics.h"
#include "engine/hand_over.h"
#include "topic/positions.h"

#include "spark/kafka_options.h"

namespace pregao::cli {
namespace {

using Tables = std::map<std::string, std::shared_ptr<lake::Table>>;  // by view

Result<Tables> OpenTables(const Context& context, const std::shared_ptr<lake::ObjectStore>& store) {
  Tables tables;
  for (const auto& [view, root] : kFilled) {
    auto table = lake::Table::Open(store, root, context.clock);
    if (table.status().IsKeyError()) continue;
    TRY(table.status());
    tables[view] = std::move(*table);
  }
  return tables;
}

/// A table that has no positions yet begins at `low`. While it is Spark's they stay where Spark began.
Result<topic::Positions> StartOf(lake::Table* table, const topic::TopicInfo& topic, const topic::Positions& low,
                                 bool accept_new) {
  TRY_ASSIGN(const auto there, topic::PositionsOf(table->snapshot()->positions, topic, table->root(), accept_new));
  if (!there.empty()) return there;
  TRY(engine::AdvancePositions(table, topic, low));
  return low;
}

spark::StreamTable StreamTableOf(const Settings& settings, const std::string& view, const lake::Table& table,
                                 const topic::TopicInfo& topic, const topic::Positions& start) {
  spark::StreamTable out{SparkLake(settings) + "/" + table.root(), {}, {}};
  for (const auto& [partition, offset] : start) out.start[partition.value] = offset.value;
  out.checkpoint = SparkCheckpoints(settings) + "/" +
                   spark::CheckpointName(view, table.snapshot()->table_id, topic.generation, out.start);
  return out;
}

Status FillTables(const Context& context, const Tables& tables, const topic::TopicInfo& topic,
                  const topic::Positions& low, bool accept_new, spark::StreamsSpec* spec) {
  std::map<std::string, topic::Positions> starts;
  for (const auto& [view, table] : tables) {
    TRY_ASSIGN(starts[view], StartOf(table.get(), topic, low, accept_new));
  }
  // The embedded engine moves Quarantine only when it has rows for it: what Silver has passed, Quarantine has.
  TRY(engine::AdvancePositions(tables.at("quarantine").get(), topic, starts.at("silver")));
  TRY_ASSIGN(starts["quarantine"], StartOf(tables.at("quarantine").get(), topic, low, accept_new));
  const auto stream = [&](const std::string& view) {
    return StreamTableOf(context.settings, view, *tables.at(view), topic, starts.at(view));
  };
  if (context.settings.engine_bronze) spec->bronze = stream("bronze");
  spec->quarantine = stream("quarantine");
  spec->silver = stream("silver");
  spec->partition_by = tables.at("silver")->snapshot()->partition_columns;
  return Status::OK();
}

/// A file of certificates, which is small.
Result<std::string> ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) return Status::IOError(path, " cannot be read");
  return text.str();
}

/// What the queries read, and how often.
Result<spark::StreamsSpec> SourceOf(const Settings& settings, const topic::TopicUri& uri, std::int32_t partitions) {
  spark::StreamsSpec spec;
  spec.brokers = uri.brokers;
  spec.topic = uri.name;
  TRY_ASSIGN(spec.kafka_options, spark::KafkaOptions(settings.kafka, ReadText));
  spec.partitions = partitions;
  spec.watermark = fmt::format("{} milliseconds", settings.spark_watermark.count());
  spec.interval = fmt::format("{} milliseconds", settings.engine_commit_interval.count());
  return spec;
}

Status OpenDelta(const Context& context, const SparkRun& run, topic::TopicReader* reader, spark::StreamsSpec* spec) {
  const topic::TopicInfo topic = reader->info();
  TRY_ASSIGN(const auto store, OpenLake(context));
  if (run.take_over) TRY(GiveTables(context, store, engine::kSparkOwner));
  auto options = SinkOptionsOf(context.settings);
  options.owner = engine::kSparkOwner;
  options.accept_new_topic = run.accept_new_topic;
  options.remember_rows = 0;
  TRY(engine::LakeSink(store, context.clock, options).Begin(topic, {}).status());
  TRY_ASSIGN(const auto ranges, reader->Ranges());
  topic::Positions low;
  for (const auto& [partition, range] : ranges) low[partition] = range.low;
  TRY_ASSIGN(const auto tables, OpenTables(context, store));
  return FillTables(context, tables, topic, low, run.accept_new_topic, spec);
}

void FillFiles(const Settings& settings, const SparkRun& run, const topic::TopicInfo& topic, spark::StreamsSpec* spec) {
  const auto files = [&](const char* view, const char* root) {
    return spark::StreamTable{
        SparkHome(settings, run.format) + "/" + root,
        SparkCheckpoints(settings) + "/" + spark::CheckpointName(view, run.format, topic.generation, {}),
        {}};
  };
  if (settings.engine_bronze) spec->bronze = files("bronze", engine::kBronzeRoot);
  spec->quarantine = files("quarantine", engine::kQuarantineRoot);
  spec->silver = files("silver", engine::kSilverRoot);
  spec->partition_by = SinkOptionsOf(settings).partition_by;
}

}  // namespace

std::string SparkHome(const Settings& settings, const std::string& format) {
  if (format == "bigquery") return BigQueryName(settings);
  return SparkLake(settings) + (format == "delta" ? "" : "/" + format);
}

std::string SparkLake(const Settings& settings) {
  if (!settings.spark_lake.empty()) return settings.spark_lake;
  if (IsBucket(settings)) return settings.lake;
  return "file://" + std::filesystem::absolute(settings.lake).lexically_normal().string();
}

std::string SparkCheckpoints(const Settings& settings) {
  return settings.spark_checkpoints.empty() ? SparkLake(settings) + "/_spark" : settings.spark_checkpoints;
}

std::optional<std::string> CheckpointsInLake(const Settings& settings) {
  const std::string lake = SparkLake(settings) + "/", checkpoints = SparkCheckpoints(settings);
  if (!checkpoints.starts_with(lake)) return std::nullopt;
  return checkpoints.substr(lake.size());
}

Result<topic::TopicUri> KafkaTopic(const Settings& settings) {
  TRY_ASSIGN(auto uri, topic::ParseTopic(settings.topic));
  if (uri.kafka()) return uri;
  return Misuse("topic is '" + settings.topic + "': Spark reads Kafka alone; set topic = \"kafka://host:9092/NAME\"");
}

Status GiveTables(const Context& context, const std::shared_ptr<lake::ObjectStore>& store, const std::string& owner) {
  TRY_ASSIGN(const auto tables, OpenTables(context, store));
  for (const auto& [view, root] : kFilled) {  // Silver last: with it goes the lake
    const auto table = tables.find(view);
    if (table != tables.end()) TRY(table->second->SetProperties({{"pregao.owner", owner}}));
  }
  return Status::OK();
}

Result<spark::StreamsSpec> PrepareTables(const Context& context, const SparkRun& run) {
  TRY_ASSIGN(const auto uri, KafkaTopic(context.settings));
  TRY_ASSIGN(const auto reader, topic::OpenReader(uri, TopicSettingsOf(context, true)));
  TRY_ASSIGN(auto spec, SourceOf(context.settings, uri, reader->info().partitions));
  spec.available_now = run.until_end;
  spec.format = run.format;
  if (run.format == "delta") {
    TRY(OpenDelta(context, run, reader.get(), &spec));
  } else if (run.format == "bigquery") {
    TRY(OpenBigQuery(context, run, reader->info(), &spec));
  } else {
    FillFiles(context.settings, run, reader->info(), &spec);
  }
  return spec;
}

}  // namespace pregao::cli
