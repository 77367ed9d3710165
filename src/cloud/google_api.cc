#include "cloud/google_api.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/text.h"

#include "cloud/json.h"

namespace pregao::cloud {

bool MayRetry(const HttpAnswer& answer) {
  if (MayPass(answer.status)) return true;
  if (answer.status != 403) return false;
  const auto json = Json::Parse(answer.body);
  const auto reason = json.ok() ? json->Text("/error/errors/0/reason") : std::nullopt;
  return reason == "rateLimitExceeded" || reason == "userRateLimitExceeded";
}

std::string EmulatorBase(std::string address) {
  if (address.find("://") == std::string::npos) address = "http://" + address;
  while (address.ends_with('/')) address.pop_back();
  return address;
}

std::string ErrorText(const HttpAnswer& answer) {
  constexpr std::size_t kMost = 300;
  std::string text;
  if (const auto json = Json::Parse(answer.body); json.ok()) text = json->Text("/error/message").value_or("");
  if (text.empty()) text = answer.body;
  while (text.ends_with('\n') || text.ends_with(' ')) text.pop_back();
  if (text.size() > kMost) text = text.substr(0, kMost) + "…";
  return fmt::format("HTTP {}{}{}", answer.status, text.empty() ? "" : ": ", Printable(text));
}

GoogleApi::GoogleApi(std::shared_ptr<HttpClient> client, std::shared_ptr<TokenSource> tokens, RetryOptions retry)
    : client_(std::move(client)), tokens_(std::move(tokens)), retry_(std::move(retry)) {}

Result<HttpAnswer> GoogleApi::Authorized(const HttpRequest& request, const std::string& token) {
  HttpRequest with = request;
  with.headers.emplace_back("Authorization", "Bearer " + token);
  return client_->Send(with);
}

Result<HttpAnswer> GoogleApi::SendOnce(const HttpRequest& request) {
  if (!tokens_) return client_->Send(request);
  TRY_ASSIGN(std::string token, tokens_->Get());
  TRY_ASSIGN(auto answer, Authorized(request, token));
  if (answer.status != 401) return answer;
  tokens_->Refused(token);
  TRY_ASSIGN(token, tokens_->Get());
  return Authorized(request, token);
}

Result<HttpAnswer> GoogleApi::Send(const HttpRequest& request) {
  Retries retries = NewRetries();
  for (;;) {
    auto answer = SendOnce(request);
    if (answer.ok() ? !MayRetry(*answer) : !answer.status().IsIOError()) return answer;
    if (!retries.Again(answer.ok() ? answer->retry_after : std::nullopt)) {
      // Whoever called may try again in silence: a long outage must not be silent.
      if (retries.elapsed() > std::chrono::seconds(10)) {
        spdlog::warn("{} {}: {}, {} attempts", request.method, WithoutQuery(request.url),
                     answer.ok() ? ErrorText(*answer) : answer.status().message(), retries.attempts());
      }
      if (answer.ok()) return answer;
      return answer.status().WithMessage(answer.status().message(), " (", retries.attempts(), " attempts)");
    }
  }
}

Status GoogleApi::Error(const HttpAnswer& answer, const std::string& what, const std::string& grant) const {
  const std::string text = what + ": " + ErrorText(answer);
  const std::string who = tokens_ ? tokens_->who() : "nobody (an emulator is asked without credentials)";
  if (MayRetry(answer)) return Status::IOError(text);
  switch (answer.status) {
    case 401:
      return Status::Invalid(text, "; Google refuses the credentials of ", who,
                             ": renew them (gcloud auth application-default login, or a new key)");
    case 403:
      return Status::Invalid(text, "; ", who, " lacks the permission: ", grant);
    case 404:
      return Status::KeyError(text);
    default:
      return Status::Invalid(text);
  }
}

}  // namespace pregao::cloud
