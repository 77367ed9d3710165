#pragma once
#include <memory>

#include "cli/commands.h"
#include "lake/gcs_store.h"
#include "lake/object_store.h"

namespace pregao::cli {

/// Opens the settings' lake. Once the program was asked to stop, no request to a bucket is tried again. `counters`,
/// when given, count a bucket's requests.
[[nodiscard]] Result<std::shared_ptr<lake::ObjectStore>> OpenLake(const Context& context,
                                                                  std::shared_ptr<cloud::HttpCounters> counters = {});
/// Where the settings look for Google's credentials.
[[nodiscard]] cloud::GoogleEnvironment GoogleEnvironmentOf(const Settings& settings);
/// What the settings say about Google Cloud Storage.
[[nodiscard]] lake::GcsOptions GcsOptionsOf(const Context& context);
/// Whether the lake is a bucket, and not a folder.
[[nodiscard]] bool IsBucket(const Settings& settings);

}  // namespace pregao::cli
