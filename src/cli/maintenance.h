#pragma once
/// What optimize, vacuum and the upkeep of `run` share.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/commands.h"
#include "lake/optimize.h"
#include "lake/table.h"

namespace pregao::cli {

/// A table that a command was asked to work on.
struct ChosenTable {
  std::string name;  ///< silver
  std::shared_ptr<lake::Table> table;
  std::string left_alone;  ///< why nothing is done to it; empty: it is ours
};

/// The tables of `names`, all that exist when empty. Invalid when there is none, or when a named one is absent or
/// belongs to another engine; of all, such a one is left alone.
[[nodiscard]] Result<std::vector<ChosenTable>> OpenTables(const Context& context,
                                                          const std::vector<std::string>& names);

/// Declares the argument TABLE….
void DeclareTables(CLI::App* app, std::vector<std::string>* names);

/// Target size, compression and memory by the settings; everything small is packed.
[[nodiscard]] lake::OptimizeOptions PackingOptions(const Settings& settings);
/// The same for the background: open partitions wait for `upkeep.small-files`, large files are not rewritten for few.
[[nodiscard]] lake::OptimizeOptions BackgroundRules(const Settings& settings);

}  // namespace pregao::cli
