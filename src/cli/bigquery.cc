#include "cli/bigquery.h"

#include "cli/lake_store.h"

namespace pregao::cli {
namespace {

const std::string& ProjectOf(const Settings& settings) {
  return settings.bigquery_project.empty() ? settings.project_id : settings.bigquery_project;
}

}  // namespace

bigquery::Options BigQueryOptionsOf(const Context& context) {
  const Settings& s = context.settings;
  bigquery::Options options;
  options.project = ProjectOf(s);
  options.dataset = s.bigquery_dataset;
  options.location = s.bigquery_location;
  options.endpoint = s.bigquery_endpoint;
  options.emulator = s.bigquery_emulator_host;
  options.environment = GoogleEnvironmentOf(s);
  options.retry.stop = context.stop;
  return options;
}

std::string BigQueryName(const Settings& settings) {
  return "bigquery://" + ProjectOf(settings) + "/" + settings.bigquery_dataset;
}

}  // namespace pregao::cli
