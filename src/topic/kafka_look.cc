// What the cluster says of the topic: its id, its partitions, what can be read of them; and its creation.
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <rdkafka.h>

#include "topic/kafka_client.h"
#include "topic/rules.h"

namespace pregao::topic {
namespace {

using Queue = std::unique_ptr<rd_kafka_queue_t, void (*)(rd_kafka_queue_t*)>;
using AdminOptions = std::unique_ptr<rd_kafka_AdminOptions_t, void (*)(rd_kafka_AdminOptions_t*)>;
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, void (*)(rd_kafka_topic_partition_list_t*)>;

/// Between two questions after a partition whose leader is being elected.
constexpr std::chrono::milliseconds kElection{50};

/// Whether a partition has no leader just now, or its client does not know it yet.
bool IsMoving(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION || code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
         code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

Queue NewQueue(rd_kafka_t* handle) { return {rd_kafka_queue_new(handle), rd_kafka_queue_destroy}; }

AdminOptions NewOptions(rd_kafka_t* handle, rd_kafka_admin_op_t operation, std::chrono::milliseconds patience) {
  AdminOptions options(rd_kafka_AdminOptions_new(handle, operation), rd_kafka_AdminOptions_destroy);
  std::array<char, 256> text{};  // only values out of range are refused
  const auto timeout = static_cast<int>(patience.count());
  (void)rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout, text.data(), text.size());
  return options;
}

/// As Kafka's own tools print it: base64 for URLs, no padding. Empty for a cluster that has no topic ids.
std::string IdText(const rd_kafka_Uuid_t* id) {
  if (id == nullptr || (rd_kafka_Uuid_most_significant_bits(id) == 0 && rd_kafka_Uuid_least_significant_bits(id) == 0))
    return "";
  std::string text = rd_kafka_Uuid_base64str(id);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(std::find(text.begin(), text.end(), '='), text.end());
  return text;
}

void AskRanges(rd_kafka_t* handle, const KafkaTopicOptions& options, std::int32_t partitions, std::int64_t which,
               rd_kafka_queue_t* queue) {
  const PartitionList list(rd_kafka_topic_partition_list_new(partitions), rd_kafka_topic_partition_list_destroy);
  for (std::int32_t p = 0; p < partitions; ++p) {
    rd_kafka_topic_partition_list_add(list.get(), options.name.c_str(), p)->offset = which;
  }
  const auto admin = NewOptions(handle, RD_KAFKA_ADMIN_OP_LISTOFFSETS, options.patience);
  rd_kafka_error_t* const error =
      rd_kafka_AdminOptions_set_isolation_level(admin.get(), RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED);
  if (error != nullptr) rd_kafka_error_destroy(error);  // it knows the level
  rd_kafka_ListOffsets(handle, list.get(), admin.get(), queue);
}

}  // namespace

void KafkaClient::AskDescription(rd_kafka_queue_s* queue) const {
  const auto admin = NewOptions(handle_, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, options_.patience);
  const char* name = options_.name.c_str();
  rd_kafka_TopicCollection_t* const topics = rd_kafka_TopicCollection_of_topic_names(&name, 1);
  rd_kafka_DescribeTopics(handle_, topics, admin.get(), queue);
  rd_kafka_TopicCollection_destroy(topics);
}

Result<TopicInfo> KafkaClient::Described(rd_kafka_op_s* event) const {
  const std::string what = fmt::format("topic '{}' on {}", options_.name, options_.brokers);
  if (const int code = rd_kafka_event_error(event); code != 0) {
    return Explained(KafkaStatus(code, what, rd_kafka_event_error_string(event)));
  }
  std::size_t count = 0;
  const auto* const result = rd_kafka_event_DescribeTopics_result(event);
  const auto* const* const topics = rd_kafka_DescribeTopics_result_topics(result, &count);
  if (count != 1) return Status::IOError(what, ": the broker described ", count, " topics");
  const rd_kafka_error_t* const error = rd_kafka_TopicDescription_error(topics[0]);
  if (error != nullptr && rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
    return Status::KeyError("there is no ", what);
  }
  if (error != nullptr && rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return KafkaStatus(rd_kafka_error_code(error), what, rd_kafka_error_string(error));
  }
  TopicInfo info{options_.name, IdText(rd_kafka_TopicDescription_topic_id(topics[0])), 0};
  if (info.generation.empty()) {
    return Status::Invalid(what,
                           ": the broker tells no topic ids, by which pregao knows a topic that was created anew. "
                           "Use Kafka 3.x or newer");
  }
  (void)rd_kafka_TopicDescription_partitions(topics[0], &count);
  info.partitions = static_cast<std::int32_t>(count);
  return info;
}

Result<TopicInfo> KafkaClient::Describe() const {
  const Queue queue = NewQueue(handle_);
  AskDescription(queue.get());
  TRY_ASSIGN(const Event event, Await(queue.get(), fmt::format("topic '{}'", options_.name)));
  return Described(event.get());
}

Status KafkaClient::CreateTopic() const {
  const std::string what =
      fmt::format("topic '{}' is not on {} and cannot be created", options_.name, options_.brokers);
  std::array<char, 256> text{};
  const std::unique_ptr<rd_kafka_NewTopic_t, void (*)(rd_kafka_NewTopic_t*)> topic(
      rd_kafka_NewTopic_new(options_.name.c_str(), options_.partitions, options_.replication, text.data(), text.size()),
      rd_kafka_NewTopic_destroy);
  if (topic == nullptr) return Status::Invalid(what, ": ", text.data());
  const Queue queue = NewQueue(handle_);
  const auto admin = NewOptions(handle_, RD_KAFKA_ADMIN_OP_CREATETOPICS, options_.patience);
  rd_kafka_NewTopic_t* topics = topic.get();
  rd_kafka_CreateTopics(handle_, &topics, 1, admin.get(), queue.get());
  TRY_ASSIGN(const Event event, Await(queue.get(), what));
  std::size_t count = 0;
  const auto* const* const results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  if (count != 1) return Status::IOError(what, ": no result came");
  const auto code = rd_kafka_topic_result_error(results[0]);
  if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return Status::OK();  // somebody was faster
  const char* const said = rd_kafka_topic_result_error_string(results[0]);
  if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
    return KafkaStatus(RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, what, said == nullptr ? "" : said);
  }
  return KafkaStatus(code, what, said == nullptr ? "" : said);
}

Result<TopicInfo> KafkaClient::Open() {
  auto info = Describe();
  if (info.status().IsKeyError() && options_.create) {
    TRY(CreateTopic());
    // The news of a topic takes its time through a cluster.
    const auto deadline = std::chrono::steady_clock::now() + options_.patience;
    do {
      info = Describe();
    } while (info.status().IsKeyError() && std::chrono::steady_clock::now() < deadline);
  }
  if (info.ok()) opened_ = true;
  return info;
}

Result<std::optional<KafkaClient::RangeMap>> KafkaClient::Ranges(std::int32_t partitions) const {
  const std::string what = fmt::format("offsets of topic '{}'", options_.name);
  const Queue lows = NewQueue(handle_), highs = NewQueue(handle_);
  AskRanges(handle_, options_, partitions, RD_KAFKA_OFFSET_SPEC_EARLIEST, lows.get());
  AskRanges(handle_, options_, partitions, RD_KAFKA_OFFSET_SPEC_LATEST, highs.get());
  RangeMap ranges;
  for (const auto& [queue, member] : {std::pair(lows.get(), &OffsetRange::low), {highs.get(), &OffsetRange::high}}) {
    TRY_ASSIGN(const Event event, Await(queue, what));
    std::size_t count = 0;
    const auto* const* const infos =
        rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event.get()), &count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto* const of = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
      if (IsMoving(of->err)) return std::nullopt;
      TRY(KafkaStatus(of->err, fmt::format("{}, partition {}", what, of->partition)));
      ranges[Partition(of->partition)].*member = Offset(of->offset);
    }
  }
  return ranges;
}

Result<KafkaLook> KafkaClient::Look() const {
  KafkaLook look;
  TRY_ASSIGN(look.info, Describe());
  const Queue never = NewQueue(handle_);
  const auto deadline = std::chrono::steady_clock::now() + options_.patience;
  for (;;) {
    TRY_ASSIGN(auto ranges, Ranges(look.info.partitions));
    if (ranges) {
      look.ranges = std::move(*ranges);
      return look;
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return Status::IOError("topic '", options_.name, "': some partition has had no leader for ",
                             options_.patience.count(), " ms");
    }
    (void)rd_kafka_queue_poll(never.get(), kElection.count());  // nothing comes: it is a wait
  }
}

}  // namespace pregao::topic
