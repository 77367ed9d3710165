#pragma once
#include <memory>
#include <string>

#include "cli/commands.h"

#include "bigquery/client.h"

namespace pregao::cli {

/// What the settings say about BigQuery. Once the program was asked to stop, nothing that fails is tried again.
[[nodiscard]] bigquery::Options BigQueryOptionsOf(const Context& context);
/// "bigquery://project/dataset", for people.
[[nodiscard]] std::string BigQueryName(const Settings& settings);
/// Whether somebody has said that BigQuery is used here: its project or dataset is set, or there is an emulator.
[[nodiscard]] bool UsesBigQuery(const Settings& settings);

/// The flag --in of commands that look at tables.
void DeclareIn(CLI::App* app, Context* context);

/// What those tables are asked by SQL. Answers within a dataset; it looks at nothing yet.
[[nodiscard]] Result<std::shared_ptr<bigquery::Client>> OpenBigQuery(const Context& context);
/// Whether the dataset has a table that fits its columns. Invalid: it has other columns.
[[nodiscard]] Result<bool> HasFittingTable(bigquery::Rest* rest, const std::string& table);

}  // namespace pregao::cli
