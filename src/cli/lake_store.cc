#include "cli/lake_store.h"

namespace pregao::cli {

bool IsBucket(const Settings& settings) { return settings.lake.starts_with("gs://"); }

cloud::GoogleEnvironment GoogleEnvironmentOf(const Settings& settings) {
  cloud::GoogleEnvironment out;
  out.credentials_file = settings.google_application_credentials;
  const std::string gcloud = !settings.cloudsdk_config.empty() ? settings.cloudsdk_config
                             : settings.home.empty()           ? ""
                                                               : settings.home + "/.config/gcloud";
  if (!gcloud.empty()) out.default_file = gcloud + "/application_default_credentials.json";
  if (!settings.gce_metadata_host.empty()) out.metadata_host = settings.gce_metadata_host;
  return out;
}

lake::GcsOptions GcsOptionsOf(const Context& context) {
  lake::GcsOptions options;
  options.environment = GoogleEnvironmentOf(context.settings);
  options.emulator = context.settings.storage_emulator_host;
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
