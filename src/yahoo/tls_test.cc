// The streamer over TLS: a certificate of our own making, right and wrong.
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "yahoo/sim_server.h"
#include "yahoo/streamer.h"

namespace pregao::yahoo {
namespace {

using ::testing::HasSubstr;

struct Pem {
  std::string certificate, key;
};

template <class Write>
std::string ToPem(Write write) {
  BIO* bio = BIO_new(BIO_s_mem());
  EXPECT_EQ(write(bio), 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string out(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return out;
}

/// A self-signed certificate for these names ("IP:127.0.0.1", "DNS:localhost"), valid from `from_s` to `to_s` from now.
Pem MakeCertificate(const std::string& names, long from_s = -3600, long to_s = 3600) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), from_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate), to_s);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("pregao test"), -1, -1,
                             0);
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  EXPECT_GT(X509_sign(certificate, key, EVP_sha256()), 0);
  Pem pem{ToPem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); }),
          ToPem([&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); })};
  X509_free(certificate);
  EVP_PKEY_free(key);
  return pem;
}

class Tls : public ::testing::Test {
 protected:
  /// A server with this certificate, and what a client says that trusts it (or, if not `trusted`, does not).
  Status Try(const Pem& pem, bool trusted, const std::string& host = "127.0.0.1") {
    const auto ca = std::filesystem::path(::testing::TempDir()) / ("pregao_tls_" + std::to_string(getpid()) + ".crt");
    std::ofstream(ca) << pem.certificate;
    SimServerOptions server_options;
    server_options.certificate_pem = pem.certificate;
    server_options.key_pem = pem.key;
    auto server = SimServer::Start(server_options);
    if (!server.ok()) return server.status();
    StreamerOptions options;
    options.url = "wss://" + host + ":" + std::to_string((*server)->port()) + "/?version=2";
    if (trusted) options.ca_file = ca.string();
    const Status status = Probe(options);
    std::filesystem::remove(ca);
    return status;
  }
};

TEST_F(Tls, TrustsACertificateOfItsHostByNameAndByAddress) {
  const Pem pem = MakeCertificate("IP:127.0.0.1,DNS:localhost");
  EXPECT_TRUE(Try(pem, true).ok()) << Try(pem, true);
  EXPECT_TRUE(Try(pem, true, "localhost").ok()) << Try(pem, true, "localhost");
}

TEST_F(Tls, RefusesACertificateOfAnotherHost) {
  const Pem pem = MakeCertificate("DNS:streamer.finance.yahoo.com,IP:127.0.0.2");
  EXPECT_THAT(Try(pem, true).message(), HasSubstr("certificate is not to be trusted (IP address mismatch)"));
  EXPECT_THAT(Try(pem, true, "localhost").message(), HasSubstr("certificate is not to be trusted (hostname mismatch)"));
}

TEST_F(Tls, RefusesACertificateThatNobodyVouchesFor) {
  EXPECT_THAT(Try(MakeCertificate("IP:127.0.0.1"), false).message(),
              HasSubstr("not to be trusted (self-signed certificate)"));
}

TEST_F(Tls, RefusesACertificateOutOfDate) {
  EXPECT_THAT(Try(MakeCertificate("IP:127.0.0.1", -7200, -3600), true).message(), HasSubstr("certificate has expired"));
}

TEST_F(Tls, DoesNotGoOnInTheClearWithAServerThatHasNoTls) {
  const auto server = SimServer::Start({});
  ASSERT_TRUE(server.ok());
  StreamerOptions options;
  options.url = "wss://127.0.0.1:" + std::to_string((*server)->port()) + "/";
  EXPECT_THAT(Probe(options).message(), HasSubstr("TLS failed"));
}

TEST_F(Tls, SaysWhichFileOfAuthoritiesDoesNotLoad) {
  StreamerOptions options;
  options.url = "wss://127.0.0.1:1/";
  options.ca_file = "/nonexistent/ca.pem";
  const Status status = Probe(options);
  EXPECT_TRUE(status.IsInvalid());
  EXPECT_THAT(status.message(), HasSubstr("/nonexistent/ca.pem"));
}

}  // namespace
}  // namespace pregao::yahoo
