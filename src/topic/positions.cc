#include "topic/positions.h"

#include <charconv>
#include <fmt/format.h>

namespace pregao::topic {

std::string AppId(const TopicInfo& topic, Partition partition) {
  return fmt::format("pregao:{}:{}:{}", topic.name, topic.generation, partition.value);
}

std::string LostAppId(const TopicInfo& topic, Partition partition) {
  return fmt::format("pregao-lost:{}:{}:{}", topic.name, topic.generation, partition.value);
}

std::optional<ParsedAppId> ParseAppId(std::string_view id) {
  constexpr std::string_view kPrefix = "pregao:";
  if (!id.starts_with(kPrefix)) return std::nullopt;
  id.remove_prefix(kPrefix.size());
  const auto last = id.rfind(':');
  if (last == std::string_view::npos || last == 0) return std::nullopt;
  const auto middle = id.rfind(':', last - 1);
  if (middle == std::string_view::npos) return std::nullopt;
  const std::string_view number = id.substr(last + 1);
  std::int32_t partition = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), partition);
  if (error != std::errc() || end != number.data() + number.size()) return std::nullopt;
  return ParsedAppId{std::string(id.substr(0, middle)), std::string(id.substr(middle + 1, last - middle - 1)),
                     Partition(partition)};
}

Result<Positions> PositionsOf(const std::map<std::string, std::int64_t>& txns, const TopicInfo& topic,
                              std::string_view table, bool accept_new) {
  Positions positions;
  std::string other;
  for (const auto& [id, version] : txns) {
    const auto app = ParseAppId(id);
    if (!app || app->topic != topic.name) continue;
    if (app->generation == topic.generation) {
      positions[app->partition] = Offset(version);
    } else {
      other = app->generation;
    }
  }
  if (positions.empty() && !other.empty() && !accept_new) {
    return Status::Invalid("topic '", topic.name, "' was created anew: table ", table,
                           " was filled from its generation ", other, ", and it is ", topic.generation,
                           " now. To go on with the new topic from its first offset: --accept-new-topic");
  }
  return positions;
}

}  // namespace pregao::topic
