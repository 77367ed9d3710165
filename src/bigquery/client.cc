#include "bigquery/client.h"

#include <algorithm>

namespace pregao::bigquery {
namespace {

constexpr char kRestBase[] = "https://bigquery.googleapis.com";

bool IsLetterOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/// The names go into SQL between backticks.
Status CheckNames(const Options& options) {
  if (options.project.empty()) {
    return Status::Invalid("no project for BigQuery: set bigquery.project, or PROJECT_ID in .env");
  }
  if (!std::ranges::all_of(options.project,
                           [](char c) { return IsLetterOrDigit(c) || c == '-' || c == '.' || c == ':'; })) {
    return Status::Invalid("bigquery.project '", options.project, "' is no project's id");
  }
  if (options.dataset.empty() || options.dataset.size() > 1024 ||
      !std::ranges::all_of(options.dataset, [](char c) { return IsLetterOrDigit(c) || c == '_'; })) {
    return Status::Invalid("bigquery.dataset '", options.dataset, "': letters, digits and _ alone");
  }
  if (!options.emulator.empty() && options.endpoint == kEndpoint) {
    return Status::Invalid(
        "BIGQUERY_EMULATOR_HOST is set, but bigquery.endpoint is Google's: set it to the emulator's gRPC port");
  }
  return Status::OK();
}

}  // namespace

Client::Client(const Options& options, std::string base, std::shared_ptr<cloud::HttpClient> http,
               std::shared_ptr<cloud::TokenSource> tokens, std::shared_ptr<cloud::HttpCounters> counters)
    : counters_(std::move(counters)),
      rest_({std::move(base), options.project, options.dataset, options.location},
            std::make_shared<cloud::GoogleApi>(std::move(http), tokens, options.retry)),
      write_({.endpoint = options.endpoint, .plain = !options.emulator.empty(), .retry = options.retry}, tokens,
             counters_.get()) {}

Result<std::shared_ptr<Client>> Client::Open(const Options& options, const Clock* clock) {
  TRY(CheckNames(options));
  auto counters = std::make_shared<cloud::HttpCounters>();
  const auto http = std::make_shared<cloud::HttpClient>(options.http, counters);
  std::shared_ptr<cloud::TokenSource> tokens;
  std::string base = kRestBase;
  if (options.emulator.empty()) {
    TRY_ASSIGN(tokens, cloud::FindCredentials(options.environment, {kScope}, http, clock));
  } else {
    base = cloud::EmulatorBase(options.emulator);
  }
  return std::shared_ptr<Client>(new Client(options, std::move(base), http, std::move(tokens), std::move(counters)));
}

}  // namespace pregao::bigquery
