#include "cli/audit_bigquery.h"

#include <algorithm>
#include <fmt/format.h>

#include "cli/bigquery.h"
#include "query/audit_records.h"

#include "bigquery/registry.h"

namespace pregao::cli {
namespace {

using Positions = std::map<std::pair<std::string, std::int32_t>, std::int64_t>;

Result<Positions> PositionsIn(query::AuditTables* tables, const std::string& table) {
  static const auto columns =
      arrow::schema({arrow::field("topic", arrow::utf8()), arrow::field("partition", arrow::int64()),
                     arrow::field("position", arrow::int64())});
  Positions out;
  TRY(tables->Each("SELECT topic, `partition`, MAX(`offset`) + 1 FROM " + tables->Table(table) + " GROUP BY 1, 2",
                   columns, [&](const arrow::RecordBatch& batch, std::int64_t row) {
                     out[{query::TextAt(batch, 0, row), static_cast<std::int32_t>(query::IntAt(batch, 1, row))}] =
                         query::IntAt(batch, 2, row);
                     return Status::OK();
                   }));
  return out;
}

}  // namespace

const char* BigQueryTable(const std::string& view) {
  if (view == "bronze") return engine::kBronzeTable;
  return view == "silver" ? engine::kSilverTable : engine::kQuarantineTable;
}

/// Quarantine is acknowledged before the rows of Silver behind it, so Silver's position is its too.
Result<std::vector<query::PartitionAudit>> BigQueryTables::Limits() {
  bigquery::Rest* const rest = client_->rest();
  for (const char* view : {"bronze", "silver", "quarantine"}) {
    TRY_ASSIGN(there_[view], HasFittingTable(rest, BigQueryTable(view)));
  }
  there_["bronze"] = there_["bronze"] && wants_bronze_;
  if (!there_["silver"]) {
    return Status::KeyError("there is no table ", rest->Name(), ".", engine::kSilverTable,
                            " in BigQuery yet; `pregao silver --to bigquery` makes it, bigquery.dataset names another");
  }
  TRY_ASSIGN(const bool embedded, rest->HasTable(bigquery::Registry::kTable));
  if (!embedded) {
    return Status::Invalid("the dataset ", rest->Name(), " has no table ", bigquery::Registry::kTable,
                           ": Spark fills it, whose positions only its checkpoints tell; such tables are not audited");
  }
  TRY_ASSIGN(const auto generations, bigquery::Registry(client_.get()).Generations());
  TRY_ASSIGN(const auto silver, PositionsIn(this, "silver"));
  TRY_ASSIGN(const auto bronze, Has("bronze") ? PositionsIn(this, "bronze") : Positions());
  std::vector<query::PartitionAudit> out;
  for (const auto& [place, position] : silver) {
    std::int64_t limit = position;
    if (Has("bronze")) {
      const auto at = bronze.find(place);
      limit = std::min(limit, at == bronze.end() ? 0 : at->second);
    }
    const auto generation = generations.find(place.first);
    out.push_back({place.first, generation == generations.end() ? "" : generation->second, place.second, limit});
  }
  return out;
}

Status BigQueryTables::Each(const std::string& sql, const std::shared_ptr<arrow::Schema>& schema, const OnRow& on_row) {
  return client_->rest()->Each(sql, {}, schema, [&](const std::shared_ptr<arrow::RecordBatch>& rows) {
    for (std::int64_t i = 0; i < rows->num_rows(); ++i) TRY(on_row(*rows, i));
    return Status::OK();
  });
}

std::string BigQueryTables::Table(const std::string& table) const { return client_->rest()->Sql(BigQueryTable(table)); }

std::string BigQueryTables::Text(const std::string& text) const {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string BigQueryTables::Millis(const std::string& column) const { return "UNIX_MILLIS(`" + column + "`)"; }
std::string BigQueryTables::Micros(const std::string& column) const { return "UNIX_MICROS(`" + column + "`)"; }

}  // namespace pregao::cli
