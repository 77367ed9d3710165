#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/bigquery_tables.h"
#include "query/audit_tables.h"

#include "bigquery/client.h"

namespace pregao::cli {

/// A dataset's tables: a partition's position is the largest offset that Silver (and Bronze, where it is kept) has of
/// it.
class BigQueryTables final : public query::AuditTables {
 public:
  /// @param bronze  whether Bronze is looked at, if it is there
  BigQueryTables(std::shared_ptr<bigquery::Client> client, bool bronze)
      : client_(std::move(client)), wants_bronze_(bronze), lookup_(client_->rest()) {}

  [[nodiscard]] Result<std::vector<query::PartitionAudit>> Limits() override;
  [[nodiscard]] bool Has(const std::string& table) const override { return there_.at(table); }
  [[nodiscard]] medallion::KeyLookup* lookup() override { return &lookup_; }
  [[nodiscard]] Status Each(const std::string& sql, const std::shared_ptr<arrow::Schema>& schema,
                            const OnRow& on_row) override;
  [[nodiscard]] std::string Table(const std::string& table) const override;
  [[nodiscard]] std::string Column(const std::string& name) const override { return "`" + name + "`"; }
  [[nodiscard]] std::string Text(const std::string& text) const override;
  [[nodiscard]] std::string Millis(const std::string& column) const override;
  [[nodiscard]] std::string Micros(const std::string& column) const override;

 private:
  const std::shared_ptr<bigquery::Client> client_;
  const bool wants_bronze_;
  engine::TableLookup lookup_;
  std::map<std::string, bool> there_;  // bronze, silver, quarantine
};

/// The table of BigQuery that has what the lake's view `view` shows: bronze, silver or quarantine.
[[nodiscard]] const char* BigQueryTable(const std::string& view);

}  // namespace pregao::cli
