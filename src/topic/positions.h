#pragma once
/// A table's positions in a topic, as Delta's `txn` actions keep them.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/types.h"
#include "topic/topic.h"

namespace pregao::topic {

/// "pregao:<topic>:<generation>:<partition>"
[[nodiscard]] std::string AppId(const TopicInfo& topic, Partition partition);

/// "pregao-lost:<topic>:<generation>:<partition>": not a position, but how many of the partition's offsets the topic's
/// retention removed before they were read into the table.
[[nodiscard]] std::string LostAppId(const TopicInfo& topic, Partition partition);

struct ParsedAppId {
  std::string topic, generation;
  Partition partition;
};
/// nullopt for an id that is not ours. A topic's name may hold colons; a generation may not.
[[nodiscard]] std::optional<ParsedAppId> ParseAppId(std::string_view id);

/// The positions of `topic`'s generation among a table's. Invalid when the table knows the topic's name only with
/// another generation: the topic was created anew. `accept_new` starts it at its beginning instead.
[[nodiscard]] Result<Positions> PositionsOf(const std::map<std::string, std::int64_t>& txns, const TopicInfo& topic,
                                            std::string_view table, bool accept_new);

}  // namespace pregao::topic
