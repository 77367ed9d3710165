#include "cli/bigquery.h"

#include <CLI/CLI.hpp>

#include "cli/lake_store.h"
#include "cli/one_of.h"
#include "engine/bigquery_tables.h"

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

bool UsesBigQuery(const Settings& settings) {
  const auto set = [&](const char* key) {
    const auto origin = settings.origins.find(key);
    return origin != settings.origins.end() && origin->second != "default";
  };
  return set("bigquery.project") || set("bigquery.dataset") || !settings.bigquery_emulator_host.empty();
}

void DeclareIn(CLI::App* app, Context* context) {
  app->add_option_function<std::string>(
         "--in", [context](const std::string& where) { context->in_bigquery = where == "bigquery"; },
         "Whose tables: the lake's, or those that `silver --to bigquery` fills")
      ->check(OneOf({"lake", "bigquery"}))
      ->default_str("lake")
      ->trigger_on_parse();
}

Result<std::shared_ptr<bigquery::Client>> OpenBigQuery(const Context& context) {
  return bigquery::Client::Open(BigQueryOptionsOf(context), context.clock);
}

Result<bool> HasFittingTable(bigquery::Rest* rest, const std::string& table) {
  const Status there = rest->CheckTable(engine::SpecOf(table));
  if (there.IsKeyError()) return false;
  TRY(there);
  return true;
}

}  // namespace pregao::cli
