#pragma once
/// One connection to a cluster: librdkafka's handle, what is set on it, and what it complains about. Internal to topic.
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "topic/kafka_topic.h"

struct rd_kafka_s;
struct rd_kafka_conf_s;
struct rd_kafka_op_s;  // an event
struct rd_kafka_queue_s;

namespace pregao::topic {

enum class KafkaRole { kWriter, kReader };

/// What the cluster says of a topic.
struct KafkaLook {
  TopicInfo info;
  std::map<Partition, OffsetRange> ranges;
};

class KafkaClient;
/// What librdkafka's callbacks are given; a writer or reader derives from it.
struct KafkaOwner {
  KafkaClient* client = nullptr;
};

/// Thread-safe but for Open. Destruction leaves the group, if it was joined, and waits for librdkafka's threads.
class KafkaClient {
 public:
  /// `configure` (may be null) sets callbacks; what they get is `owner`, which must outlive the client.
  [[nodiscard]] static Result<std::unique_ptr<KafkaClient>> Create(const KafkaTopicOptions& options, KafkaRole role,
                                                                   const std::string& group, KafkaOwner* owner,
                                                                   void (*configure)(rd_kafka_conf_s*));
  ~KafkaClient();
  KafkaClient(const KafkaClient&) = delete;
  KafkaClient& operator=(const KafkaClient&) = delete;

  [[nodiscard]] rd_kafka_s* handle() const { return handle_; }
  [[nodiscard]] const KafkaTopicOptions& options() const { return options_; }

  /// Finds the topic, or creates it. Credentials that are refused, and names of brokers that nobody knows, end this at
  /// once.
  [[nodiscard]] Result<TopicInfo> Open();
  /// The topic as it is now; KeyError when it is not there.
  [[nodiscard]] Result<TopicInfo> Describe() const;
  /// Describe, and what can be read of every partition.
  [[nodiscard]] Result<KafkaLook> Look() const;
  /// Asks for the topic; the answer comes to `queue`, for Described.
  void AskDescription(rd_kafka_queue_s* queue) const;
  /// As Describe.
  [[nodiscard]] Result<TopicInfo> Described(rd_kafka_op_s* event) const;

  /// What librdkafka said: kept to explain time-outs. Called by its callbacks.
  void NoteTrouble(int code, const char* text);
  /// `status`, with the last trouble of the connection.
  [[nodiscard]] Status Explained(const Status& status) const;
  void set_joined() { joined_ = true; }
  /// To be called before an assignment is changed: librdkafka (2.15) aborts the program when a partition is taken away
  /// again while its fetching is still being stopped. Returns when no stop is under way.
  void SettleAssignment() const;

 private:
  explicit KafkaClient(KafkaTopicOptions options) : options_(std::move(options)) {}

  using Event = std::unique_ptr<rd_kafka_op_s, void (*)(rd_kafka_op_s*)>;
  /// The next answer in `queue`; IOError when none comes; before Open is done, at once what makes waiting
  /// hopeless.
  [[nodiscard]] Result<Event> Await(rd_kafka_queue_s* queue, const std::string& what) const;
  [[nodiscard]] Status CreateTopic() const;
  [[nodiscard]] Status Hopeless() const;
  [[nodiscard]] Status Unanswered(const std::string& what) const;
  using RangeMap = std::map<Partition, OffsetRange>;
  /// nullopt while a partition has no leader.
  [[nodiscard]] Result<std::optional<RangeMap>> Ranges(std::int32_t partitions) const;

  const KafkaTopicOptions options_;
  rd_kafka_s* handle_ = nullptr;
  bool joined_ = false;
  bool opened_ = false;

  mutable std::mutex mutex_;
  int refused_ = 0;                                   // guarded by mutex_: code of an authentication or TLS failure
  std::set<std::string> nameless_;                    // guarded by mutex_: brokers whose names have no address
  std::string trouble_;                               // guarded by mutex_
  std::chrono::steady_clock::time_point trouble_at_;  // guarded by mutex_
};

/// The configuration for a role. Invalid names the property and the remedy, never a secret's value. Owned by the
/// caller.
[[nodiscard]] Result<rd_kafka_conf_s*> NewKafkaConf(const KafkaTopicOptions& options, KafkaRole role,
                                                    const std::string& group);
/// librdkafka's error code as a Status: what was tried, what it said, and the remedy if one is known. A
/// refusal that is not about what was sent is marked (topic/refusal.h).
[[nodiscard]] Status KafkaStatus(int code, const std::string& what, const std::string& detail = {});

}  // namespace pregao::topic
