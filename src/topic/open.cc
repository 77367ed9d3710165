#include "topic/open.h"

#include <algorithm>

#include "topic/kafka_topic.h"
#include "topic/local_topic.h"
#include "topic/rules.h"

namespace pregao::topic {
namespace {

constexpr std::string_view kLocal = "local:", kKafka = "kafka://";

LocalTopicOptions LocalOptions(const TopicUri& uri, const TopicSettings& settings) {
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

KafkaTopicOptions KafkaOptions(const TopicUri& uri, const TopicSettings& settings) {
  KafkaTopicOptions options;
  options.brokers = uri.brokers;
  options.name = uri.name;
  options.properties = settings.kafka;
  options.partitions = settings.partitions;
  options.replication = settings.replication;
  options.create = settings.create;
  if (settings.patience) options.patience = *settings.patience;
  options.stop = settings.stop;
  return options;
}

/// "host:port" of each broker; the port is Kafka's own where none is named.
Result<std::string> Brokers(std::string_view text, std::string_view list) {
  std::string brokers;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    const std::string_view broker = list.substr(at, end - at);
    const std::size_t colon = broker.rfind(':');
    const bool bracketed = broker.ends_with(']');  // an IPv6 address without a port
    const std::string_view port = colon == std::string_view::npos || bracketed ? "9092" : broker.substr(colon + 1);
    const std::string_view host = bracketed ? broker : broker.substr(0, colon);
    const bool number = !port.empty() && port.size() <= 5 &&
                        std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
    const bool plain = std::none_of(host.begin(), host.end(), [](char c) { return c <= ' ' || c == '@' || c == '/'; });
    if (host.empty() || !plain || !number) {
      return Status::Invalid("topic '", text, "': '", broker,
                             "' is no broker: use host:port. User and password belong into [kafka]");
    }
    brokers += (brokers.empty() ? "" : ",") + std::string(host) + ":" + std::string(port);
    at = end + 1;
  }
  return brokers;
}

Result<TopicUri> ParseKafka(std::string_view text) {
  const std::string_view rest = text.substr(kKafka.size());
  const std::size_t slash = rest.rfind('/');
  if (slash == std::string_view::npos || slash + 1 == rest.size()) {
    return Status::Invalid("topic '", text, "': no topic is named: use kafka://host:port/NAME");
  }
  TopicUri uri;
  uri.name = rest.substr(slash + 1);
  TRY(CheckTopicName(uri.name));
  TRY_ASSIGN(uri.brokers, Brokers(text, rest.substr(0, slash)));
  return uri;
}

}  // namespace

Result<TopicUri> ParseTopic(std::string_view text) {
  if (text.starts_with(kKafka)) return ParseKafka(text);
  if (!text.starts_with(kLocal)) {
    return Status::Invalid("topic '", text,
                           "': use local:PATH, such as local:data/topic.db, or kafka://host:port/NAME");
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
  if (uri.kafka()) return std::string(kKafka) + uri.brokers + "/" + uri.name;
  const bool plain = uri.name == TopicUri().name && uri.path.find('#') == std::string::npos;
  return std::string(kLocal) + uri.path + (plain ? "" : "#" + uri.name);
}

TopicUri DeadLetter(TopicUri uri) {
  uri.name += ".dead-letter";
  return uri;
}

Status CheckSettings(const TopicUri& uri, const TopicSettings& settings) {
  return uri.kafka() ? CheckKafkaProperties(KafkaOptions(uri, settings)) : Status::OK();
}

Result<std::unique_ptr<TopicWriter>> OpenWriter(const TopicUri& uri, const TopicSettings& settings) {
  if (uri.kafka()) return OpenKafkaWriter(KafkaOptions(uri, settings));
  return OpenLocalWriter(LocalOptions(uri, settings));
}

Result<std::unique_ptr<TopicReader>> OpenReader(const TopicUri& uri, const TopicSettings& settings,
                                                const ReaderSettings& reader) {
  if (uri.kafka()) {
    return OpenKafkaReader(KafkaOptions(uri, settings), {reader.group, reader.join, reader.partitions, reader.headers});
  }
  return OpenLocalReader(LocalOptions(uri, settings), {reader.group, reader.partitions});
}

}  // namespace pregao::topic
