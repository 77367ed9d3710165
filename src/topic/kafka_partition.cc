#include "topic/kafka_partition.h"

#include <algorithm>
#include <fmt/format.h>
#include <rdkafka.h>
#include <spdlog/spdlog.h>

#include "topic/kafka_client.h"
#include "topic/rules.h"

namespace pregao::topic {
namespace {

/// Messages taken out of the queue at a time: some hundred KiB of quotes; of the largest records, what one fetch
/// brings.
constexpr std::size_t kTake = 1'024;

rd_kafka_queue_t* QueueOf(rd_kafka_t* handle, const std::string& topic, Partition number, Waker* waker) {
  rd_kafka_queue_t* const queue = rd_kafka_queue_get_partition(handle, topic.c_str(), number.value);
  rd_kafka_queue_forward(queue, nullptr);
  rd_kafka_queue_cb_event_enable(
      queue, [](rd_kafka_t*, void* opaque) { static_cast<Waker*>(opaque)->Wake(); }, waker);
  return queue;
}

std::optional<std::string_view> View(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(data), size);
}

std::vector<Header> HeadersOf(const rd_kafka_message_t* message) {
  std::vector<Header> out;
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return out;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    out.push_back({name, std::string(View(value, size).value_or(""))});
  }
  return out;
}

}  // namespace

KafkaPartition::KafkaPartition(rd_kafka_s* handle, const std::string& topic, Partition number, bool headers,
                               Waker* waker)
    : topic_(topic), number_(number), headers_(headers), queue_(QueueOf(handle, topic, number, waker)) {}

KafkaPartition::~KafkaPartition() {
  Discard();
  rd_kafka_queue_cb_event_enable(queue_, nullptr, nullptr);
  rd_kafka_queue_destroy(queue_);
}

void KafkaPartition::Discard() {
  for (; next_ < taken_.size(); ++next_) rd_kafka_message_destroy(taken_[next_]);
  taken_.clear();
  next_ = 0;
}

void KafkaPartition::MoveTo(Offset position) {
  Discard();
  position_ = position;
  ended_ = false;
  unreadable_ = Status::OK();
}

bool KafkaPartition::Refill(std::size_t most) {
  taken_.resize(std::min(most, kTake));
  next_ = 0;
  const ssize_t got = rd_kafka_consume_batch_queue(queue_, 0, taken_.data(), taken_.size());
  taken_.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return !taken_.empty();
}

/// What a message says that is an error. What may pass librdkafka tries again by itself; damaged records it tries for
/// ever, or passes over.
Status KafkaPartition::Judge(const rd_kafka_message_s* message) {
  const char* const said = rd_kafka_message_errstr(message);
  if (message->err == RD_KAFKA_RESP_ERR__BAD_MSG || message->err == RD_KAFKA_RESP_ERR__BAD_COMPRESSION ||
      message->err == RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED) {
    unreadable_ = Status::Invalid(
        fmt::format("topic '{}', partition {}, offset {}: the records there cannot be read: {}: let the broker fetch "
                    "them anew from a good copy, or remove all up to behind them (kafka-delete-records), which counts "
                    "them as lost",
                    topic_, number_.value, message->offset, said));
    return unreadable_;
  }
  const Status status = KafkaStatus(message->err, fmt::format("topic '{}', partition {}", topic_, number_.value), said);
  if (status.IsInvalid()) return status;
  spdlog::debug("{}", status.ToString());
  return Status::OK();
}

Result<std::optional<std::string>> KafkaPartition::Read(std::size_t max_records, RecordBatch* out) {
  if (!position_) return std::nullopt;
  TRY(unreadable_);
  for (std::size_t added = 0; added < max_records && out->bytes() < kMaxPollBytes;) {
    if (next_ == taken_.size() && !Refill(max_records - added)) return std::nullopt;
    const std::unique_ptr<rd_kafka_message_t, void (*)(rd_kafka_message_t*)> message(taken_[next_++],
                                                                                     rd_kafka_message_destroy);
    const Offset offset(message->offset);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (offset < *position_) continue;
      rd_kafka_timestamp_type_t type{};
      const TimestampMs timestamp(rd_kafka_message_timestamp(message.get(), &type));
      const auto headers = headers_ ? HeadersOf(message.get()) : std::vector<Header>();
      out->Add(number_, offset, timestamp, View(message->key, message->key_len), View(message->payload, message->len),
               headers);
      position_ = offset + 1;
      ended_ = false;
      ++added;
    } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      position_ = std::max(*position_, offset);
      ended_ = true;
    } else if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
      return rd_kafka_message_errstr(message.get());
    } else {
      TRY(Judge(message.get()));
    }
  }
  return std::nullopt;
}

}  // namespace pregao::topic
