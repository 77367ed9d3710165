#include "query/audit_lake.h"

#include <algorithm>
#include <arrow/table.h>
#include <fmt/format.h>
#include <optional>

#include "topic/positions.h"

namespace pregao::query {
namespace {

struct Place {
  std::string topic, generation;
  std::int32_t partition;
  auto operator<=>(const Place&) const = default;
};

using Places = std::map<Place, std::int64_t>;

void Raise(const std::map<std::string, std::int64_t>& positions, Places* places) {
  for (const auto& [id, next] : positions) {
    const auto app = topic::ParseAppId(id);
    if (!app) continue;
    auto& place = (*places)[{app->topic, app->generation, app->partition.value}];
    place = std::max(place, next);
  }
}

/// nullopt: no such table.
std::optional<Places> PositionsIn(const Session& session, const std::string& view, const Reached& reached) {
  const auto snapshot = session.Shown(view);
  if (!snapshot) return std::nullopt;
  Places places;
  Raise(snapshot->positions, &places);
  if (const auto more = reached.find(view); more != reached.end()) Raise(more->second, &places);
  return places;
}

std::int64_t At(const Places& places, const Place& place) {
  const auto it = places.find(place);
  return it == places.end() ? 0 : it->second;
}

}  // namespace

/// The embedded engine commits Quarantine before Silver, so Silver's position is its too.
Result<std::vector<PartitionAudit>> LakeAuditTables::Limits() {
  session_->Refresh();
  for (const char* table : {"bronze", "quarantine", "silver"}) base_[table] = session_->Shown(table);
  const auto silver = PositionsIn(*session_, "silver", reached_);
  if (!silver) {
    return Status::KeyError(session_->Problem("silver").message(),
                            "; `pregao run` or `pregao silver` makes it, --lake names another lake");
  }
  const auto bronze = PositionsIn(*session_, "bronze", reached_);
  const auto quarantine =
      reached_.contains("quarantine") ? PositionsIn(*session_, "quarantine", reached_) : std::nullopt;
  std::vector<PartitionAudit> out;
  std::map<std::pair<std::string, std::int32_t>, std::string> generations;
  for (const auto& [place, position] : *silver) {
    const auto [known, fresh] = generations.emplace(std::pair(place.topic, place.partition), place.generation);
    if (!fresh) {
      return Status::Invalid("Silver holds two generations of topic '", place.topic, "' (", known->second, ", ",
                             place.generation,
                             "), whose offsets lineage does not tell apart: audit each in a lake of its own");
    }
    std::int64_t limit = position;
    if (bronze) limit = std::min(limit, At(*bronze, place));
    if (quarantine) limit = std::min(limit, At(*quarantine, place));
    out.push_back({place.topic, place.generation, place.partition, limit});
    const auto& counts = base_["silver"]->positions;
    const auto lost = counts.find(topic::LostAppId({place.topic, place.generation}, Partition(place.partition)));
    if (lost != counts.end()) out.back().lost = lost->second;
  }
  return out;
}

Status LakeAuditTables::Each(const std::string& sql, const std::shared_ptr<arrow::Schema>&, const OnRow& on_row) {
  TRY_ASSIGN(const auto result, session_->Query(sql));
  for (;;) {
    TRY_ASSIGN(const auto batch, result->Next());
    if (!batch) return Status::OK();
    for (std::int64_t i = 0; i < batch->num_rows(); ++i) TRY(on_row(*batch, i));
  }
}

Result<std::vector<medallion::KeyedRow>> LakeAuditTables::Find(const std::vector<medallion::KeyedRow>& wanted) {
  if (wanted.empty()) return std::vector<medallion::KeyedRow>();
  std::string columns, instants;
  for (const auto& name : medallion::IdentityColumns()) columns += (columns.empty() ? "" : ", ") + QuoteName(name);
  for (const auto& w : wanted) {
    instants +=
        fmt::format("{}({}, make_timestamptz({}))", instants.empty() ? "" : ", ", QuoteText(w.ticker), w.event_time_us);
  }
  TRY_ASSIGN(
      const auto result,
      session_->Query("SELECT " + columns + " FROM silver WHERE (ticker, event_time) IN (VALUES " + instants + ")"));
  std::vector<medallion::KeyedRow> found;
  for (;;) {
    TRY_ASSIGN(const auto batch, result->Next());
    if (!batch) return found;
    TRY_ASSIGN(const auto table, arrow::Table::FromRecordBatches({batch}));
    TRY_ASSIGN(auto rows, medallion::HashRows(*table));
    found.insert(found.end(), std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
  }
}

std::string LakeAuditTables::Millis(const std::string& column) const { return "epoch_ms(" + QuoteName(column) + ")"; }
std::string LakeAuditTables::Micros(const std::string& column) const { return "epoch_us(" + QuoteName(column) + ")"; }

std::shared_ptr<const lake::Snapshot> LakeAuditTables::Base(const std::string& table) const {
  const auto found = base_.find(table);
  return found == base_.end() ? nullptr : found->second;
}

}  // namespace pregao::query
