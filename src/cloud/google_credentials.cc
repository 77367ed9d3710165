#include "cloud/google_credentials.h"

#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>

#include "base/text.h"

#include "cloud/crypto.h"
#include "cloud/json.h"

namespace pregao::cloud {
namespace {

constexpr std::size_t kMaxFileBytes = 64u << 10;
constexpr std::chrono::seconds kJwtLifetime{3600};
constexpr char kTokenUri[] = "https://oauth2.googleapis.com/token";
constexpr char kRemedy[] =
    "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a service account's key "
    "file";

/// What the token endpoints need; copied into the fetcher.
struct Context {
  std::string file;  ///< for messages
  std::vector<std::string> scopes;
  std::shared_ptr<HttpClient> client;
  const Clock* clock;
};

Result<std::string> ReadFile(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return Status::Invalid("there is no file ", path);
  std::ifstream in(path, std::ios::binary);
  std::string text(kMaxFileBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || !in.eof()) return Status::Invalid(path, " cannot be read, or is larger than 64 KiB");
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

/// A token endpoint's answer. Of an error only its name and description are told.
Result<AccessToken> ReadToken(const HttpAnswer& answer, const std::string& who, const std::string& url) {
  const auto json = Json::Parse(answer.body);
  if (answer.status == 200 && json.ok()) {
    const auto value = json->Text("/access_token");
    const auto lifetime = json->Number("/expires_in");
    if (value && !value->empty() && lifetime && *lifetime > 0)
      return AccessToken{*value, std::chrono::seconds(*lifetime)};
  }
  if (answer.status == 200) return Status::IOError(WithoutQuery(url), " gave no access token");
  std::string reason = fmt::format("HTTP {}", answer.status);
  if (json.ok()) {
    for (const char* key : {"/error", "/error_description"}) {
      if (const auto text = json->Text(key)) reason += ", " + Printable(*text);
    }
  }
  if (MayPass(answer.status)) return Status::IOError(WithoutQuery(url), " gave no token for ", who, ": ", reason);
  return Status::Invalid("Google gives no token for ", who, " (", reason, "): ", kRemedy,
                         ", and check this machine's clock");
}

std::string Form(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string out;
  for (const auto& [name, value] : fields) out += (out.empty() ? "" : "&") + name + "=" + UrlEncode(value);
  return out;
}

Result<AccessToken> PostForToken(const Context& context, const std::string& who, const std::string& url,
                                 const std::string& form) {
  HttpRequest request;
  request.method = "POST";
  request.url = url;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = form;
  request.max_answer = 64u << 10;
  TRY_ASSIGN(const auto answer, context.client->Send(request));
  return ReadToken(answer, who, url);
}

/// The members of a credentials file, each asked for by name.
class CredentialsFile {
 public:
  CredentialsFile(std::string path, Json json) : path_(std::move(path)), json_(std::move(json)) {}

  Result<std::string> Need(const char* name) const {
    const auto text = json_.Text(std::string("/") + name);
    if (text && !text->empty()) return *text;
    return Status::Invalid(path_, ": no '", name, "' in it: download the file anew, or ", kRemedy);
  }
  std::string Get(const char* name) const { return json_.Text(std::string("/") + name).value_or(""); }
  /// Where tokens are asked for. A secret goes over TLS, or to this very machine (tests).
  Result<std::string> TokenUri() const {
    std::string uri = Get("token_uri");
    if (uri.empty()) uri = kTokenUri;
    if (!uri.starts_with("https://") && !(uri.starts_with("http://") && IsLoopback(uri))) {
      return Status::Invalid(path_, ": token_uri ", WithoutQuery(uri), " is not https://");
    }
    return uri;
  }

 private:
  std::string path_;
  Json json_;
};

Result<std::shared_ptr<TokenSource>> ServiceAccount(const CredentialsFile& file, Context context) {
  JwtClaims claims;
  TRY_ASSIGN(claims.issuer, file.Need("client_email"));
  TRY_ASSIGN(claims.audience, file.TokenUri());
  TRY_ASSIGN(const std::string key, file.Need("private_key"));
  claims.key_id = file.Get("private_key_id");
  claims.scope = fmt::format("{}", fmt::join(context.scopes, " "));
  if (const auto trial = SignJwt(claims, key); !trial.ok()) {
    return Status::Invalid(context.file, ": ", trial.status().message(), ": download the key anew");
  }
  const std::string who = fmt::format("the service account {} ({})", claims.issuer, context.file);
  const Clock* const clock = context.clock;
  return std::make_shared<TokenSource>(
      who,
      [context = std::move(context), claims, key, who]() mutable -> Result<AccessToken> {
        claims.issued_s = context.clock->Now().value / 1000;
        claims.expires_s = claims.issued_s + kJwtLifetime.count();
        TRY_ASSIGN(const std::string jwt, SignJwt(claims, key));
        return PostForToken(context, who, claims.audience,
                            Form({{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"}, {"assertion", jwt}}));
      },
      clock);
}

Result<std::shared_ptr<TokenSource>> AuthorizedUser(const CredentialsFile& file, Context context) {
  TRY_ASSIGN(const std::string client_id, file.Need("client_id"));
  TRY_ASSIGN(const std::string client_secret, file.Need("client_secret"));
  TRY_ASSIGN(const std::string refresh_token, file.Need("refresh_token"));
  TRY_ASSIGN(const std::string uri, file.TokenUri());
  const std::string form = Form({{"grant_type", "refresh_token"},
                                 {"client_id", client_id},
                                 {"client_secret", client_secret},
                                 {"refresh_token", refresh_token}});
  const std::string who = fmt::format("the user of {}", context.file);
  const Clock* const clock = context.clock;
  return std::make_shared<TokenSource>(
      who, [context = std::move(context), uri, form, who] { return PostForToken(context, who, uri, form); }, clock);
}

Result<std::shared_ptr<TokenSource>> FromFile(Context context) {
  TRY_ASSIGN(const std::string text, ReadFile(context.file));
  auto json = Json::Parse(text);
  if (!json.ok()) return Status::Invalid(context.file, " is no credentials file (", json.status().message(), ")");
  const CredentialsFile file(context.file, std::move(*json));
  const std::string type = file.Get("type");
  if (type == "service_account") return ServiceAccount(file, std::move(context));
  if (type == "authorized_user") return AuthorizedUser(file, std::move(context));
  if (type.empty()) return Status::Invalid(context.file, ": no 'type' in it, so it is no credentials file of Google's");
  return Status::NotImplemented(context.file, ": credentials of type '", Printable(type),
                                "' are not supported: use those of a service account or of a user (", kRemedy, ")");
}

HttpRequest MetadataRequest(const std::string& host, const std::string& path) {
  HttpRequest request;
  request.url = "http://" + host + path;
  request.headers = {{"Metadata-Flavor", "Google"}};
  request.max_answer = 64u << 10;
  request.direct = true;
  return request;
}

/// Whether this machine is Google's: its metadata server answers quickly or not at all.
Status ProbeMetadataServer(const std::string& host) {
  HttpClient quick({std::chrono::milliseconds(2'000), std::chrono::seconds(3), std::chrono::milliseconds(3'000), 1});
  TRY_ASSIGN(const auto answer, quick.Send(MetadataRequest(host, "/")));
  const auto flavor = answer.headers.find("metadata-flavor");
  if (flavor != answer.headers.end() && flavor->second == "Google") return Status::OK();
  return Status::IOError(host, " answers, but is no metadata server of Google's");
}

Result<std::shared_ptr<TokenSource>> MetadataServer(const std::string& host, Context context) {
  const std::string who = "the service account of this machine (metadata server " + host + ")";
  const std::string path = "/computeMetadata/v1/instance/service-accounts/default/token?scopes=" +
                           UrlEncode(fmt::format("{}", fmt::join(context.scopes, ",")));
  const Clock* const clock = context.clock;
  return std::make_shared<TokenSource>(
      who,
      [context = std::move(context), request = MetadataRequest(host, path), who]() -> Result<AccessToken> {
        TRY_ASSIGN(const auto answer, context.client->Send(request));
        return ReadToken(answer, who, request.url);
      },
      clock);
}

}  // namespace

Result<std::shared_ptr<TokenSource>> FindCredentials(const GoogleEnvironment& environment,
                                                     const std::vector<std::string>& scopes,
                                                     std::shared_ptr<HttpClient> client, const Clock* clock) {
  Context context{environment.credentials_file, scopes, std::move(client), clock};
  if (!context.file.empty()) {
    const auto found = FromFile(context);
    return found.ok() ? found
                      : found.status().WithMessage("GOOGLE_APPLICATION_CREDENTIALS: ", found.status().message());
  }
  std::error_code error;
  if (!environment.default_file.empty() && std::filesystem::exists(environment.default_file, error)) {
    context.file = environment.default_file;
    return FromFile(std::move(context));
  }
  if (const Status probed = ProbeMetadataServer(environment.metadata_host); !probed.ok()) {
    return Status::Invalid(
        "no Google credentials: GOOGLE_APPLICATION_CREDENTIALS is not set, there is no ",
        environment.default_file.empty() ? "application_default_credentials.json" : environment.default_file,
        ", and no metadata server answers (", probed.message(), "): ", kRemedy);
  }
  return MetadataServer(environment.metadata_host, std::move(context));
}

}  // namespace pregao::cloud
