#pragma once
/// Who we are to Google, found where every Google tool looks, and the access tokens that prove it.
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

#include "cloud/http_client.h"
#include "cloud/retry.h"

namespace pregao::cloud {

/// What the environment says; cli fills it.
struct GoogleEnvironment {
  std::string credentials_file;  ///< GOOGLE_APPLICATION_CREDENTIALS; empty: not set
  std::string default_file;      ///< gcloud's application_default_credentials.json; need not exist; empty: none
  std::string metadata_host = "metadata.google.internal";  ///< GCE_METADATA_HOST
};

struct AccessToken {
  std::string value;
  std::chrono::seconds lifetime{0};  ///< from when it was given
};

/// Access tokens of one identity for one set of scopes. Thread-safe: of several threads that find the token stale one
/// asks for another. A token is renewed five minutes before it ends; should that fail, the old one serves to its end.
class TokenSource {
 public:
  using Fetch = std::function<Result<AccessToken>()>;

  /// @param who  the identity for messages: "service account x@y.z (key.json)"
  TokenSource(std::string who, Fetch fetch, const Clock* clock);

  /// Invalid when the credentials are refused for good, with what to do; IOError when asking again may help.
  [[nodiscard]] Result<std::string> Get();
  /// Google refused `token`: the next Get asks for another, unless somebody has already done so.
  void Refused(const std::string& token);
  [[nodiscard]] const std::string& who() const { return who_; }

 private:
  const std::string who_;
  const Fetch fetch_;
  const Clock* const clock_;
  std::mutex mutex_;
  std::string token_;    // guarded by mutex_; empty: none
  TimestampMs expires_;  // guarded by mutex_
};

/// Takes the first that there is: the file of GOOGLE_APPLICATION_CREDENTIALS, gcloud's default file, the metadata
/// server (asked only when there is no file). Files may be of a service account or of an authorized user;
/// NotImplemented for other kinds. Invalid names the file and the remedy, or says where was looked. `client` and
/// `clock` outlive it.
[[nodiscard]] Result<std::shared_ptr<TokenSource>> FindCredentials(const GoogleEnvironment& environment,
                                                                   const std::vector<std::string>& scopes,
                                                                   std::shared_ptr<HttpClient> client,
                                                                   const Clock* clock);

}  // namespace pregao::cloud
