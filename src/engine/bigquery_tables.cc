#include "engine/bigquery_tables.h"

#include <algorithm>
#include <arrow/array.h>
#include <arrow/table.h>
#include <fmt/format.h>
#include <limits>
#include <set>

#include "medallion/reject.h"
#include "medallion/schema.h"

namespace pregao::engine {
namespace {

using medallion::KeyedRow;
using medallion::kRefusedReason;

std::shared_ptr<arrow::Schema> Integers(const std::vector<std::string>& names) {
  arrow::FieldVector fields;
  for (const auto& name : names) fields.push_back(arrow::field(name, arrow::int64()));
  return arrow::schema(std::move(fields));
}

std::int64_t At(const arrow::RecordBatch& rows, int column, std::int64_t row) {
  return static_cast<const arrow::Int64Array&>(*rows.column(column)).Value(row);
}

/// The columns that are a row's identity, for a SELECT whose answer KeysOf takes.
const std::string& IdentitySql() {
  static const auto sql = [] {
    std::string out;
    for (const std::string& name : medallion::IdentityColumns()) {
      const bool time = name == medallion::IdentityColumns()[market::kEventTime];
      out += out.empty() ? "" : ", ";
      out += time ? fmt::format("UNIX_MICROS(`{0}`) AS `{0}`", name) : fmt::format("`{}`", name);
    }
    return out;
  }();
  return sql;
}

const std::shared_ptr<arrow::Schema>& IdentitySchema() {
  static const auto schema = [] {
    arrow::FieldVector fields = medallion::SilverSchema()->fields();
    fields.resize(market::kFieldCount);
    return arrow::schema(std::move(fields));
  }();
  return schema;
}

Result<std::vector<KeyedRow>> KeysOf(const bigquery::Batches& batches) {
  TRY_ASSIGN(const auto table, arrow::Table::FromRecordBatches(IdentitySchema(), batches));
  return medallion::HashRows(*table);
}

bigquery::Parameter List(const char* name, const char* type, const std::set<std::string>& values) {
  return {name, type, {values.begin(), values.end()}, true};
}

RecordPlaces PlacesOf(const bigquery::Batches& batches) {
  RecordPlaces out;
  for (const auto& batch : batches) {
    for (std::int64_t i = 0; i < batch->num_rows(); ++i) {
      out.emplace(Partition(static_cast<std::int32_t>(At(*batch, 0, i))), Offset(At(*batch, 1, i)));
    }
  }
  return out;
}

}  // namespace

bigquery::TableSpec SpecOf(const std::string& table) {
  // What is kept as it came may be of any day, and BigQuery streams into partitions of recent years only.
  if (table == kBronzeTable) return {table, medallion::BronzeSchema(), "", "date"};
  if (table == kQuarantineTable) return {table, medallion::QuarantineSchema(), "", "date"};
  return {table, medallion::SilverSchema(), "date", "ticker"};
}

Status EnsureTables(bigquery::Rest* rest, bool bronze) {
  TRY(rest->EnsureDataset());
  if (bronze) TRY(rest->EnsureTable(SpecOf(kBronzeTable)));
  TRY(rest->EnsureTable(SpecOf(kQuarantineTable)));
  return rest->EnsureTable(SpecOf(kSilverTable));
}

Result<std::string> FirstDay(bigquery::Rest* rest, const std::string& table, std::int64_t rows) {
  TRY_ASSIGN(
      const auto days,
      rest->Query(fmt::format("SELECT UNIX_DATE(date) AS day, COUNT(*) AS n FROM {} GROUP BY day ORDER BY day DESC",
                              rest->Sql(table)),
                  {}, Integers({"day", "n"})));
  std::int64_t sum = 0, first = 0;
  for (const auto& batch : days) {
    for (std::int64_t i = 0; i < batch->num_rows() && sum < rows; ++i) {
      first = At(*batch, 0, i);
      sum += At(*batch, 1, i);
    }
  }
  return medallion::DateString(static_cast<std::int32_t>(first));
}

Result<RecordPlaces> PlacesIn(bigquery::Rest* rest, const std::string& table, const std::string& topic,
                              const RecordPlaces& places) {
  constexpr std::size_t kOfQuery = 20'000;
  RecordPlaces out;
  for (auto next = places.begin(); next != places.end();) {
    const Partition partition = next->first;
    bigquery::Parameter offsets{"offsets", "INT64", {}, true};
    for (; next != places.end() && next->first == partition && offsets.values.size() < kOfQuery; ++next) {
      offsets.values.push_back(std::to_string(next->second.value));
    }
    TRY_ASSIGN(const auto rows,
               rest->Query(fmt::format("SELECT `partition`, `offset` FROM {} WHERE topic = @topic AND `partition` = {} "
                                       "AND `offset` IN UNNEST(@offsets)",
                                       rest->Sql(table), partition.value),
                           {{"topic", "STRING", {topic}}, std::move(offsets)}, Integers({"partition", "offset"})));
    out.merge(PlacesOf(rows));
  }
  return out;
}

Result<topic::Positions> TablePositions(bigquery::Rest* rest, const std::string& table, const std::string& topic) {
  const std::string only = table == kQuarantineTable ? fmt::format(" AND reason <> '{}'", kRefusedReason) : "";
  TRY_ASSIGN(
      const auto rows,
      rest->Query(fmt::format("SELECT `partition`, MAX(`offset`) AS last FROM {} WHERE topic = @topic{} GROUP BY "
                              "`partition`",
                              rest->Sql(table), only),
                  {{"topic", "STRING", {topic}}}, Integers({"partition", "last"})));
  topic::Positions out;
  for (const auto& batch : rows) {
    for (std::int64_t i = 0; i < batch->num_rows(); ++i) {
      out[Partition(static_cast<std::int32_t>(At(*batch, 0, i)))] = Offset(At(*batch, 1, i) + 1);
    }
  }
  return out;
}

Result<RecordPlaces> RefusedPlaces(bigquery::Rest* rest, const std::string& topic) {
  TRY_ASSIGN(const auto rows,
             rest->Query(fmt::format("SELECT `partition`, `offset` FROM {} WHERE topic = @topic AND reason = '{}'",
                                     rest->Sql(kQuarantineTable), kRefusedReason),
                         {{"topic", "STRING", {topic}}}, Integers({"partition", "offset"})));
  return PlacesOf(rows);
}

Result<std::unique_ptr<medallion::DedupeMemory>> RememberTable(bigquery::Rest* rest, std::size_t dedupe_keys,
                                                               std::int64_t remember_rows) {
  TRY_ASSIGN(const std::string first, FirstDay(rest, kSilverTable, remember_rows));
  // Whether there are more than these is seen by the one row beyond them, and by days before the first.
  TRY_ASSIGN(const auto batches,
             rest->Query(fmt::format("SELECT {} FROM {} WHERE date >= @first ORDER BY event_time DESC LIMIT {}",
                                     IdentitySql(), rest->Sql(kSilverTable), remember_rows),
                         {{"first", "DATE", {first}}}, IdentitySchema()));
  TRY_ASSIGN(auto rows, KeysOf(batches));
  std::reverse(rows.begin(), rows.end());
  auto covered_from = std::numeric_limits<std::int64_t>::min();
  // The oldest instant may have been cut in two.
  if (static_cast<std::int64_t>(rows.size()) >= remember_rows) covered_from = rows.front().event_time_us + 1;
  auto memory = std::make_unique<medallion::DedupeMemory>(dedupe_keys, covered_from);
  for (const KeyedRow& row : rows) memory->Insert(&memory->Ticker(row.ticker), row.event_time_us, row.key, 0);
  return memory;
}

Result<std::vector<KeyedRow>> TableLookup::Find(const std::vector<KeyedRow>& wanted) {
  constexpr std::size_t kMost = 10'000;
  std::set<std::pair<std::string, std::int64_t>> instants;
  for (const KeyedRow& row : wanted) instants.emplace(row.ticker, row.event_time_us);
  std::vector<KeyedRow> found;
  for (auto next = instants.begin(); next != instants.end();) {
    std::set<std::string> dates, tickers, times;
    for (std::size_t i = 0; i < kMost && next != instants.end(); ++i, ++next) {
      dates.insert(medallion::DateString(medallion::DayOf(next->second)));
      tickers.insert(next->first);
      times.insert(std::to_string(next->second));
    }
    TRY_ASSIGN(
        const auto batches,
        rest_->Query(fmt::format("SELECT {} FROM {} WHERE date IN UNNEST(@dates) AND ticker IN UNNEST(@tickers) "
                                 "AND UNIX_MICROS(event_time) IN UNNEST(@times)",
                                 IdentitySql(), rest_->Sql(kSilverTable)),
                     {List("dates", "DATE", dates), List("tickers", "STRING", tickers), List("times", "INT64", times)},
                     IdentitySchema()));
    TRY_ASSIGN(auto rows, KeysOf(batches));
    for (KeyedRow& row : rows) {
      if (instants.contains({row.ticker, row.event_time_us})) found.push_back(std::move(row));
    }
  }
  return found;
}

}  // namespace pregao::engine
