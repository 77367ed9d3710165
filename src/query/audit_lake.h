#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "query/audit_tables.h"
#include "query/session.h"

namespace pregao::query {

/// Positions that the tables' logs do not tell, because their engine keeps its own: view -> appId -> next offset. The
/// greater of such a position and the log's counts. Where quarantine is named, it is not committed before Silver, and
/// the audit ends at its positions too.
using Reached = std::map<std::string, std::map<std::string, std::int64_t>>;

/// A lake's tables, by their positions in Delta's logs.
class LakeAuditTables final : public AuditTables, private medallion::KeyLookup {
 public:
  /// `session` outlives it.
  explicit LakeAuditTables(Session* session, Reached reached = {}) : session_(session), reached_(std::move(reached)) {}

  [[nodiscard]] Result<std::vector<PartitionAudit>> Limits() override;
  [[nodiscard]] bool Has(const std::string& table) const override { return session_->Shown(table) != nullptr; }
  [[nodiscard]] medallion::KeyLookup* lookup() override { return this; }
  [[nodiscard]] Status Each(const std::string& sql, const std::shared_ptr<arrow::Schema>& schema,
                            const OnRow& on_row) override;
  [[nodiscard]] std::string Table(const std::string& table) const override { return table; }
  [[nodiscard]] std::string Column(const std::string& name) const override { return QuoteName(name); }
  [[nodiscard]] std::string Text(const std::string& text) const override { return QuoteText(text); }
  [[nodiscard]] std::string Millis(const std::string& column) const override;
  [[nodiscard]] std::string Micros(const std::string& column) const override;

  /// The version of a table that the last Limits saw, before anything else looked; null: there was none.
  [[nodiscard]] std::shared_ptr<const lake::Snapshot> Base(const std::string& table) const;
  /// Whether another engine than the embedded one says how far they are.
  [[nodiscard]] const Reached& reached() const { return reached_; }

 private:
  [[nodiscard]] Result<std::vector<medallion::KeyedRow>> Find(const std::vector<medallion::KeyedRow>& wanted) override;

  Session* const session_;
  const Reached reached_;
  std::map<std::string, std::shared_ptr<const lake::Snapshot>> base_;
};

}  // namespace pregao::query
