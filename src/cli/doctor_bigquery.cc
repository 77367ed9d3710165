// The doctor's look at a dataset of BigQuery.
#include <arrow/array.h>
#include <chrono>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/text.h"
#include "cli/bigquery.h"
#include "cli/doctor.h"
#include "engine/bigquery_tables.h"

namespace pregao::cli {
namespace {

constexpr char kRoles[] =
    "grant roles/bigquery.dataEditor on the dataset (on the project, if it is to be made) and roles/bigquery.jobUser "
    "on the project";

std::string Fix(const Status& status) { return status.IsIOError() ? "check network, proxy and the address" : kRoles; }

/// Rows, and when the newest happened.
Result<std::string> Rows(bigquery::Rest* rest, const std::string& table, const char* time) {
  static const auto columns =
      arrow::schema({arrow::field("rows", arrow::int64()), arrow::field("newest", arrow::int64())});
  TRY_ASSIGN(
      const auto batches,
      rest->Query(fmt::format("SELECT COUNT(*), UNIX_MICROS(MAX(`{}`)) FROM {}", time, rest->Sql(table)), {}, columns));
  if (batches.empty()) return "no answer";
  const auto& rows = static_cast<const arrow::Int64Array&>(*batches[0]->column(0));
  const auto& newest = static_cast<const arrow::Int64Array&>(*batches[0]->column(1));
  std::string text = HumanCount(rows.Value(0)) + " rows";
  if (newest.IsNull(0)) return text;
  const std::chrono::sys_time<std::chrono::microseconds> at{std::chrono::microseconds(newest.Value(0))};
  return text + fmt::format(", the newest of {:%F %T} UTC", std::chrono::floor<std::chrono::seconds>(at));
}

/// "; position 0: 12, 1: 15; 3 records behind the topic"; empty where the topic does not answer.
Result<std::string> Lag(const Context& context, bigquery::Rest* rest) {
  const auto topic = LookAtTopic(context);
  if (!topic.ok()) return "";  // CheckTopic said so
  TRY_ASSIGN(const auto positions, engine::TablePositions(rest, engine::kSilverTable, topic->info.name));
  if (positions.empty()) return "; nothing of this topic yet";
  std::string text;
  std::int64_t behind = 0;
  for (const auto& [partition, range] : topic->ranges) {
    const auto at = positions.find(partition);
    const Offset position = at == positions.end() ? range.low : at->second;
    behind += std::max<std::int64_t>(0, range.high - position);
    text += fmt::format("{}{}: {}", text.empty() ? "; position " : ", ", partition.value, position.value);
  }
  return text + fmt::format("; {} records behind the last row", HumanCount(behind));
}

void CheckOne(const Context& context, bigquery::Rest* rest, const std::string& table, std::vector<Finding>* out) {
  const Status there = rest->CheckTable(engine::SpecOf(table));
  if (there.IsKeyError()) {
    out->push_back({table, Health::kWarning, "there is no such table in " + rest->Name() + " yet",
                    "nothing to do: `pregao silver --to bigquery` makes it"});
    return;
  }
  if (!there.ok()) {
    const bool differs = there.message().find("has other columns") != std::string::npos;
    out->push_back({table, Health::kFailure, there.message(),
                    differs ? "alter the table, or set another bigquery.dataset" : Fix(there)});
    return;
  }
  const bool silver = table == engine::kSilverTable;
  auto text = Rows(rest, table, silver ? "event_time" : "timestamp");
  auto lag = text.ok() && silver ? Lag(context, rest) : Result<std::string>("");
  if (!text.ok() || !lag.ok()) {
    const Status status = text.ok() ? lag.status() : text.status();
    out->push_back({table, Health::kFailure, status.message(), Fix(status)});
    return;
  }
  out->push_back({table, Health::kOk, "its columns fit; " + *text + *lag, ""});
}

}  // namespace

void CheckBigQuery(const Context& context, std::vector<Finding>* out) {
  if (!UsesBigQuery(context.settings)) return;
  bigquery::Options options = BigQueryOptionsOf(context);
  options.retry.max_attempts = 2;  // somebody waits
  options.http.total_timeout = std::chrono::seconds(10);
  const std::string name = BigQueryName(context.settings);
  if (!CheckGoogle(context, {options.environment, bigquery::kScope, options.emulator, "BIGQUERY_EMULATOR_HOST"},
                   options.http, out)) {
    out->push_back(
        {"bigquery", Health::kFailure, name + ": not looked at, for want of credentials", "see google above"});
    return;
  }
  const auto client = bigquery::Client::Open(options, context.clock);
  if (!client.ok()) {
    out->push_back({"bigquery", Health::kFailure, client.status().message(),
                    "correct bigquery.project, bigquery.dataset or bigquery.endpoint: docs/bigquery.md"});
    return;
  }
  bigquery::Rest* const rest = (*client)->rest();
  const Status dataset = rest->CheckDataset();
  if (dataset.IsKeyError()) {
    out->push_back({"bigquery", Health::kWarning, name + ": there is no such dataset yet",
                    "nothing to do: `pregao silver --to bigquery` makes it, if the project is the right one"});
    return;
  }
  if (!dataset.ok()) {
    out->push_back({"bigquery", Health::kFailure, dataset.message(), Fix(dataset)});
    return;
  }
  out->push_back({"bigquery", Health::kOk, name + ": the dataset answers", ""});
  if (context.settings.bigquery_bronze) CheckOne(context, rest, engine::kBronzeTable, out);
  CheckOne(context, rest, engine::kQuarantineTable, out);
  CheckOne(context, rest, engine::kSilverTable, out);
}

}  // namespace pregao::cli
