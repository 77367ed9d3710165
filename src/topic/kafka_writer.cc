#include <array>
#include <atomic>
#include <condition_variable>
#include <fmt/format.h>
#include <rdkafka.h>
#include <spdlog/spdlog.h>
#include <thread>

#include "topic/kafka_client.h"
#include "topic/partitioner.h"
#include "topic/rules.h"

namespace pregao::topic {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// librdkafka reports each record by its delivery.timeout.ms, looked at once a second. So long after that, Append stops
/// believing it.
constexpr std::chrono::seconds kReportGrace{30};
constexpr milliseconds kPollEvery{100};

/// The delivery reports of one Append. Freed by the last report when Append has given up waiting, else by Append.
class Delivery {
 public:
  explicit Delivery(std::size_t records) : open_(records) {}

  /// @return whether the caller, the last to know this, must delete it
  [[nodiscard]] bool Report(int code) {
    std::lock_guard lock(mutex_);
    if (code != 0 && code_ == 0) code_ = code;
    if (--open_ == 0) done_.notify_all();
    return open_ == 0 && abandoned_;
  }
  /// Waits for all reports. @return nullopt when they did not come, or `stop` did; then the last report deletes this
  [[nodiscard]] std::optional<int> Await(milliseconds patience, std::stop_token stop) {
    std::unique_lock lock(mutex_);
    if (done_.wait_for(lock, std::move(stop), patience, [&] { return open_ == 0; })) return code_;
    abandoned_ = true;
    return std::nullopt;
  }
  /// Until another report came in, or a moment has passed: the queue of records to send was full.
  void AwaitRoom() {
    std::unique_lock lock(mutex_);
    const auto before = open_;
    done_.wait_for(lock, milliseconds(5), [&] { return open_ < before; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any done_;
  std::size_t open_;        // guarded by mutex_: records without a report
  int code_ = 0;            // guarded by mutex_: the first error
  bool abandoned_ = false;  // guarded by mutex_
};

void OnDelivery(rd_kafka_t* /*handle*/, const rd_kafka_message_t* message, void* /*opaque*/) {
  auto* const delivery = static_cast<Delivery*>(message->_private);
  if (delivery->Report(message->err)) delete delivery;
}

/// One idempotent producer of the topic as it was when it was opened, with the thread that serves its reports.
class Producer : public KafkaOwner {
 public:
  static Result<std::shared_ptr<Producer>> Open(const KafkaTopicOptions& options) {
    auto producer = std::make_shared<Producer>();
    TRY_ASSIGN(producer->client_, KafkaClient::Create(options, KafkaRole::kWriter, "", producer.get(), [](auto* conf) {
                 rd_kafka_conf_set_dr_msg_cb(conf, OnDelivery);
               }));
    TRY_ASSIGN(producer->info_, producer->client_->Open());
    producer->partitioner_.emplace(producer->info_.partitions);
    rd_kafka_t* const handle = producer->client_->handle();
    producer->topic_ = rd_kafka_topic_new(handle, options.name.c_str(), nullptr);
    if (producer->topic_ == nullptr) return KafkaStatus(rd_kafka_last_error(), "topic '" + options.name + "'");
    producer->timeout_ = producer->DeliveryTimeout();
    producer->server_ = std::jthread([handle](const std::stop_token& stop) {
      while (!stop.stop_requested()) rd_kafka_poll(handle, kPollEvery.count());
    });
    return producer;
  }

  Producer() = default;
  ~Producer() {
    if (client_ == nullptr) return;
    server_ = {};  // stopped and joined
    // What an abandoned Append left is given up, so that its last report is served.
    rd_kafka_purge(client_->handle(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_poll(client_->handle(), 0);
    if (topic_ != nullptr) rd_kafka_topic_destroy(topic_);
  }

  [[nodiscard]] const TopicInfo& info() const { return info_; }
  [[nodiscard]] const KafkaClient& client() const { return *client_; }
  [[nodiscard]] milliseconds timeout() const { return timeout_; }
  /// Why another must take its place; null while it can send.
  [[nodiscard]] const char* Spent() const {
    if (rd_kafka_fatal_error(client_->handle(), nullptr, 0) != 0) return "the producer lost its place in the log";
    return shrunk_ ? "the topic was created anew with fewer partitions" : nullptr;
  }
  /// To be called with each error of a record's delivery.
  void Note(int code) {
    if (code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) shrunk_ = true;
  }

  [[nodiscard]] Partition PartitionOf(const NewRecord& record) { return partitioner_->Of(record.key); }
  /// Hands a record to librdkafka, which copies it. @return its error code
  [[nodiscard]] int Send(const NewRecord& record, Partition partition, Delivery* delivery) {
    const auto view = [](const std::optional<std::string>& s) {
      // An empty value is none of null, so its pointer must not be null either.
      return std::pair(s ? const_cast<char*>(s->data()) : nullptr, s ? s->size() : 0);
    };
    const auto [key, key_size] = view(record.key);
    const auto [value, value_size] = view(record.value);
    std::array<rd_kafka_vu_t, 8> fields{};
    std::size_t n = 0;
    const auto add = [&](rd_kafka_vtype_t type) -> auto& {
      fields[n].vtype = type;
      return fields[n++].u;
    };
    add(RD_KAFKA_VTYPE_RKT).rkt = topic_;
    add(RD_KAFKA_VTYPE_PARTITION).i32 = partition.value;
    add(RD_KAFKA_VTYPE_MSGFLAGS).i = RD_KAFKA_MSG_F_COPY;
    add(RD_KAFKA_VTYPE_VALUE).mem = {value, value_size};
    add(RD_KAFKA_VTYPE_KEY).mem = {key, key_size};
    add(RD_KAFKA_VTYPE_TIMESTAMP).i64 = record.timestamp.value;
    add(RD_KAFKA_VTYPE_OPAQUE).ptr = delivery;
    rd_kafka_headers_t* headers = nullptr;
    if (!record.headers.empty()) {
      headers = rd_kafka_headers_new(record.headers.size());
      for (const Header& h : record.headers) {
        rd_kafka_header_add(headers, h.key.data(), static_cast<ssize_t>(h.key.size()), h.value.data(),
                            static_cast<ssize_t>(h.value.size()));
      }
      add(RD_KAFKA_VTYPE_HEADERS).headers = headers;
    }
    rd_kafka_error_t* const error = rd_kafka_produceva(client_->handle(), fields.data(), n);
    if (error == nullptr) return 0;
    if (headers != nullptr) rd_kafka_headers_destroy(headers);  // ours again
    const int code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    return code;
  }

 private:
  [[nodiscard]] milliseconds DeliveryTimeout() const {
    std::array<char, 32> text{};
    std::size_t size = text.size();
    const auto got = rd_kafka_conf_get(rd_kafka_conf(client_->handle()), "message.timeout.ms", text.data(), &size);
    return got == RD_KAFKA_CONF_OK ? milliseconds(std::stoll(text.data())) : milliseconds(30'000);
  }

  std::unique_ptr<KafkaClient> client_;
  TopicInfo info_;
  std::optional<Partitioner> partitioner_;  // set by Open
  std::atomic<bool> shrunk_ = false;        // it has no longer all the partitions of info_
  rd_kafka_topic_t* topic_ = nullptr;
  milliseconds timeout_{0};
  std::jthread server_;
};

class KafkaWriter final : public TopicWriter {
 public:
  KafkaWriter(std::shared_ptr<Producer> producer, KafkaTopicOptions options)
      : info_(producer->info()), options_(std::move(options)), producer_(std::move(producer)) {
    options_.stop = abandoned_.get_token();  // the other was for the opening: a writer that is there finishes its work
    options_.create =
        false;  // so was this: whoever deletes the topic later may be about to create it with other settings
  }

  Status Append(std::span<const NewRecord> records) override {
    if (records.empty()) return Status::OK();
    TRY(CheckRecords(records));
    TRY_ASSIGN(const auto producer, Usable());
    auto delivery = std::make_unique<Delivery>(records.size());
    const auto deadline = steady_clock::now() + producer->timeout() + kReportGrace;
    int refused = 0;
    const NewRecord* culprit = nullptr;
    for (const NewRecord& record : records) {
      // After the first refusal the rest is reported unsent, so that order holds.
      if (refused == 0) refused = Send(*producer, record, deadline, delivery.get());
      if (refused != 0 && culprit == nullptr) culprit = &record;
      if (refused != 0) (void)delivery->Report(refused);
    }
    const auto code =
        delivery->Await(std::chrono::ceil<milliseconds>(deadline - steady_clock::now()), abandoned_.get_token());
    if (!code) {
      (void)delivery.release();
      return producer->client().Explained(Status::IOError(Name(), ": no word of some records' delivery"));
    }
    producer->Note(*code);
    return Verdict(*producer, *code, culprit);
  }

  void Abandon() override { abandoned_.request_stop(); }

  const TopicInfo& info() const override { return info_; }

 private:
  [[nodiscard]] std::string Name() const { return fmt::format("topic '{}' on {}", info_.name, options_.brokers); }

  /// The producer, or a new one when it can send no more.
  Result<std::shared_ptr<Producer>> Usable() {
    std::lock_guard lock(mutex_);
    if (const char* const why = producer_->Spent()) {
      spdlog::warn("{}: {}; starting another producer", Name(), why);
      TRY_ASSIGN(producer_, Producer::Open(options_));
    }
    return producer_;
  }

  int Send(Producer& producer, const NewRecord& record, steady_clock::time_point deadline, Delivery* delivery) {
    const Partition partition = producer.PartitionOf(record);
    for (;;) {
      const int code = producer.Send(record, partition, delivery);
      const bool given_up = steady_clock::now() >= deadline || abandoned_.stop_requested();
      if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL || given_up) return code;
      delivery->AwaitRoom();
    }
  }

  Status Verdict(const Producer& producer, int code, const NewRecord* culprit) const {
    if (code == 0) return Status::OK();
    if (code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT) {
      return producer.client().Explained(Status::IOError(Name(), ": not acknowledged within ",
                                                         producer.timeout().count(), " ms (delivery.timeout.ms)"));
    }
    std::string what = Name();
    if (culprit != nullptr) what += fmt::format(", key '{}'", culprit->key.value_or("").substr(0, 64));
    return KafkaStatus(code, what);
  }

  const TopicInfo info_;  // as it was when it was opened
  KafkaTopicOptions options_;
  std::stop_source abandoned_;
  std::mutex mutex_;
  std::shared_ptr<Producer> producer_;  // guarded by mutex_; an Append under way keeps its own
};

}  // namespace

Result<std::unique_ptr<TopicWriter>> OpenKafkaWriter(const KafkaTopicOptions& options) {
  TRY(CheckTopicName(options.name));
  TRY(CheckPartitionCount(options.partitions));
  TRY_ASSIGN(auto producer, Producer::Open(options));
  return std::make_unique<KafkaWriter>(std::move(producer), options);
}

}  // namespace pregao::topic
