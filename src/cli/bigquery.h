#pragma once
#include <string>

#include "cli/commands.h"

#include "bigquery/client.h"

namespace pregao::cli {

/// What the settings say about BigQuery. Once the program was asked to stop, nothing that fails is tried again.
[[nodiscard]] bigquery::Options BigQueryOptionsOf(const Context& context);
/// "bigquery://project/dataset", for people.
[[nodiscard]] std::string BigQueryName(const Settings& settings);

}  // namespace pregao::cli
