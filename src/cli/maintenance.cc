#include "cli/maintenance.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/lake_session.h"
#include "cli/one_of.h"
#include "query/session.h"

namespace pregao::cli {
namespace {

std::vector<std::string> TableNames() {
  std::vector<std::string> names;
  for (const auto& table : query::LakeTables()) names.push_back(table.view);
  return names;
}

lake::TableOptions TableOptionsOf(const Settings& settings) {
  lake::TableOptions options;
  options.checkpoint_every = static_cast<int>(settings.table_checkpoint_every);
  options.log_retention = std::chrono::ceil<std::chrono::hours>(settings.table_log_retention);
  options.clean_log = false;
  return options;
}

}  // namespace

void DeclareTables(CLI::App* app, std::vector<std::string>* names) {
  app->add_option("TABLE", *names, fmt::format("{} (default: all that exist)", fmt::join(TableNames(), ", ")))
      ->check(OneOf(TableNames()));
}

Result<std::vector<ChosenTable>> OpenTables(const Context& context, const std::vector<std::string>& names) {
  TRY_ASSIGN(const auto store, OpenExistingLake(context));
  std::vector<ChosenTable> tables;
  for (const auto& [view, root, maker, always] : query::LakeTables()) {
    const bool named = std::count(names.begin(), names.end(), view) > 0;
    if (!names.empty() && !named) continue;
    auto table = lake::Table::Open(store, root, context.clock, TableOptionsOf(context.settings));
    if (table.status().IsKeyError()) {
      if (named) return table.status();
      continue;
    }
    TRY(table.status());
    const Status owned = lake::CheckOwner(*(*table)->snapshot(), root);
    if (named) TRY(owned);
    tables.push_back({view, std::move(*table), owned.ok() ? "" : owned.message()});
  }
  if (tables.empty()) {
    return Status::Invalid("there is no table in ", context.settings.lake,
                           " yet; `pregao run` or `pregao silver` makes them");
  }
  return tables;
}

lake::OptimizeOptions PackingOptions(const Settings& settings) {
  lake::OptimizeOptions options;
  options.target_size = settings.upkeep_target_file_size.value;
  options.write.compression = settings.engine_compression;
  return options;
}

lake::OptimizeOptions BackgroundRules(const Settings& settings) {
  lake::OptimizeOptions options = PackingOptions(settings);
  options.open = {static_cast<std::size_t>(settings.upkeep_small_files), 1};
  options.closed = {2, 64};
  return options;
}

}  // namespace pregao::cli
