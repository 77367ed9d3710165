#include "spark/streams.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "market/quote.h"

#include "spark/rules.h"

namespace pregao::spark {
namespace {

/// Rows of the stream that Silver does not have yet, null-safe in every column of the identity. A stream joined with a
/// table reads the table's newest version at each batch.
std::string NotYetIn(const std::string& table) {
  std::vector<std::string> same;
  for (const auto& field : market::kFields) {
    const bool required =
        field.field == market::kTicker || field.field == market::kEventTime || field.field == market::kPrice;
    same.push_back(fmt::format("new.{0} {1} old.{0}", field.column, required ? "=" : "<=>"));
  }
  return fmt::format("SELECT new.* FROM rows AS new LEFT ANTI JOIN delta.`{}` AS old ON {}", table,
                     fmt::join(same, " AND "));
}

/// FNV-1a: names need no more.
std::uint64_t Hash(std::string_view text, std::uint64_t hash = 0xcbf29ce484222325) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

std::vector<StreamSpec> SpecsOf(const StreamsSpec& spec) {
  StreamSpec common;
  common.interval = spec.interval;
  common.available_now = spec.available_now;
  common.format = spec.format;
  common.options = spec.sink_options;
  const auto stream = [&](const char* table, const StreamTable& target, const std::string& sql) {
    StreamSpec out = common;
    out.name = QueryName(spec.topic, table);
    out.path = target.path;
    out.checkpoint = target.checkpoint;
    if (spec.format != "bigquery") out.partition_by = {"date"};  // its tables are there, and have theirs
    out.sql = sql;
    return out;
  };
  std::vector<StreamSpec> specs;
  if (!spec.bronze.path.empty()) specs.push_back(stream("bronze", spec.bronze, kBronzeSql));
  specs.push_back(stream("quarantine", spec.quarantine, kQuarantineSql));
  StreamSpec silver = stream("silver", spec.silver, kSilverSql);
  if (spec.format != "bigquery") silver.partition_by = spec.partition_by;
  // The watermark is on the broker's time: a quote of last week is not late when it comes again today.
  silver.watermark_column = "arrived";
  silver.watermark = spec.watermark;
  for (const auto& field : market::kFields) silver.unique_columns.emplace_back(field.column);
  silver.drop = {"arrived"};
  // Spark lists a folder of files once, at the start of a query, and BigQuery would read all of Silver for each batch:
  // only a Delta table tells what other batches wrote.
  if (spec.format == "delta") silver.then_sql = NotYetIn(spec.silver.path);
  specs.push_back(std::move(silver));
  return specs;
}

const StreamTable& TableOf(const StreamsSpec& spec, const StreamSpec& stream) {
  return stream.path == spec.silver.path   ? spec.silver
         : stream.path == spec.bronze.path ? spec.bronze
                                           : spec.quarantine;
}

/// The views that the SQL of a table reads, at that table's own start.
Status CreateViews(Client* client, const StreamsSpec& spec, const StreamTable& table) {
  std::map<std::string, std::string> options{
      {"kafka.bootstrap.servers", spec.brokers},
      {"subscribe", spec.topic},
      {"kafka.isolation.level", "read_committed"},
      {"failOnDataLoss", "true"},
      {"startingOffsets", StartingOffsets(spec.topic, spec.partitions, table.start)}};
  options.insert(spec.kafka_options.begin(), spec.kafka_options.end());
  TRY(client->CreateStreamView("records", "kafka", options));
  return client->CreateView("judged", kJudgedSql);
}

Status StartMissing(Client* client, const StreamsSpec& spec, const std::vector<QueryId>& active,
                    std::vector<QueryId>* all, std::vector<QueryId>* started) {
  for (const StreamSpec& stream : SpecsOf(spec)) {
    const auto there = std::find_if(active.begin(), active.end(), [&](const auto& q) { return q.name == stream.name; });
    if (there != active.end()) {
      all->push_back(*there);
      continue;
    }
    TRY(CreateViews(client, spec, TableOf(spec, stream)));
    TRY_ASSIGN(auto query, client->Start(stream));
    all->push_back(query);
    started->push_back(std::move(query));
  }
  return Status::OK();
}

}  // namespace

std::string QueryName(std::string_view topic, std::string_view table) {
  return fmt::format("pregao {} {}", topic, table);
}

std::string SessionOf(std::string_view lake, std::string_view topic) {
  const std::string text = fmt::format("{}\n{}", lake, topic);
  const std::uint64_t high = Hash(text), low = Hash(text, 0x84222325cbf29ce4);
  return fmt::format("{:08x}-{:04x}-8{:03x}-a{:03x}-{:012x}", high >> 32, high >> 16 & 0xffff, high & 0xfff,
                     low >> 48 & 0xfff, low & 0xffffffffffff);
}

std::string CheckpointName(std::string_view table, std::string_view table_id, std::string_view generation,
                           const std::map<std::int32_t, std::int64_t>& start) {
  std::string text = fmt::format("{}\n{}", table_id, generation);
  for (const auto& [partition, offset] : start) text += fmt::format("\n{}:{}", partition, offset);
  return fmt::format("{}-{:016x}", table, Hash(text));
}

std::string StartingOffsets(const std::string& topic, std::int32_t partitions,
                            const std::map<std::int32_t, std::int64_t>& start) {
  if (start.empty()) return "earliest";
  std::vector<std::string> parts;
  for (std::int32_t p = 0; p < partitions; ++p) {
    const auto at = start.find(p);
    parts.push_back(fmt::format("\"{}\":{}", p, at == start.end() ? -2 : at->second));  // -2: the earliest
  }
  return fmt::format("{{\"{}\":{{{}}}}}", topic, fmt::join(parts, ","));
}

Result<std::vector<QueryId>> StartStreams(Client* client, const StreamsSpec& spec) {
  TRY(client->Run("SET spark.sql.session.timeZone=UTC"));
  TRY_ASSIGN(const auto active, client->Active());
  std::vector<QueryId> all, started;
  const Status status = StartMissing(client, spec, active, &all, &started);
  if (!status.ok()) {
    for (const auto& query : started) (void)client->Stop(query);
    return status;
  }
  return all;
}

}  // namespace pregao::spark
