#pragma once
/// The broker of setup/services/kafka.sh, and what tests do to it beside reading and writing.
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "topic/kafka_topic.h"

struct rd_kafka_s;

namespace pregao::topic::test {

/// The value of a variable that the service exports; ends the program, saying so, when it is not there.
std::string ServiceVariable(const char* name);

/// Asks a broker for what pregao itself never does. Every call waits until it is done, and fails the test if it is not.
class KafkaAdmin {
 public:
  explicit KafkaAdmin(const std::string& brokers = ServiceVariable("PREGAO_TEST_KAFKA"));
  ~KafkaAdmin();
  KafkaAdmin(const KafkaAdmin&) = delete;
  KafkaAdmin& operator=(const KafkaAdmin&) = delete;

  void CreateTopic(const std::string& name, int partitions, const std::map<std::string, std::string>& config = {});
  void DeleteTopic(const std::string& name);
  void AddPartitions(const std::string& name, int total);
  /// What retention does: removes the records below `before`.
  void DeleteRecords(const std::string& name, std::int32_t partition, std::int64_t before);
  /// Forbids `user` an operation: ("topic", NAME, "write"), ("cluster", "kafka-cluster", "create")…
  void Deny(const std::string& user, const std::string& kind, const std::string& name, const std::string& operation);
  /// What the group last committed, by partition.
  std::map<std::int32_t, std::int64_t> Committed(const std::string& group, const std::string& topic, int partitions);

 private:
  rd_kafka_s* handle_;
};

/// Where the batch that has `offset` begins in a partition's file of records, `path`.
std::uintmax_t BatchStart(const std::filesystem::path& path, std::int64_t offset);

/// A name that no other test uses.
std::string UniqueName(const std::string& prefix = "t");

/// A topic of the test's own, with room for records of 4 MB and any timestamp. Deleted at the end.
class TestTopic {
 public:
  explicit TestTopic(int partitions = 3, const std::string& name = UniqueName());
  ~TestTopic();
  [[nodiscard]] KafkaTopicOptions options() const;
  [[nodiscard]] const std::string& name() const { return name_; }
  /// Deletes the topic and creates it anew under the same name.
  void Recreate();
  void Recreate(int partitions);
  KafkaAdmin& admin() { return admin_; }

 private:
  void Create();

  int partitions_;
  const std::string name_;
  KafkaAdmin admin_;
};

}  // namespace pregao::topic::test
