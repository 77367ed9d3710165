// Properties -> librdkafka's configuration: what pregao must set itself, what it prefers, and what the user says.
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <rdkafka.h>
#include <spdlog/spdlog.h>
#include <utility>
#include <vector>

#include "base/text.h"
#include "topic/kafka_client.h"

namespace pregao::topic {
namespace {

using Property = std::pair<const char*, const char*>;

constexpr const char* kExactlyOnce = "exactly-once rests on pregao's own value";
constexpr const char* kPositions = "positions come from the tables";

/// Properties that are not the user's, each with the reason or the place where it is said instead.
constexpr std::array<Property, 19> kReserved{{
    {"bootstrap.servers", R"(brokers stand in the setting topic = "kafka://host:port/name")"},
    {"metadata.broker.list", R"(brokers stand in the setting topic = "kafka://host:port/name")"},
    {"group.id", "set engine.group"},
    {"enable.auto.commit", kPositions},
    {"auto.commit.enable", kPositions},
    {"enable.auto.offset.store", kPositions},
    {"auto.offset.reset", kPositions},
    {"enable.partition.eof", "pregao needs it on"},
    {"isolation.level", kExactlyOnce},
    {"enable.idempotence", kExactlyOnce},
    {"acks", kExactlyOnce},
    {"request.required.acks", kExactlyOnce},
    {"transactional.id", "pregao's exactly-once needs no transactions"},
    {"partitioner", "a ticker's partition is that of the Java client (murmur2_random)"},
    {"group.protocol", "pregao speaks the classic group protocol"},
    {"group.remote.assignor", "pregao speaks the classic group protocol"},
    {"delivery.report.only.error", kExactlyOnce},
    {"enabled_events", "it is part of librdkafka's C interface"},
    {"allow.auto.create.topics", "topics are created as new-topic.* says"},
}};

/// What pregao sets on both roles, on writers and on readers. The user may say otherwise.
constexpr std::array<Property, 4> kPreferred{{
    {"client.id", "pregao"},
    {"reconnect.backoff.max.ms", "2000"},
    {"socket.keepalive.enable", "true"},
    {"enable.metrics.push", "false"},
}};
constexpr std::array<Property, 4> kPreferredWriter{{
    {"compression.type", "lz4"},
    {"linger.ms", "2"},
    {"delivery.timeout.ms", "30000"},
    {"queue.buffering.max.kbytes", "131072"},
}};
constexpr std::array<Property, 5> kPreferredReader{{
    // Enough to keep the engine busy between two fetches, little enough for flat memory, of each partition; and when it
    // is full, the default of a second would let it run dry.
    {"queued.min.messages", "20000"},
    {"queued.max.messages.kbytes", "8192"},
    {"fetch.queue.backoff.ms", "5"},
    {"fetch.error.backoff.ms", "200"},
    // While a request waits for partitions that have nothing new, none is sent for the others, whose queues are read
    // empty in 20 ms: with 100, half of the time was idle from the end of the first partition on. A Seek waits, too.
    {"fetch.wait.max.ms", "20"},
}};
constexpr std::array<Property, 2> kFixedWriter{{{"enable.idempotence", "true"}, {"acks", "all"}}};
constexpr std::array<Property, 5> kFixedReader{{
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"auto.offset.reset", "error"},
    {"enable.partition.eof", "true"},
    {"isolation.level", "read_committed"},
}};

/// Every property that this librdkafka knows.
std::vector<std::string> KnownProperties(rd_kafka_conf_t* conf) {
  // Aliases are not in the dump: those that people write.
  std::vector<std::string> names{"compression.type", "delivery.timeout.ms", "linger.ms", "max.partition.fetch.bytes",
                                 "retries",          "sasl.mechanism"};
  std::size_t count = 0;
  const char** const dump = rd_kafka_conf_dump(conf, &count);
  for (std::size_t i = 0; i < count; i += 2) names.emplace_back(dump[i]);
  rd_kafka_conf_dump_free(dump, count);
  return names;
}

Status Set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 512> text{};
  const auto result = rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text.data(), text.size());
  if (result == RD_KAFKA_CONF_OK) return Status::OK();
  if (result == RD_KAFKA_CONF_UNKNOWN) {
    // One that was left out of this build says so, and is no misspelling.
    const std::string_view said = text.data();
    const bool known =
        said.find("not available") != std::string_view::npos || said.find("not support") != std::string_view::npos;
    const auto near = known ? std::nullopt : NearestName(name, KnownProperties(conf));
    return Status::Invalid("[kafka] ", name, known ? ": " + std::string(said) : ": librdkafka has no such property",
                           near ? fmt::format("; did you mean '{}'?", *near) : "");
  }
  if (IsSecretProperty(name)) return Status::Invalid("[kafka] ", name, ": librdkafka refuses its (hidden) value");
  return Status::Invalid("[kafka] ", name, " = \"", Printable(value), "\": ", text.data());
}

Status SetUsers(rd_kafka_conf_t* conf, const std::map<std::string, std::string>& properties) {
  const auto protocol = properties.find("security.protocol");
  const bool sasl =
      protocol != properties.end() && (protocol->second.starts_with("SASL") || protocol->second.starts_with("sasl"));
  if (sasl && !properties.contains("sasl.mechanism") && !properties.contains("sasl.mechanisms")) {
    return Status::Invalid("[kafka] security.protocol = \"", Printable(protocol->second),
                           "\" needs sasl.mechanism: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER");
  }
  for (const auto& [name, value] : properties) {
    const auto reserved =
        std::find_if(kReserved.begin(), kReserved.end(), [&n = name](auto& p) { return p.first == n; });
    if (reserved != kReserved.end()) {
      return Status::Invalid("[kafka] ", name, " cannot be set: ", reserved->second, ". Remove it");
    }
    if (name == "partition.assignment.strategy" && value.find("cooperative") != std::string::npos) {
      return Status::Invalid("[kafka] ", name, " = \"", Printable(value),
                             "\": pregao takes all partitions anew at a rebalance: use range or roundrobin");
    }
    TRY(Set(conf, name, value));
  }
  return Status::OK();
}

template <std::size_t N>
Status SetAll(rd_kafka_conf_t* conf, const std::array<Property, N>& properties) {
  for (const auto& [name, value] : properties) TRY(Set(conf, name, value));
  return Status::OK();
}

void OnLog(const rd_kafka_t* /*rk*/, int level, const char* facility, const char* text) {
  constexpr int kSyslogError = 3;
  // A property of the other role is no mistake in settings that serve both.
  const bool loud = level <= kSyslogError && std::string_view(facility) != "CONFWARN";
  spdlog::log(loud ? spdlog::level::warn : spdlog::level::debug, "kafka: {}: {}", facility, text);
}

}  // namespace

bool IsSecretProperty(std::string_view name) {
  constexpr std::array kWords{"password", "passphrase", "secret", ".pem", "token", "jaas", "oauthbearer.config"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return name.find(word) != std::string_view::npos; });
}

Result<rd_kafka_conf_s*> NewKafkaConf(const KafkaTopicOptions& options, KafkaRole role, const std::string& group) {
  const std::unique_ptr<rd_kafka_conf_t, void (*)(rd_kafka_conf_t*)> conf(rd_kafka_conf_new(), rd_kafka_conf_destroy);
  rd_kafka_conf_set_log_cb(conf.get(), OnLog);
  TRY(SetAll(conf.get(), kPreferred));
  TRY(role == KafkaRole::kWriter ? SetAll(conf.get(), kPreferredWriter) : SetAll(conf.get(), kPreferredReader));
  TRY(SetUsers(conf.get(), options.properties));
  TRY(role == KafkaRole::kWriter ? SetAll(conf.get(), kFixedWriter) : SetAll(conf.get(), kFixedReader));
  TRY(Set(conf.get(), "bootstrap.servers", options.brokers));
  if (role == KafkaRole::kReader) TRY(Set(conf.get(), "group.id", group));
  return rd_kafka_conf_dup(conf.get());
}

}  // namespace pregao::topic
