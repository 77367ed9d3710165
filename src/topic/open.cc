#include "topic/open.h"

#include "topic/local_topic.h"
#include "topic/rules.h"

namespace pregao::topic {
namespace {

constexpr std::string_view kLocal = "local:", kKafka = "kafka://";

LocalTopicOptions Options(const TopicUri& uri, const TopicSettings& settings) {
  LocalTopicOptions options;
  options.path = uri.path;
  options.name = uri.name;
  options.partitions = settings.partitions;
  options.create = settings.create;
  options.retention_age = settings.retention_age;
  options.retention_bytes = settings.retention_bytes;
  options.clock = settings.clock;
  return options;
}

}  // namespace

Result<TopicUri> ParseTopic(std::string_view text) {
  if (text.starts_with(kKafka)) {
    return Status::NotImplemented("topic '", text,
                                  "': this version of pregao cannot speak to Kafka yet: use local:PATH");
  }
  if (!text.starts_with(kLocal)) {
    return Status::Invalid("topic '", text, "': use local:PATH or local:PATH#NAME, such as local:data/topic.db");
  }
  const std::string_view rest = text.substr(kLocal.size());
  const std::size_t hash = rest.rfind('#');
  TopicUri uri;
  uri.path = rest.substr(0, hash);
  if (uri.path.empty()) return Status::Invalid("topic '", text, "': no file is named after 'local:'");
  if (uri.path.find('\0') != std::string::npos) return Status::Invalid("topic '", text, "': a path has no NUL byte");
  if (hash == std::string_view::npos) return uri;
  uri.name = rest.substr(hash + 1);
  TRY(CheckTopicName(uri.name));
  return uri;
}

std::string ToString(const TopicUri& uri) {
  const bool plain = uri.name == TopicUri().name && uri.path.find('#') == std::string::npos;
  return std::string(kLocal) + uri.path + (plain ? "" : "#" + uri.name);
}

TopicUri DeadLetter(TopicUri uri) {
  uri.name += ".dead-letter";
  return uri;
}

Result<std::unique_ptr<TopicWriter>> OpenWriter(const TopicUri& uri, const TopicSettings& settings) {
  return OpenLocalWriter(Options(uri, settings));
}

Result<std::unique_ptr<TopicReader>> OpenReader(const TopicUri& uri, const TopicSettings& settings,
                                                const ReaderSettings& reader) {
  return OpenLocalReader(Options(uri, settings), {reader.group, reader.partitions});
}

}  // namespace pregao::topic
