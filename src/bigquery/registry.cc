#include "bigquery/registry.h"

#include <arrow/array.h>
#include <fmt/format.h>
#include <set>
#include <spdlog/spdlog.h>

namespace pregao::bigquery {
namespace {

std::shared_ptr<arrow::Schema> OneText(const char* name) { return arrow::schema({arrow::field(name, arrow::utf8())}); }

std::vector<std::string> Texts(const Batches& batches) {
  std::vector<std::string> out;
  for (const auto& batch : batches) {
    const auto& column = static_cast<const arrow::StringArray&>(*batch->column(0));
    for (std::int64_t i = 0; i < column.length(); ++i) out.push_back(column.GetString(i));
  }
  return out;
}

}  // namespace

Status Registry::Open() {
  static const auto schema = arrow::schema({
      arrow::field("table_name", arrow::utf8(), false),
      arrow::field("topic", arrow::utf8(), false),
      arrow::field("generation", arrow::utf8(), false),
      arrow::field("partition", arrow::int64(), false),
      arrow::field("stream", arrow::utf8(), false),
      arrow::field("registered_at", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), false),
  });
  return client_->rest()->EnsureTable({kTable, schema, "", ""});
}

Result<std::map<std::string, std::string>> Registry::Generations() {
  static const auto columns =
      arrow::schema({arrow::field("topic", arrow::utf8()), arrow::field("generation", arrow::utf8())});
  TRY_ASSIGN(
      const auto batches,
      client_->rest()->Query("SELECT DISTINCT topic, generation FROM " + client_->rest()->Sql(kTable), {}, columns));
  std::map<std::string, std::string> out;
  for (const auto& batch : batches) {
    const auto& topics = static_cast<const arrow::StringArray&>(*batch->column(0));
    const auto& generations = static_cast<const arrow::StringArray&>(*batch->column(1));
    for (std::int64_t i = 0; i < batch->num_rows(); ++i) {
      const auto [known, fresh] = out.emplace(topics.GetString(i), generations.GetString(i));
      if (fresh) continue;
      return Status::Invalid("BigQuery: the table ", client_->rest()->Name(), ".", kTable, " has topic '", known->first,
                             "' with two generations, ", known->second, " and ", generations.GetString(i),
                             ": somebody has edited it");
    }
  }
  return out;
}

Status Registry::CheckGeneration(const Source& source) {
  TRY_ASSIGN(const auto found,
             client_->rest()->Query(
                 fmt::format("SELECT DISTINCT generation FROM {} WHERE topic = @topic", client_->rest()->Sql(kTable)),
                 {{"topic", "STRING", {source.topic}}}, OneText("generation")));
  for (const std::string& generation : Texts(found)) {
    if (generation == source.generation) continue;
    return Status::Invalid("topic '", source.topic, "' was created anew: the dataset ", client_->rest()->Name(),
                           " knows it as ", generation, ", and it is ", source.generation,
                           " now. Offsets begin again, so set another bigquery.dataset");
  }
  return Status::OK();
}

Status Registry::Register(const Source& source, const Streams& streams) {
  std::string values;
  std::vector<Parameter> parameters = {{"topic", "STRING", {source.topic}},
                                       {"generation", "STRING", {source.generation}}};
  for (const auto& [place, stream] : streams) {
    const std::string name = fmt::format("s{}", parameters.size());
    values += fmt::format("{}('{}', @topic, @generation, {}, @{}, CURRENT_TIMESTAMP())", values.empty() ? "" : ", ",
                          place.first, place.second, name);
    parameters.push_back({name, "STRING", {stream}});
  }
  return client_->rest()->Run(
      fmt::format("INSERT INTO {} (table_name, topic, generation, `partition`, stream, registered_at) VALUES {}",
                  client_->rest()->Sql(kTable), values),
      parameters);
}

Result<std::vector<std::string>> Registry::Others(const Source& source, const std::vector<std::int32_t>& partitions,
                                                  const Streams& mine) {
  Parameter numbers{"partitions", "INT64", {}, true};
  for (const auto partition : partitions) numbers.values.push_back(std::to_string(partition));
  TRY_ASSIGN(const auto rows,
             client_->rest()->Query(
                 fmt::format("SELECT stream FROM {} WHERE topic = @topic AND `partition` IN UNNEST(@partitions)",
                             client_->rest()->Sql(kTable)),
                 {{"topic", "STRING", {source.topic}}, numbers}, OneText("stream")));
  std::set<std::string> own, others;
  for (const auto& [place, stream] : mine) own.insert(stream);
  for (std::string& stream : Texts(rows)) {
    if (!own.contains(stream)) others.insert(std::move(stream));
  }
  return std::vector<std::string>(others.begin(), others.end());
}

Result<Streams> Registry::TakeOver(const Source& source, const std::vector<std::string>& tables,
                                   const std::vector<std::int32_t>& partitions) {
  TRY(CheckGeneration(source));
  Streams streams;
  for (const std::string& table : tables) {
    for (const auto partition : partitions) {
      TRY_ASSIGN(streams[std::pair(table, partition)],
                 client_->write()->CreateStream(client_->rest()->Resource(table)));
    }
  }
  if (streams.empty()) return streams;
  TRY(Register(source, streams));
  TRY_ASSIGN(auto others, Others(source, partitions, streams));
  for (const std::string& stream : others) TRY(client_->write()->Finalise(stream));
  if (others.empty()) return streams;
  // They are done for; the list would grow with each start.
  const Status forgotten =
      client_->rest()->Run(fmt::format("DELETE FROM {} WHERE stream IN UNNEST(@streams)", client_->rest()->Sql(kTable)),
                           {{"streams", "STRING", std::move(others), true}});
  if (!forgotten.ok()) spdlog::warn("{}", forgotten.message());
  return streams;
}

}  // namespace pregao::bigquery
