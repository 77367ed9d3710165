#include "engine/bigquery_spark.h"

#include <arrow/type.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include "engine/bigquery_tables.h"

#include "bigquery/registry.h"

namespace pregao::engine {
namespace {

Offset At(const topic::Positions& positions, Partition partition) {
  const auto found = positions.find(partition);
  return found == positions.end() ? Offset(0) : found->second;
}

}  // namespace

Status RefuseSparks(bigquery::Rest* rest) {
  TRY_ASSIGN(const bool spark, rest->HasTable(kSparkTable));
  if (!spark) return Status::OK();
  return Status::Invalid("the dataset ", rest->Name(), " belongs to 'spark' (it has the table ", kSparkTable,
                         "): go on with `--engine spark --to bigquery`, or set another bigquery.dataset");
}

Status ClaimForSpark(bigquery::Rest* rest, const topic::TopicInfo& topic, const std::string& checkpoints) {
  TRY_ASSIGN(const bool embedded, rest->HasTable(bigquery::Registry::kTable));
  if (embedded) {
    return Status::Invalid("the dataset ", rest->Name(), " belongs to 'embedded' (it has the table ",
                           bigquery::Registry::kTable, "): set another bigquery.dataset for Spark");
  }
  static const auto schema = arrow::schema({
      arrow::field("topic", arrow::utf8(), false),
      arrow::field("generation", arrow::utf8(), false),
      arrow::field("checkpoints", arrow::utf8(), false),
      arrow::field("noted_at", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), false),
  });
  TRY(rest->EnsureTable({kSparkTable, schema, "", ""}));
  const std::vector<bigquery::Parameter> what{{"topic", "STRING", {topic.name}},
                                              {"generation", "STRING", {topic.generation}},
                                              {"checkpoints", "STRING", {checkpoints}}};
  TRY_ASSIGN(const auto known,
             rest->Query(fmt::format("SELECT topic FROM {} WHERE topic = @topic AND generation = @generation AND "
                                     "checkpoints = @checkpoints LIMIT 1",
                                     rest->Sql(kSparkTable)),
                         what, arrow::schema({arrow::field("topic", arrow::utf8())})));
  if (!known.empty()) return Status::OK();
  return rest->Run(fmt::format("INSERT INTO {} (topic, generation, checkpoints, noted_at) VALUES (@topic, "
                               "@generation, @checkpoints, CURRENT_TIMESTAMP())",
                               rest->Sql(kSparkTable)),
                   what);
}

Status TakeOutUncommitted(bigquery::Rest* rest, const std::string& table, const std::string& topic,
                          const SparkStand& stand) {
  TRY_ASSIGN(const auto there, TablePositions(rest, table, topic));
  std::vector<std::string> ranges;
  for (const auto& [partition, end] : there) {
    const Offset from = At(stand.committed, partition), to = At(stand.planned, partition);
    if (end > to) {
      return Status::Invalid("the table ", rest->Name(), ".", table, " has rows of topic '", topic, "' up to offset ",
                             end.value - 1, " of partition ", partition.value, ", but its query's checkpoint ",
                             stand.checkpoint, " comes to ", to.value,
                             ": Spark would write them again. Were spark.checkpoints changed, the checkpoint deleted, "
                             "or the topic made anew? Put it back, or set another bigquery.dataset");
    }
    if (end > from) {
      ranges.push_back(fmt::format("(`partition` = {} AND `offset` >= {} AND `offset` < {})", partition.value,
                                   from.value, to.value));
    }
  }
  if (ranges.empty()) return Status::OK();
  spdlog::warn(
      "{}.{} has the rows of a batch that Spark did not come to mark as written: they are taken out, and "
      "written again",
      rest->Name(), table);
  return rest->Run(
      fmt::format("DELETE FROM {} WHERE topic = @topic AND ({})", rest->Sql(table), fmt::join(ranges, " OR ")),
      {{"topic", "STRING", {topic}}});
}

}  // namespace pregao::engine
