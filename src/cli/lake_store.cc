#include "cli/lake_store.h"

namespace pregao::cli {

bool IsBucket(const Settings& settings) { return settings.lake.starts_with("gs://"); }

lake::GcsOptions GcsOptionsOf(const Context& context) {
  const Settings& s = context.settings;
  lake::GcsOptions options;
  options.environment.credentials_file = s.google_application_credentials;
  const std::string gcloud = !s.cloudsdk_config.empty() ? s.cloudsdk_config
                             : s.home.empty()           ? ""
                                                        : s.home + "/.config/gcloud";
  if (!gcloud.empty()) options.environment.default_file = gcloud + "/application_default_credentials.json";
  if (!s.gce_metadata_host.empty()) options.environment.metadata_host = s.gce_metadata_host;
  options.emulator = s.storage_emulator_host;
  options.retry.stop = context.stop;
  return options;
}

Result<std::shared_ptr<lake::ObjectStore>> OpenLake(const Context& context,
                                                    std::shared_ptr<cloud::HttpCounters> counters) {
  lake::GcsOptions options = GcsOptionsOf(context);
  options.counters = std::move(counters);
  return lake::OpenStore(context.settings.lake, options);
}

}  // namespace pregao::cli
