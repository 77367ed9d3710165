#include "cli/spark_bigquery.h"

#include <algorithm>
#include <fmt/format.h>

#include "cli/bigquery.h"
#include "cli/lake_store.h"
#include "engine/bigquery_spark.h"
#include "engine/bigquery_tables.h"

#include "cloud/google_api.h"
#include "spark/bigquery_options.h"
#include "spark/checkpoint.h"

namespace pregao::cli {
namespace {

/// A load job a batch: BigQuery takes 1,500 of them a table and day.
constexpr std::chrono::milliseconds kShortestInterval = std::chrono::minutes(1);

spark::BigQueryTarget TargetOf(const Context& context, const bigquery::Options& options) {
  return {options.project, options.dataset, options.location, context.settings.bigquery_temporary_bucket,
          options.emulator.empty() ? "" : cloud::EmulatorBase(options.emulator)};
}

/// A folder, and the store in which this program reads it.
struct Folder {
  std::shared_ptr<lake::ObjectStore> store;
  std::string path;  ///< in the store; empty: the store itself
};

Result<Folder> OpenCheckpoints(const Context& context) {
  const Settings& settings = context.settings;
  if (settings.spark_checkpoints.empty() && settings.spark_lake.empty() && !IsBucket(settings)) {
    return Status::Invalid("spark.checkpoints is not set, and BigQuery has no folder for Spark's checkpoints: set it ",
                           "to one that the cluster and this program reach, such as gs://my-bucket/_spark");
  }
  if (const auto below = CheckpointsInLake(settings)) {
    TRY_ASSIGN(auto store, OpenLake(context));
    return Folder{std::move(store), *below};
  }
  const std::string& uri = settings.spark_checkpoints;
  if (!uri.starts_with("gs://") && !uri.starts_with("file://")) {
    return Status::Invalid("spark.checkpoints is '", uri, "', which this program cannot read, and with --to bigquery ",
                           "it has to: set it to a folder on gs:// or file://");
  }
  TRY_ASSIGN(auto store, lake::OpenStore(uri, GcsOptionsOf(context)));
  return Folder{std::move(store), ""};
}

topic::Positions PositionsOf(const spark::Offsets& offsets) {
  topic::Positions out;
  for (const auto& [partition, offset] : offsets) out[Partition(partition)] = Offset(offset);
  return out;
}

}  // namespace

Status OpenBigQuery(const Context& context, const SparkRun& run, const topic::TopicInfo& topic,
                    spark::StreamsSpec* spec) {
  if (run.accept_new_topic) {
    return Status::Invalid("--accept-new-topic does not go with --to bigquery: give the new topic another ",
                           "bigquery.dataset");
  }
  TRY(OpenCheckpoints(context).status());
  const bigquery::Options options = BigQueryOptionsOf(context);
  TRY_ASSIGN(const auto client, bigquery::Client::Open(options, context.clock));
  TRY(client->rest()->EnsureDataset());
  const Settings& settings = context.settings;
  TRY(engine::ClaimForSpark(client->rest(), topic, SparkCheckpoints(settings)));
  TRY(engine::EnsureTables(client->rest(), settings.bigquery_bronze));
  const spark::BigQueryTarget target = TargetOf(context, options);
  const auto stream = [&](const char* view, const char* table) {
    const std::string path = spark::BigQueryPath(target, table);
    return spark::StreamTable{
        path, SparkCheckpoints(settings) + "/" + spark::CheckpointName(view, path, topic.generation, {}), {}};
  };
  if (settings.bigquery_bronze) spec->bronze = stream("bronze", engine::kBronzeTable);
  spec->quarantine = stream("quarantine", engine::kQuarantineTable);
  spec->silver = stream("silver", engine::kSilverTable);
  spec->sink_options = spark::BigQuerySinkOptions(target);
  spec->interval = fmt::format("{} milliseconds", std::max(kShortestInterval, settings.engine_commit_interval).count());
  return Status::OK();
}

Status TakeOutUncommitted(const Context& context, const spark::StreamsSpec& spec,
                          const std::vector<spark::QueryId>& active) {
  TRY_ASSIGN(const auto checkpoints, OpenCheckpoints(context));
  TRY_ASSIGN(const auto client, bigquery::Client::Open(BigQueryOptionsOf(context), context.clock));
  for (const auto& [view, table, stream] : {std::tuple("bronze", engine::kBronzeTable, &spec.bronze),
                                            std::tuple("quarantine", engine::kQuarantineTable, &spec.quarantine),
                                            std::tuple("silver", engine::kSilverTable, &spec.silver)}) {
    if (stream->path.empty()) continue;
    const std::string name = spark::QueryName(spec.topic, view);
    if (std::ranges::find(active, name, &spark::QueryId::name) != active.end()) continue;
    std::string folder = stream->checkpoint.substr(stream->checkpoint.rfind('/') + 1);
    if (!checkpoints.path.empty()) folder = checkpoints.path + "/" + folder;
    TRY_ASSIGN(const auto stand, spark::StandOf(checkpoints.store.get(), folder, spec.topic));
    TRY(engine::TakeOutUncommitted(client->rest(), table, spec.topic,
                                   {stream->checkpoint, PositionsOf(stand.committed), PositionsOf(stand.planned)}));
  }
  return Status::OK();
}

}  // namespace pregao::cli
