#include "cli/topics.h"

#include <filesystem>

namespace pregao::cli {

topic::TopicSettings TopicSettingsOf(const Context& context, bool create) {
  const Settings& s = context.settings;
  topic::TopicSettings settings;
  settings.partitions = static_cast<std::int32_t>(s.new_topic_partitions);
  settings.replication = static_cast<std::int32_t>(s.new_topic_replication);
  settings.kafka = s.kafka;
  settings.create = create;
  settings.retention_age = s.local_retention_age;
  if (s.local_retention_bytes) settings.retention_bytes = s.local_retention_bytes->value;
  settings.clock = context.clock;
  settings.stop = context.stop;
  return settings;
}

bool TopicIsNamed(const Settings& settings) {
  const auto origin = settings.origins.find("topic");
  return origin != settings.origins.end() && origin->second != "default";
}

Result<TopicWriters> OpenTopicWriters(const Context& context) {
  TRY_ASSIGN(const topic::TopicUri uri, topic::ParseTopic(context.settings.topic));
  const auto folder = std::filesystem::path(uri.path).parent_path();  // empty for Kafka
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) return Status::IOError("the topic's folder ", folder.string(), " cannot be made: ", error.message());
  TopicWriters writers;
  TRY_ASSIGN(writers.quotes, topic::OpenWriter(uri, TopicSettingsOf(context, true)));
  TRY_ASSIGN(writers.dead_letter, topic::OpenWriter(topic::DeadLetter(uri), TopicSettingsOf(context, true)));
  return writers;
}

}  // namespace pregao::cli
