#pragma once
/// From the setting `topic` to an open topic: one string picks the implementation.
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "topic/topic.h"

namespace pregao::topic {

/// Which topic, and where it is kept.
struct TopicUri {
  std::string path;  ///< of the local topic's file
  std::string name = "quotes";
  friend bool operator==(const TopicUri&, const TopicUri&) = default;
};

/// `local:PATH` or `local:PATH#NAME`; the name is "quotes" when absent. A path with a '#' needs a NAME, for the last
/// '#' divides. Invalid names the text and what it should be; NotImplemented for `kafka://`, which this version cannot
/// open.
[[nodiscard]] Result<TopicUri> ParseTopic(std::string_view text);
/// The text that ParseTopic reads back as the same.
[[nodiscard]] std::string ToString(const TopicUri& uri);
/// `<topic>.dead-letter`, beside the topic: the frames that nobody could decode.
[[nodiscard]] TopicUri DeadLetter(TopicUri uri);

struct TopicSettings {
  std::int32_t partitions = 4;                                  ///< of a topic that is created
  bool create = true;                                           ///< create it when absent; otherwise KeyError
  std::optional<std::chrono::milliseconds> retention_age = {};  ///< nullopt keeps
  std::optional<std::int64_t> retention_bytes = {};             ///< nullopt: no limit
  const Clock* clock = nullptr;                                 ///< not owned; null: the system's
};

struct ReaderSettings {
  std::string group = "pregao";                           ///< for Commit
  std::optional<std::vector<Partition>> partitions = {};  ///< which to own; nullopt: what the group gives, or all
};

/// Errors are those of the implementation: see local_topic.h.
[[nodiscard]] Result<std::unique_ptr<TopicWriter>> OpenWriter(const TopicUri& uri, const TopicSettings& settings = {});
/// A reader does not create the topic unless `settings.create` says so.
[[nodiscard]] Result<std::unique_ptr<TopicReader>> OpenReader(const TopicUri& uri,
                                                              const TopicSettings& settings = {.create = false},
                                                              const ReaderSettings& reader = {});

}  // namespace pregao::topic
