#include "cloud/google_credentials.h"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <thread>

#include "base/json_writer.h"

#include "cloud/google_api.h"
#include "cloud/json.h"
#include "test/http_server.h"

namespace pregao::cloud {
namespace {

using test::HttpServer;
using test::ServedAnswer;
using test::ServedRequest;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// A fresh RSA key as PEM, and the key itself to verify with.
struct RsaKey {
  RsaKey() {
    BIO* const bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    pem.assign(data, static_cast<std::size_t>(size));
    BIO_free(bio);
  }
  ~RsaKey() { EVP_PKEY_free(key); }
  RsaKey(const RsaKey&) = delete;
  RsaKey& operator=(const RsaKey&) = delete;
  EVP_PKEY* const key = EVP_RSA_gen(2048);
  std::string pem;
};
const RsaKey& Key() {
  static const RsaKey key;
  return key;
}

std::string FromBase64Url(std::string text) {
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  const std::size_t padding = (4 - text.size() % 4) % 4;
  text.append(padding, '=');
  std::string out(text.size(), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

bool SignedByKey(const std::string& text, const std::string& signature) {
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, Key().key);
  const int verified =
      EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                       reinterpret_cast<const unsigned char*>(text.data()), text.size());
  EVP_MD_CTX_free(context);
  return verified == 1;
}

class Credentials : public testing::Test {
 protected:
  Credentials() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pregao-cloud-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    environment_.metadata_host = server_.address();
    metadata_flavor_ = "";
  }
  ~Credentials() override { std::filesystem::remove_all(folder_); }

  std::string File(const std::string& name, const std::map<std::string, std::string>& members) {
    JsonWriter w;
    w.BeginObject();
    for (const auto& [key, value] : members) {
      w.Key(key);
      w.String(value);
    }
    w.EndObject();
    std::ofstream(folder_ + "/" + name) << w.str();
    return folder_ + "/" + name;
  }
  std::map<std::string, std::string> ServiceAccount() const {
    return {{"type", "service_account"},
            {"client_email", "robot@p.iam.gserviceaccount.com"},
            {"private_key", Key().pem},
            {"private_key_id", "kid1"},
            {"token_uri", server_.url() + "/token"}};
  }
  std::map<std::string, std::string> User() const {
    return {{"type", "authorized_user"},
            {"client_id", "id"},
            {"client_secret", "s&cret"},
            {"refresh_token", "r/1"},
            {"token_uri", server_.url() + "/token"}};
  }
  Result<std::shared_ptr<TokenSource>> Find() {
    return FindCredentials(environment_, {"scope/a", "scope/b"}, client_, &clock_);
  }
  ServedAnswer Serve(const ServedRequest& request) {
    std::lock_guard lock(mutex_);
    last_ = request;
    if (request.target == "/") return {200, {{"Metadata-Flavor", metadata_flavor_}}, ""};
    if (answer_.status != 200) return answer_;
    return {
        200, {}, fmt::format(R"({{"access_token":"t{}","expires_in":{},"token_type":"Bearer"}})", ++given_, lives_)};
  }

  std::string folder_;
  ManualClock clock_{TimestampMs(1'767'225'600'000)};
  std::mutex mutex_;
  ServedRequest last_;
  ServedAnswer answer_;
  int given_ = 0, lives_ = 3600;
  std::string metadata_flavor_;
  HttpServer server_{[this](const ServedRequest& request) { return Serve(request); }};
  std::shared_ptr<HttpClient> client_ = std::make_shared<HttpClient>();
  GoogleEnvironment environment_;
};

TEST_F(Credentials, AServiceAccountSignsAJwtForItsTokens) {
  environment_.credentials_file = File("key.json", ServiceAccount());
  const auto source = Find();
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ((*source)->Get().ValueOrDie(), "t1");
  EXPECT_THAT((*source)->who(), AllOf(HasSubstr("robot@p.iam"), HasSubstr("key.json")));
  const std::string assertion = last_.body.substr(last_.body.find("assertion=") + 10);
  EXPECT_THAT(last_.body, HasSubstr("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"));
  const std::size_t dot = assertion.find('.'), second = assertion.find('.', dot + 1);
  EXPECT_TRUE(SignedByKey(assertion.substr(0, second), FromBase64Url(assertion.substr(second + 1))));
  EXPECT_EQ(FromBase64Url(assertion.substr(0, dot)), R"({"alg":"RS256","typ":"JWT","kid":"kid1"})");
  EXPECT_EQ(FromBase64Url(assertion.substr(dot + 1, second - dot - 1)),
            R"({"iss":"robot@p.iam.gserviceaccount.com","scope":"scope/a scope/b","aud":")" + server_.url() +
                R"(/token","iat":1767225600,"exp":1767229200})");
}

TEST_F(Credentials, AUserRefreshesTheirToken) {
  environment_.credentials_file = File("user.json", User());
  EXPECT_EQ(Find().ValueOrDie()->Get().ValueOrDie(), "t1");
  EXPECT_EQ(last_.body, "grant_type=refresh_token&client_id=id&client_secret=s%26cret&refresh_token=r%2F1");
}

TEST_F(Credentials, TheDefaultFileComesAfterTheVariableAndTheMetadataServerLast) {
  metadata_flavor_ = "Google";
  const auto from_metadata = Find();
  ASSERT_TRUE(from_metadata.ok()) << from_metadata.status();
  EXPECT_EQ((*from_metadata)->Get().ValueOrDie(), "t1");
  EXPECT_EQ(last_.target, "/computeMetadata/v1/instance/service-accounts/default/token?scopes=scope%2Fa%2Cscope%2Fb");
  EXPECT_EQ(last_.header("metadata-flavor"), "Google");

  environment_.default_file = File("adc.json", User());
  EXPECT_THAT(Find().ValueOrDie()->who(), HasSubstr("adc.json"));
  environment_.credentials_file = File("key.json", ServiceAccount());
  EXPECT_THAT(Find().ValueOrDie()->who(), HasSubstr("key.json"));
}

TEST_F(Credentials, WithNoneAtAllItSaysWhereItLookedAndWhatToDo) {
  environment_.default_file = folder_ + "/adc.json";
  const auto source = Find();  // something answers at the metadata address, but it is not Google's
  EXPECT_TRUE(source.status().IsInvalid()) << source.status();
  EXPECT_THAT(source.status().message(),
              AllOf(HasSubstr("GOOGLE_APPLICATION_CREDENTIALS"), HasSubstr("adc.json"), HasSubstr("metadata server"),
                    HasSubstr("gcloud auth application-default login")));
}

TEST_F(Credentials, AFileThatIsWrongIsNamedWithWhatIsWrongAndNoSecret) {
  const auto expect = [&](const std::map<std::string, std::string>& members, const std::string& what) {
    environment_.credentials_file = File("key.json", members);
    const Status status = Find().status();
    EXPECT_FALSE(status.ok()) << what;
    EXPECT_THAT(status.message(), AllOf(HasSubstr("GOOGLE_APPLICATION_CREDENTIALS: "), HasSubstr("key.json"),
                                        HasSubstr(what), Not(HasSubstr("PRIVATE")), Not(HasSubstr("cret"))));
  };
  const auto without = [](std::map<std::string, std::string> members, const std::string& key) {
    members.erase(key);
    return members;
  };
  for (const char* key : {"client_email", "private_key"}) expect(without(ServiceAccount(), key), key);
  for (const char* key : {"client_id", "refresh_token"}) expect(without(User(), key), key);
  expect({{"type", "external_account"}}, "external_account");
  expect({{"installed", "x"}}, "no 'type'");
  auto broken = ServiceAccount();
  broken["private_key"] = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n";
  expect(broken, "no RSA key");
  auto plain = ServiceAccount();
  plain["token_uri"] = "http://evil.example/token";
  expect(plain, "is not https");
  environment_.credentials_file = folder_ + "/absent.json";
  EXPECT_THAT(Find().status().message(), HasSubstr("there is no file " + folder_ + "/absent.json"));
  std::ofstream(folder_ + "/text.json") << "hello";
  environment_.credentials_file = folder_ + "/text.json";
  EXPECT_THAT(Find().status().message(), HasSubstr("no credentials file"));
}

TEST_F(Credentials, ATokenIsKeptUntilFiveMinutesBeforeItsEnd) {
  environment_.credentials_file = File("user.json", User());
  const auto source = Find().ValueOrDie();
  EXPECT_EQ(*source->Get(), "t1");
  clock_.Advance(std::chrono::seconds(3600 - 301));
  EXPECT_EQ(*source->Get(), "t1");
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(*source->Get(), "t2");
}

TEST_F(Credentials, WhenRenewingFailsTheOldTokenServesToItsEnd) {
  environment_.credentials_file = File("user.json", User());
  const auto source = Find().ValueOrDie();
  EXPECT_EQ(*source->Get(), "t1");
  answer_ = {503, {}, "busy"};
  clock_.Advance(std::chrono::seconds(3500));
  EXPECT_EQ(*source->Get(), "t1");
  clock_.Advance(std::chrono::seconds(100));
  EXPECT_TRUE(source->Get().status().IsIOError());
}

TEST_F(Credentials, ARefusedGrantIsInvalidInGooglesWordsWithoutTheSecret) {
  environment_.credentials_file = File("user.json", User());
  answer_ = {400, {}, R"({"error":"invalid_grant","error_description":"Token has been revoked.","sent":"s&cret"})"};
  const Status status = Find().ValueOrDie()->Get().status();
  EXPECT_TRUE(status.IsInvalid()) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr("invalid_grant, Token has been revoked."), HasSubstr("user.json"),
                                      HasSubstr("gcloud auth"), Not(HasSubstr("cret")), Not(HasSubstr("r/1"))));
}

TEST_F(Credentials, AnUnauthorisedRequestIsSentOnceMoreWithAFreshToken) {
  environment_.credentials_file = File("user.json", User());
  const auto source = Find().ValueOrDie();
  std::vector<std::string> seen;
  std::string accepted = "Bearer t1";
  const HttpServer api_server([&](const ServedRequest& request) {
    seen.push_back(request.header("authorization"));
    return ServedAnswer{seen.back() == accepted ? 200 : 401, {}, ""};
  });
  GoogleApi api(client_, source, {});
  HttpRequest request;
  request.url = api_server.url();
  EXPECT_EQ(api.Send(request)->status, 200);
  accepted = "Bearer t2";
  EXPECT_EQ(api.Send(request)->status, 200);
  accepted = "nothing";
  const auto refused = api.Send(request);
  EXPECT_EQ(refused->status, 401);  // once, not for ever
  EXPECT_THAT(seen, testing::ElementsAre("Bearer t1", "Bearer t1", "Bearer t2", "Bearer t2", "Bearer t3"));
  const Status status = api.Error(*refused, "cannot write x", "a role");
  EXPECT_TRUE(status.IsInvalid());
  EXPECT_THAT(status.message(), AllOf(HasSubstr("user.json"), HasSubstr("renew them"), Not(HasSubstr("t3"))));
}

TEST_F(Credentials, OfManyThreadsWithAStaleTokenOneAsks) {
  environment_.credentials_file = File("user.json", User());
  const auto source = Find().ValueOrDie();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round) EXPECT_EQ(*source->Get(), "t1");
    });
  }
  threads.clear();
  EXPECT_EQ(given_, 1);
  source->Refused("an older one");
  EXPECT_EQ(*source->Get(), "t1");
}

}  // namespace
}  // namespace pregao::cloud
