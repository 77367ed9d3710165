#pragma once
/// One partition that a Kafka reader owns. Internal to topic.
#include <optional>
#include <string>
#include <vector>

#include "topic/topic.h"
#include "topic/waker.h"

struct rd_kafka_s;
struct rd_kafka_queue_s;
struct rd_kafka_message_s;

namespace pregao::topic {

/// librdkafka's queue of the partition's records, and how far it was read. Not thread-safe.
class KafkaPartition {
 public:
  /// `waker`, which must outlive librdkafka's handle, is woken when records come. Records come with their headers if
  /// `headers` says so.
  KafkaPartition(rd_kafka_s* handle, const std::string& topic, Partition number, bool headers, Waker* waker);
  ~KafkaPartition();
  KafkaPartition(const KafkaPartition&) = delete;
  KafkaPartition& operator=(const KafkaPartition&) = delete;

  /// The next offset; nullopt until MoveTo.
  [[nodiscard]] const std::optional<Offset>& position() const { return position_; }
  /// Whether reading has met the partition's end, and no record since.
  [[nodiscard]] bool ended() const { return ended_; }
  void MoveTo(Offset position);
  /// Forgets the records that were taken out of the queue and not yet delivered.
  void Discard();
  /// Adds up to `max_records`, until `out` has kMaxPollBytes. Never waits. @return where the broker has no record at
  /// position(), what it says of that; else nullopt. Invalid: what else it says that no retry mends; of records that
  /// cannot be read it stays until MoveTo.
  [[nodiscard]] Result<std::optional<std::string>> Read(std::size_t max_records, RecordBatch* out);

 private:
  [[nodiscard]] bool Refill(std::size_t most);
  [[nodiscard]] Status Judge(const rd_kafka_message_s* message);

  const std::string topic_;
  const Partition number_;
  const bool headers_;
  rd_kafka_queue_s* const queue_;
  std::optional<Offset> position_;
  bool ended_ = false;
  Status unreadable_;
  std::vector<rd_kafka_message_s*> taken_;  // out of the queue; those below next_ are freed
  std::size_t next_ = 0;
};

}  // namespace pregao::topic
