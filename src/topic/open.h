#pragma once
/// From the setting `topic` to an open topic: one string picks the implementation.
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "topic/topic.h"

namespace pregao::topic {

/// Which topic, and where it is kept.
struct TopicUri {
  std::string path;  ///< of a local topic's file
  std::string name = "quotes";
  std::string brokers = {};  ///< of a Kafka topic: "host:port", several with commas between; empty: it is local

  [[nodiscard]] bool kafka() const { return !brokers.empty(); }
  friend bool operator==(const TopicUri&, const TopicUri&) = default;
};

/// `local:PATH` or `local:PATH#NAME`; the name is "quotes" when absent. A path with a '#' needs a NAME, for the last
/// '#' divides. `kafka://HOST[:PORT][,HOST[:PORT]…]/NAME`; the port is 9092 when absent. Invalid names the text and
/// what it should be.
[[nodiscard]] Result<TopicUri> ParseTopic(std::string_view text);
/// The text that ParseTopic reads back as the same.
[[nodiscard]] std::string ToString(const TopicUri& uri);
/// `<topic>.dead-letter`, beside the topic: the frames that nobody could decode.
[[nodiscard]] TopicUri DeadLetter(TopicUri uri);

struct TopicSettings {
  std::int32_t partitions = 4;  ///< of a topic that is created
  bool create = true;           ///< create it when absent; otherwise KeyError
  // Of local topics:
  std::optional<std::chrono::milliseconds> retention_age = {};  ///< nullopt keeps
  std::optional<std::int64_t> retention_bytes = {};             ///< nullopt: no limit
  const Clock* clock = nullptr;                                 ///< not owned; null: the system's
  // Of Kafka's:
  std::int32_t replication = -1;                           ///< of a topic that is created; -1: the cluster's default
  std::map<std::string, std::string> kafka = {};           ///< properties of librdkafka
  std::optional<std::chrono::milliseconds> patience = {};  ///< for answers of the cluster; nullopt: 10 s
  std::stop_token stop = {};                               ///< once requested, opening is given up: Cancelled
};

struct ReaderSettings {
  std::string group = "pregao";                           ///< for Commit, and to share the partitions in
  bool join = false;                                      ///< share the partitions with the group's other members
                                                          ///< (Kafka; a local topic's readers own all)
  std::optional<std::vector<Partition>> partitions = {};  ///< without `join`: which to own; nullopt: all
  bool headers = true;                                    ///< false where nobody asks for them: a Kafka topic's records
                                                          ///< then come without, and cost less
};

/// Whether the settings are right by themselves, wherever the topic is: Invalid, as OpenWriter and OpenReader. Asks no
/// broker and opens no file.
[[nodiscard]] Status CheckSettings(const TopicUri& uri, const TopicSettings& settings);
/// Errors are those of the implementation: see local_topic.h and kafka_topic.h.
[[nodiscard]] Result<std::unique_ptr<TopicWriter>> OpenWriter(const TopicUri& uri, const TopicSettings& settings = {});
/// A reader does not create the topic unless `settings.create` says so.
[[nodiscard]] Result<std::unique_ptr<TopicReader>> OpenReader(const TopicUri& uri,
                                                              const TopicSettings& settings = {.create = false},
                                                              const ReaderSettings& reader = {});

}  // namespace pregao::topic
