#include "test/servers/kafka_testing.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <random>
#include <rdkafka.h>

#include "test/wait_testing.h"

namespace pregao::topic::test {
namespace {

constexpr int kTimeoutMs = 60'000;

using Event = std::unique_ptr<rd_kafka_event_t, void (*)(rd_kafka_event_t*)>;

/// Runs one request of the admin API and returns its answer.
Event Ask(rd_kafka_t* handle, const std::function<void(rd_kafka_queue_t*)>& request) {
  rd_kafka_queue_t* const queue = rd_kafka_queue_new(handle);
  request(queue);
  Event event(rd_kafka_queue_poll(queue, kTimeoutMs), rd_kafka_event_destroy);
  rd_kafka_queue_destroy(queue);
  EXPECT_NE(event, nullptr) << "the broker gave no answer";
  if (event != nullptr) {
    EXPECT_EQ(rd_kafka_event_error(event.get()), 0) << rd_kafka_event_error_string(event.get());
  }
  return event;
}

void ExpectTopicResult(const rd_kafka_topic_result_t* const* results, std::size_t count) {
  ASSERT_EQ(count, 1U);
  EXPECT_EQ(rd_kafka_topic_result_error(results[0]), 0) << rd_kafka_topic_result_error_string(results[0]);
}

}  // namespace

std::string ServiceVariable(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) Status::Invalid(name, " is not set: run this under setup/services/with.sh kafka --").Abort();
  return value;
}

KafkaAdmin::KafkaAdmin(const std::string& brokers) {
  std::array<char, 512> text{};
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", brokers.c_str(), text.data(), text.size());
  rd_kafka_conf_set(conf, "log_level", "0", text.data(), text.size());
  handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text.data(), text.size());
  if (handle_ == nullptr) Status::Invalid(text.data()).Abort();
}

KafkaAdmin::~KafkaAdmin() { rd_kafka_destroy(handle_); }

void KafkaAdmin::CreateTopic(const std::string& name, int partitions,
                             const std::map<std::string, std::string>& config) {
  std::array<char, 512> text{};
  rd_kafka_NewTopic_t* topic = rd_kafka_NewTopic_new(name.c_str(), partitions, 1, text.data(), text.size());
  for (const auto& [key, value] : config) rd_kafka_NewTopic_set_config(topic, key.c_str(), value.c_str());
  // A topic that was just deleted is gone a moment later.
  const bool created = Eventually([&] {
    const Event event = Ask(handle_, [&](auto* queue) { rd_kafka_CreateTopics(handle_, &topic, 1, nullptr, queue); });
    std::size_t count = 0;
    const auto* const* const results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
    return count == 1 && rd_kafka_topic_result_error(results[0]) == RD_KAFKA_RESP_ERR_NO_ERROR;
  });
  EXPECT_TRUE(created) << name;
  rd_kafka_NewTopic_destroy(topic);
}

void KafkaAdmin::DeleteTopic(const std::string& name) {
  rd_kafka_DeleteTopic_t* topic = rd_kafka_DeleteTopic_new(name.c_str());
  const Event event = Ask(handle_, [&](auto* queue) { rd_kafka_DeleteTopics(handle_, &topic, 1, nullptr, queue); });
  rd_kafka_DeleteTopic_destroy(topic);
  std::size_t count = 0;
  const auto* const* const results =
      rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.get()), &count);
  ExpectTopicResult(results, count);
}

void KafkaAdmin::AddPartitions(const std::string& name, int total) {
  std::array<char, 512> text{};
  rd_kafka_NewPartitions_t* more =
      rd_kafka_NewPartitions_new(name.c_str(), static_cast<std::size_t>(total), text.data(), text.size());
  const Event event = Ask(handle_, [&](auto* queue) { rd_kafka_CreatePartitions(handle_, &more, 1, nullptr, queue); });
  rd_kafka_NewPartitions_destroy(more);
  std::size_t count = 0;
  const auto* const* const results =
      rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event.get()), &count);
  ExpectTopicResult(results, count);
}

void KafkaAdmin::DeleteRecords(const std::string& name, std::int32_t partition, std::int64_t before) {
  rd_kafka_topic_partition_list_t* const list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, name.c_str(), partition)->offset = before;
  rd_kafka_DeleteRecords_t* records = rd_kafka_DeleteRecords_new(list);
  const Event event = Ask(handle_, [&](auto* queue) { rd_kafka_DeleteRecords(handle_, &records, 1, nullptr, queue); });
  const auto* const offsets = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event.get()));
  EXPECT_EQ(offsets->elems[0].err, 0) << rd_kafka_err2str(offsets->elems[0].err);
  rd_kafka_DeleteRecords_destroy(records);
  rd_kafka_topic_partition_list_destroy(list);
}

void KafkaAdmin::Deny(const std::string& user, const std::string& kind, const std::string& name,
                      const std::string& operation) {
  const std::map<std::string, rd_kafka_AclOperation_t> operations{{"read", RD_KAFKA_ACL_OPERATION_READ},
                                                                  {"write", RD_KAFKA_ACL_OPERATION_WRITE},
                                                                  {"create", RD_KAFKA_ACL_OPERATION_CREATE},
                                                                  {"describe", RD_KAFKA_ACL_OPERATION_DESCRIBE}};
  std::array<char, 512> text{};
  const std::string principal = "User:" + user;
  const auto resource = kind == "group"     ? RD_KAFKA_RESOURCE_GROUP
                        : kind == "cluster" ? RD_KAFKA_RESOURCE_BROKER
                                            : RD_KAFKA_RESOURCE_TOPIC;
  // A resource with any rule has no open door any more: all else stays allowed by a rule of its own.
  const auto rule = [&](rd_kafka_AclOperation_t what, rd_kafka_AclPermissionType_t permission) {
    return rd_kafka_AclBinding_new(resource, name.c_str(), RD_KAFKA_RESOURCE_PATTERN_LITERAL, principal.c_str(), "*",
                                   what, permission, text.data(), text.size());
  };
  rd_kafka_AclBinding_t* rules[] = {rule(RD_KAFKA_ACL_OPERATION_ALL, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW),
                                    rule(operations.at(operation), RD_KAFKA_ACL_PERMISSION_TYPE_DENY)};
  (void)Ask(handle_, [&](auto* queue) { rd_kafka_CreateAcls(handle_, rules, 2, nullptr, queue); });
  for (rd_kafka_AclBinding_t* acl : rules) rd_kafka_AclBinding_destroy(acl);
}

std::map<std::int32_t, std::int64_t> KafkaAdmin::Committed(const std::string& group, const std::string& topic,
                                                           int partitions) {
  rd_kafka_topic_partition_list_t* const list = rd_kafka_topic_partition_list_new(partitions);
  for (int p = 0; p < partitions; ++p) rd_kafka_topic_partition_list_add(list, topic.c_str(), p);
  rd_kafka_ListConsumerGroupOffsets_t* ask = rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), list);
  const Event event =
      Ask(handle_, [&](auto* queue) { rd_kafka_ListConsumerGroupOffsets(handle_, &ask, 1, nullptr, queue); });
  std::map<std::int32_t, std::int64_t> committed;
  std::size_t count = 0;
  const auto* const* const groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(event.get()), &count);
  for (std::size_t g = 0; g < count; ++g) {
    const auto* const of = rd_kafka_group_result_partitions(groups[g]);
    for (int i = 0; of != nullptr && i < of->cnt; ++i) {
      if (of->elems[i].offset >= 0) committed[of->elems[i].partition] = of->elems[i].offset;
    }
  }
  rd_kafka_ListConsumerGroupOffsets_destroy(ask);
  rd_kafka_topic_partition_list_destroy(list);
  return committed;
}

std::uintmax_t BatchStart(const std::filesystem::path& path, std::int64_t offset) {
  std::ifstream file(path, std::ios::binary);
  for (std::uintmax_t at = 0;;) {
    // The base offset and the size of what follows, big-endian; the last offset's distance from the base is at 23.
    std::array<unsigned char, 27> head{};
    file.seekg(static_cast<std::streamoff>(at));
    if (!file.read(reinterpret_cast<char*>(head.data()), head.size())) break;
    const auto number = [&](std::size_t from, std::size_t bytes) {
      std::int64_t value = 0;
      for (std::size_t i = from; i < from + bytes; ++i) value = value * 256 + head[i];
      return value;
    };
    if (number(0, 8) + number(23, 4) >= offset) return at;
    at += 12 + static_cast<std::uintmax_t>(number(8, 4));
  }
  ADD_FAILURE() << path << " has no offset " << offset;
  return 0;
}

std::string UniqueName(const std::string& prefix) {
  static std::random_device random;
  return fmt::format("{}-{:08x}{:08x}", prefix, random(), random());
}

TestTopic::TestTopic(int partitions, const std::string& name) : partitions_(partitions), name_(name) { Create(); }

TestTopic::~TestTopic() { admin_.DeleteTopic(name_); }

void TestTopic::Create() {
  admin_.CreateTopic(name_, partitions_,
                     {{"max.message.bytes", "4000000"}, {"message.timestamp.after.max.ms", "9223372036854775807"}});
  // The news of it takes a moment.
  EXPECT_TRUE(Eventually([&] { return OpenKafkaReader(options()).ok(); })) << name_;
}

void TestTopic::Recreate() { Recreate(partitions_); }

void TestTopic::Recreate(int partitions) {
  admin_.DeleteTopic(name_);
  partitions_ = partitions;
  Create();
}

KafkaTopicOptions TestTopic::options() const {
  return {.brokers = ServiceVariable("PREGAO_TEST_KAFKA"),
          .name = name_,
          .properties = {{"message.max.bytes", "3900000"}},
          .create = false,
          .patience = std::chrono::seconds(60)};
}

}  // namespace pregao::topic::test
