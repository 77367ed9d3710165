// librdkafka's error codes -> our Status.
#include <algorithm>
#include <array>
#include <rdkafka.h>

#include "topic/kafka_client.h"
#include "topic/refusal.h"

namespace pregao::topic {
namespace {

/// What to do about an error that no retry mends; null for the others.
const char* Remedy(rd_kafka_resp_err_t code) {
  switch (code) {  // of librdkafka's hundreds: all that are not here may pass
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return "check sasl.mechanism, sasl.username and sasl.password in [kafka]";
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
      return "set sasl.mechanism in [kafka] to one that the broker has on";
    case RD_KAFKA_RESP_ERR__SSL:
      return "check security.protocol, ssl.ca.location, ssl.certificate.location and ssl.key.location in [kafka]";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return "grant the principal DESCRIBE on the topic, and READ (reader) or WRITE (writer)";
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return "grant the principal READ on the consumer group, or choose another with engine.group";
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return "grant the principal CREATE on the topic (and IDEMPOTENT_WRITE on the cluster, before Kafka 2.8), or have "
             "the topic created for it";
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
      return "change new-topic.partitions";
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
      return "change new-topic.replication: no more copies than there are brokers, or -1 for the cluster's own default";
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
      return "the cluster has rules for new topics: have the topic created by its administrators";
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return "raise message.max.bytes in [kafka] and max.message.bytes of the topic";
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
      return "raise message.timestamp.after.max.ms of the topic, or set this machine's clock";
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return "the topic takes no such record: is it a compacted one, or does the broker check schemas?";
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
      return "";
    default:
      return nullptr;
  }
}

/// Whatever we send.
bool RefusesUs(rd_kafka_resp_err_t code) {
  constexpr std::array kCodes{RD_KAFKA_RESP_ERR__AUTHENTICATION,
                              RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
                              RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM,
                              RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE,
                              RD_KAFKA_RESP_ERR__SSL,
                              RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                              RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
                              RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
                              RD_KAFKA_RESP_ERR_POLICY_VIOLATION};
  return std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

}  // namespace

Status KafkaStatus(int code, const std::string& what, const std::string& detail) {
  const auto error = static_cast<rd_kafka_resp_err_t>(code);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return Status::OK();
  const std::string said = detail.empty() ? rd_kafka_err2str(error) : detail;
  const char* const remedy = Remedy(error);
  if (remedy == nullptr) return Status::IOError(what, ": ", said);
  const Status status = Status::Invalid(what, ": ", said, *remedy == '\0' ? "" : ": ", remedy);
  return RefusesUs(error) ? RefusalOfUs(status) : status;
}

}  // namespace pregao::topic
