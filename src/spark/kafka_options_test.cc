#include "spark/kafka_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pregao::spark {
namespace {

using Properties = std::map<std::string, std::string>;

Result<std::string> Read(const std::string& path) {
  if (path == "absent.pem") return Status::IOError("absent.pem is not there");
  return "text of " + path;
}

TEST(KafkaOptions, WithoutSecurityThereAreNone) {
  EXPECT_EQ(KafkaOptions({}, Read).ValueOrDie(), Properties{});
  EXPECT_EQ(KafkaOptions({{"fetch.min.bytes", "1"}, {"client.id", "me"}}, Read).ValueOrDie(), Properties{});
}

TEST(KafkaOptions, APasswordGoesIntoALineOfJaas) {
  EXPECT_EQ(KafkaOptions({{"security.protocol", "sasl_plaintext"},
                          {"sasl.mechanism", "PLAIN"},
                          {"sasl.username", "u"},
                          {"sasl.password", R"(p"\;)"}},
                         Read)
                .ValueOrDie(),
            (Properties{{"kafka.security.protocol", "SASL_PLAINTEXT"},
                        {"kafka.sasl.mechanism", "PLAIN"},
                        {"kafka.sasl.jaas.config",
                         "org.apache.kafka.common.security.plain.PlainLoginModule required "
                         R"(username="u" password="p\"\\;";)"}}));
  const auto scram = KafkaOptions({{"sasl.mechanisms", "scram-sha-512"}}, Read).ValueOrDie();
  EXPECT_EQ(scram.at("kafka.sasl.mechanism"), "SCRAM-SHA-512");
  EXPECT_THAT(scram.at("kafka.sasl.jaas.config"), ::testing::HasSubstr("scram.ScramLoginModule required"));
}

TEST(KafkaOptions, CertificatesTravelAsText) {
  EXPECT_EQ(KafkaOptions({{"security.protocol", "SSL"},
                          {"ssl.ca.location", "ca.pem"},
                          {"ssl.certificate.location", "me.pem"},
                          {"ssl.key.location", "me.key"},
                          {"ssl.key.password", "s"},
                          {"ssl.endpoint.identification.algorithm", "none"}},
                         Read)
                .ValueOrDie(),
            (Properties{{"kafka.security.protocol", "SSL"},
                        {"kafka.ssl.truststore.type", "PEM"},
                        {"kafka.ssl.truststore.certificates", "text of ca.pem"},
                        {"kafka.ssl.keystore.type", "PEM"},
                        {"kafka.ssl.keystore.certificate.chain", "text of me.pem"},
                        {"kafka.ssl.keystore.key", "text of me.key"},
                        {"kafka.ssl.key.password", "s"},
                        {"kafka.ssl.endpoint.identification.algorithm", ""}}));
  EXPECT_THAT(KafkaOptions({{"ssl.ca.location", "absent.pem"}}, Read).status().message(),
              ::testing::HasSubstr("ssl.ca.location: absent.pem"));
}

TEST(KafkaOptions, WhatSparkWouldNotObeyIsRefused) {
  for (const Properties& properties : {Properties{{"sasl.mechanism", "GSSAPI"}}, Properties{{"ssl.crl.location", "x"}},
                                       Properties{{"enable.ssl.certificate.verification", "false"}}}) {
    EXPECT_TRUE(KafkaOptions(properties, Read).status().IsInvalid()) << properties.begin()->first;
  }
}

}  // namespace
}  // namespace pregao::spark
