#pragma once
/// Requests to Google's JSON interfaces: with a token, retried, errors told in their own words.
#include <memory>
#include <string>

#include "cloud/google_credentials.h"
#include "cloud/http_client.h"
#include "cloud/retry.h"

namespace pregao::cloud {

/// Thread-safe.
class GoogleApi {
 public:
  /// @param tokens  null: requests go without one (an emulator)
  GoogleApi(std::shared_ptr<HttpClient> client, std::shared_ptr<TokenSource> tokens, RetryOptions retry);

  /// One attempt. A 401 is followed by one more with a fresh token: tokens may end before their time.
  [[nodiscard]] Result<HttpAnswer> SendOnce(const HttpRequest& request);
  /// Tries again while the fault may pass (MayRetry). The last answer, whatever its status, or the last error.
  [[nodiscard]] Result<HttpAnswer> Send(const HttpRequest& request);

  /// For those who must look before they try again.
  [[nodiscard]] Retries NewRetries() const { return {&retry_, client_->counters()}; }

  /// An unwanted answer as a Status: KeyError for 404, IOError for what may pass, Invalid for the rest, with Google's
  /// own message. @param what  what was tried; @param grant  which role permits it, for 403
  [[nodiscard]] Status Error(const HttpAnswer& answer, const std::string& what, const std::string& grant) const;

 private:
  [[nodiscard]] Result<HttpAnswer> Authorized(const HttpRequest& request, const std::string& token);

  const std::shared_ptr<HttpClient> client_;
  const std::shared_ptr<TokenSource> tokens_;
  const RetryOptions retry_;
};

/// Whether asking again may help: 408, 429, most 5xx, and the 403 that means "too fast".
[[nodiscard]] bool MayRetry(const HttpAnswer& answer);
/// Where an emulator is asked, from what its variable says: "127.0.0.1:9050" and "http://127.0.0.1:9050/" are alike.
[[nodiscard]] std::string EmulatorBase(std::string address);
/// Google's own words in an error's body, in one line.
[[nodiscard]] std::string ErrorText(const HttpAnswer& answer);

}  // namespace pregao::cloud
