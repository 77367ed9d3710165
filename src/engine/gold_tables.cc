#include "engine/gold_tables.h"

#include "engine/lake_sink.h"
#include "medallion/bar_schema.h"

namespace pregao::engine {
namespace {

lake::TableSpec Spec(std::shared_ptr<arrow::Schema> schema, std::vector<std::string> partition_columns) {
  return {std::move(schema),
          std::move(partition_columns),
          {{"pregao.schema", std::to_string(medallion::kGoldSchemaVersion)}, {"pregao.owner", kOwner}}};
}

}  // namespace

lake::TableSpec BarsSpec() { return Spec(medallion::BarSchema(), {"date"}); }
lake::TableSpec CorporateActionsSpec() { return Spec(medallion::CorporateActionSchema(), {}); }

Result<std::shared_ptr<lake::Table>> OpenGold(std::shared_ptr<lake::ObjectStore> store, const char* root,
                                              const Clock* clock, const lake::TableOptions& options) {
  const auto spec = root == std::string(kBarsRoot) ? BarsSpec() : CorporateActionsSpec();
  const std::string where = store->uri() + "/" + root;
  TRY_ASSIGN(auto table, lake::Table::OpenOrCreate(std::move(store), root, spec, clock, options));
  const auto snapshot = table->snapshot();
  const auto owner = snapshot->properties.find("pregao.owner");
  if (owner != snapshot->properties.end() && owner->second == kOwner) return table;
  return Status::Invalid("table ", where, " belongs to ",
                         owner == snapshot->properties.end() ? "nobody" : "'" + owner->second + "'",
                         " (property pregao.owner), not to the embedded engine. Use another lake, or set the property",
                         " to 'embedded' once its writer has stopped");
}

}  // namespace pregao::engine
