#include "bench/kafka_raw.h"

#include <array>
#include <memory>
#include <rdkafka.h>
#include <vector>

namespace pregao {
namespace {

Status Set(rd_kafka_conf_t* conf, const char* name, const std::string& value) {
  std::array<char, 256> text{};
  const auto result = rd_kafka_conf_set(conf, name, value.c_str(), text.data(), text.size());
  return result == RD_KAFKA_CONF_OK ? Status::OK() : Status::Invalid(text.data());
}

}  // namespace

Status ConsumeRaw(const topic::TopicUri& uri, std::int64_t messages) {
  TRY_ASSIGN(const auto info, topic::OpenReader(uri));
  const std::int32_t partitions = info->info().partitions;
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  TRY(Set(conf, "bootstrap.servers", uri.brokers));
  TRY(Set(conf, "group.id", "pregao-bench"));
  TRY(Set(conf, "enable.auto.commit", "false"));
  std::array<char, 256> text{};
  rd_kafka_t* const handle = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text.data(), text.size());
  if (handle == nullptr) return Status::Invalid(text.data());
  rd_kafka_poll_set_consumer(handle);
  rd_kafka_topic_partition_list_t* const list = rd_kafka_topic_partition_list_new(partitions);
  for (std::int32_t p = 0; p < partitions; ++p) {
    rd_kafka_topic_partition_list_add(list, uri.name.c_str(), p)->offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(handle, list);
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_queue_t* const queue = rd_kafka_queue_get_consumer(handle);
  std::vector<rd_kafka_message_t*> batch(10'000);
  std::int64_t seen = 0, bytes = 0;
  while (seen < messages) {
    const ssize_t got = rd_kafka_consume_batch_queue(queue, 1000, batch.data(), batch.size());
    if (got <= 0) return Status::IOError("the topic ended at ", seen);
    for (ssize_t i = 0; i < got; ++i) {
      rd_kafka_message_t* const message = batch[static_cast<std::size_t>(i)];
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) ++seen;
      bytes += static_cast<std::int64_t>(message->len);
      rd_kafka_message_destroy(message);
    }
  }
  rd_kafka_queue_destroy(queue);
  rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  return bytes > 0 ? Status::OK() : Status::IOError("the topic holds nothing");
}

}  // namespace pregao
