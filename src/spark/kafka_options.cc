#include "spark/kafka_options.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace pregao::spark {
namespace {

using Properties = std::map<std::string, std::string>;

std::string Upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

std::string Get(const Properties& properties, const std::string& name) {
  const auto found = properties.find(name);
  return found == properties.end() ? "" : found->second;
}

/// A text in a JAAS line.
std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

Status AddSasl(const Properties& properties, Properties* out) {
  std::string mechanism = Upper(Get(properties, "sasl.mechanisms"));
  if (mechanism.empty()) mechanism = Upper(Get(properties, "sasl.mechanism"));
  if (mechanism.empty()) return Status::OK();
  const bool plain = mechanism == "PLAIN";
  if (!plain && !mechanism.starts_with("SCRAM-SHA-")) {
    return Status::Invalid("[kafka] sasl.mechanism = ", mechanism, ": for Spark it is PLAIN or SCRAM-SHA-256 or -512");
  }
  (*out)["kafka.sasl.mechanism"] = mechanism;
  (*out)["kafka.sasl.jaas.config"] =
      fmt::format("org.apache.kafka.common.security.{} required username={} password={};",
                  plain ? "plain.PlainLoginModule" : "scram.ScramLoginModule", Quoted(Get(properties, "sasl.username")),
                  Quoted(Get(properties, "sasl.password")));
  return Status::OK();
}

/// Spark gets the certificates themselves: the cluster has not the files of this machine.
Status AddTls(const Properties& properties, const std::function<Result<std::string>(const std::string&)>& read,
              Properties* out) {
  const auto file = [&](const char* property, const char* option) -> Status {
    const std::string path = Get(properties, property);
    if (path.empty()) return Status::OK();
    auto text = read(path);
    if (!text.ok()) return Status::Invalid("[kafka] ", property, ": ", text.status().message());
    (*out)[option] = *text;
    return Status::OK();
  };
  TRY(file("ssl.ca.location", "kafka.ssl.truststore.certificates"));
  if (out->contains("kafka.ssl.truststore.certificates")) (*out)["kafka.ssl.truststore.type"] = "PEM";
  TRY(file("ssl.certificate.location", "kafka.ssl.keystore.certificate.chain"));
  TRY(file("ssl.key.location", "kafka.ssl.keystore.key"));
  if (out->contains("kafka.ssl.keystore.key")) (*out)["kafka.ssl.keystore.type"] = "PEM";
  if (const auto password = Get(properties, "ssl.key.password"); !password.empty()) {
    (*out)["kafka.ssl.key.password"] = password;
  }
  if (const auto known = properties.find("ssl.endpoint.identification.algorithm"); known != properties.end()) {
    (*out)["kafka.ssl.endpoint.identification.algorithm"] = known->second == "none" ? "" : known->second;
  }
  return Status::OK();
}

}  // namespace

Result<Properties> KafkaOptions(const Properties& properties,
                                const std::function<Result<std::string>(const std::string&)>& read) {
  constexpr std::array kKnown{"security.protocol",
                              "sasl.mechanism",
                              "sasl.mechanisms",
                              "sasl.username",
                              "sasl.password",
                              "ssl.ca.location",
                              "ssl.certificate.location",
                              "ssl.key.location",
                              "ssl.key.password",
                              "ssl.endpoint.identification.algorithm"};
  for (const auto& [name, value] : properties) {
    const bool security = name.starts_with("sasl.") || name.starts_with("ssl.") || name.starts_with("enable.s");
    if (security && std::find(kKnown.begin(), kKnown.end(), name) == kKnown.end()) {
      return Status::Invalid("[kafka] ", name, " cannot be said to Spark's Kafka client; what can is in docs/spark.md");
    }
  }
  Properties out;
  if (const auto protocol = Upper(Get(properties, "security.protocol")); !protocol.empty()) {
    out["kafka.security.protocol"] = protocol;
  }
  TRY(AddSasl(properties, &out));
  TRY(AddTls(properties, read, &out));
  return out;
}

}  // namespace pregao::spark
