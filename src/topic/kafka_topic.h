#pragma once
/// A topic on a Kafka cluster (3.x or newer: it must tell topic ids), through librdkafka.
///
/// Errors name the brokers or the topic, and the remedy: KeyError, no such topic; Invalid, an unknown or reserved
/// property, credentials or rights that the cluster refuses, a record that it will not take, or the topic was created
/// anew; IOError, no answer in time, no broker reached (a retry may help). No secret is ever in an error or a log line.
/// Opening waits `patience` for an answer, but not where none can come: an IOError at once when no broker's name is
/// known, Invalid at once when the cluster refuses us.
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "topic/topic.h"

namespace pregao::topic {

struct KafkaTopicOptions {
  std::string brokers;  ///< "host:port", several with commas between
  std::string name;
  std::map<std::string, std::string> properties = {};  ///< any of librdkafka but those that pregao must set itself
  std::int32_t partitions = 4;                         ///< of a topic that is created; one that exists keeps its own
  std::int32_t replication = -1;                       ///< copies of each partition of it; -1: as the cluster has it
  bool create = true;                                  ///< create the topic when absent
  std::chrono::milliseconds patience{10'000};          ///< for any question to the cluster
  std::stop_token stop = {};                           ///< once requested, opening is given up: Cancelled
};

/// Append acknowledges when every record is in all in-sync replicas (idempotent producer, acks=all), or fails once the
/// property delivery.timeout.ms (30 s) has passed. A record's timestamp must be greater than 0. A writer writes to
/// whatever topic has the name: when it is created anew, readers are those who refuse. Its info and its partitions are
/// those of its opening; where the new topic has fewer, one Append fails (IOError) and the next opens it again.
[[nodiscard]] Result<std::unique_ptr<TopicWriter>> OpenKafkaWriter(const KafkaTopicOptions& options);

struct KafkaReaderOptions {
  std::string group = "pregao";                           ///< for Commit, and to share the partitions in
  bool join = false;                                      ///< share the partitions with the group's other members
  std::optional<std::vector<Partition>> partitions = {};  ///< without `join`: which to own; nullopt: all
  bool headers = true;  ///< whether records come with them: librdkafka looks for a record's headers only when asked
};

/// Reads committed records alone. A position that retention overtook goes on at the lowest offset, and Polled::lost
/// says so. While no broker answers, Poll waits; it fails when the topic was created anew, within about a second. A
/// member whose Poll is not called for max.poll.interval.ms (5 min) loses its partitions until the next.
[[nodiscard]] Result<std::unique_ptr<TopicReader>> OpenKafkaReader(const KafkaTopicOptions& options,
                                                                   const KafkaReaderOptions& reader = {});

/// Whether the properties are ones that writers and readers can be made with; asks no broker. Invalid names the
/// property and the remedy.
[[nodiscard]] Status CheckKafkaProperties(const KafkaTopicOptions& options);

/// Whether a property of librdkafka holds a secret, which nothing may print.
[[nodiscard]] bool IsSecretProperty(std::string_view name);

}  // namespace pregao::topic
