#pragma once
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/status.h"

#include "bigquery/rest.h"
#include "bigquery/write_api.h"
#include "cloud/google_credentials.h"
#include "cloud/http_client.h"
#include "cloud/retry.h"

namespace pregao::bigquery {

inline constexpr char kEndpoint[] = "bigquerystorage.googleapis.com:443";  ///< of the Storage Write API
inline constexpr char kScope[] = "https://www.googleapis.com/auth/bigquery";

struct Options {
  std::string project, dataset, location;
  /// BIGQUERY_EMULATOR_HOST: who answers REST in Google's place, without credentials; the endpoint is plain then.
  std::string emulator;
  std::string endpoint = kEndpoint;
  cloud::GoogleEnvironment environment;
  cloud::HttpOptions http;
  cloud::RetryOptions retry;
};

/// A dataset of BigQuery, by both of its interfaces, with one identity.
class Client {
 public:
  /// Asks nobody yet. Invalid: no credentials (see cloud::FindCredentials), or a name that cannot be. `clock` outlives
  /// it.
  [[nodiscard]] static Result<std::shared_ptr<Client>> Open(const Options& options, const Clock* clock);

  [[nodiscard]] Rest* rest() { return &rest_; }
  [[nodiscard]] WriteApi* write() { return &write_; }
  /// Retries of both.
  [[nodiscard]] const std::shared_ptr<cloud::HttpCounters>& counters() const { return counters_; }

 private:
  Client(const Options& options, std::string base, std::shared_ptr<cloud::HttpClient> http,
         std::shared_ptr<cloud::TokenSource> tokens, std::shared_ptr<cloud::HttpCounters> counters);

  const std::shared_ptr<cloud::HttpCounters> counters_;
  Rest rest_;
  WriteApi write_;
};

}  // namespace pregao::bigquery
