/// What librdkafka alone consumes of a topic, from all its partitions, doing nothing with it: what a reader's rate is
/// to be compared with.
///   consume_bench BROKERS TOPIC MESSAGES poll    message by message (rd_kafka_consumer_poll), as clients mostly read
///   consume_bench BROKERS TOPIC MESSAGES batch   10,000 at a time from the queue, the fastest way that there is
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <rdkafka.h>
#include <string>
#include <vector>

namespace {

int Fail(const std::string& why) {
  fmt::print(stderr, "consume_bench: {}\n", why);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t wanted = 0;
  const std::string how = argc == 5 ? argv[4] : "";
  if (how != "poll" && how != "batch") return Fail("usage: consume_bench BROKERS TOPIC MESSAGES poll|batch");
  const std::string brokers = argv[1], topic = argv[2], count = argv[3];
  std::from_chars(count.data(), count.data() + count.size(), wanted);

  std::array<char, 256> text{};
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  for (const auto& [name, value] : {std::pair<const char*, const char*>{"bootstrap.servers", brokers.c_str()},
                                    {"group.id", "pregao-bench"},
                                    {"enable.auto.commit", "false"}}) {
    if (rd_kafka_conf_set(conf, name, value, text.data(), text.size()) != RD_KAFKA_CONF_OK) return Fail(text.data());
  }
  rd_kafka_t* const handle = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text.data(), text.size());
  if (handle == nullptr) return Fail(text.data());
  rd_kafka_poll_set_consumer(handle);

  const rd_kafka_metadata_t* metadata = nullptr;
  rd_kafka_topic_t* const about = rd_kafka_topic_new(handle, topic.c_str(), nullptr);
  if (rd_kafka_metadata(handle, 0, about, &metadata, 10'000) != RD_KAFKA_RESP_ERR_NO_ERROR) return Fail("no metadata");
  const int partitions = metadata->topics[0].partition_cnt;
  rd_kafka_metadata_destroy(metadata);
  rd_kafka_topic_destroy(about);
  rd_kafka_topic_partition_list_t* const list = rd_kafka_topic_partition_list_new(partitions);
  for (int p = 0; p < partitions; ++p) {
    rd_kafka_topic_partition_list_add(list, topic.c_str(), p)->offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(handle, list);
  rd_kafka_topic_partition_list_destroy(list);

  rd_kafka_queue_t* const queue = rd_kafka_queue_get_consumer(handle);
  std::vector<rd_kafka_message_t*> batch(how == "poll" ? 1 : 10'000);
  const auto take = [&]() -> ssize_t {
    if (how == "batch") return rd_kafka_consume_batch_queue(queue, 5'000, batch.data(), batch.size());
    batch[0] = rd_kafka_consumer_poll(handle, 5'000);
    return batch[0] != nullptr;
  };
  std::int64_t seen = 0;
  while (seen < wanted) {
    const ssize_t got = take();
    if (got <= 0) return Fail(fmt::format("the topic ended at {}", seen));
    for (ssize_t i = 0; i < got; ++i) {
      rd_kafka_message_t* const message = batch[static_cast<std::size_t>(i)];
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) ++seen;
      rd_kafka_message_destroy(message);
    }
  }
  rd_kafka_queue_destroy(queue);
  rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  return 0;
}
