#include "topic/kafka_client.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <rdkafka.h>

namespace pregao::topic {
namespace {

bool IsRefusal(int code) {
  return code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL ||
         code == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED;
}

/// Of a request that found no broker, or no broker that answers.
bool IsSilence(int code) {
  return code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT ||
         code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || code == RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT;
}

void OnError(rd_kafka_t* /*handle*/, int code, const char* text, void* opaque) {
  static_cast<KafkaOwner*>(opaque)->client->NoteTrouble(code, text);
}

}  // namespace

Result<std::unique_ptr<KafkaClient>> KafkaClient::Create(const KafkaTopicOptions& options, KafkaRole role,
                                                         const std::string& group, KafkaOwner* owner,
                                                         void (*configure)(rd_kafka_conf_s*)) {
  TRY_ASSIGN(rd_kafka_conf_t* const conf, NewKafkaConf(options, role, group));
  rd_kafka_conf_set_opaque(conf, owner);
  rd_kafka_conf_set_error_cb(conf, OnError);
  if (configure != nullptr) configure(conf);
  std::unique_ptr<KafkaClient> client(new KafkaClient(options));
  owner->client = client.get();
  std::array<char, 512> text{};
  const auto type = role == KafkaRole::kWriter ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER;
  client->handle_ = rd_kafka_new(type, conf, text.data(), text.size());
  if (client->handle_ == nullptr) {
    rd_kafka_conf_destroy(conf);
    return Status::Invalid("Kafka ", options.brokers, ": the properties of [kafka] do not fit together: ", text.data());
  }
  return client;
}

KafkaClient::~KafkaClient() {
  if (handle_ == nullptr) return;
  if (rd_kafka_type(handle_) == RD_KAFKA_CONSUMER) SettleAssignment();
  // A reader that joined leaves its group, so that the others need not wait for its session to run out.
  if (joined_) rd_kafka_consumer_close(handle_);
  rd_kafka_destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void KafkaClient::SettleAssignment() const {
  // Its main thread takes requests one after the other: behind the first of ours the stops are done, behind the second
  // their outcomes.
  for (int i = 0; i < 2; ++i) {
    rd_kafka_topic_partition_list_t* list = nullptr;
    if (rd_kafka_assignment(handle_, &list) == RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_topic_partition_list_destroy(list);
  }
}

void KafkaClient::NoteTrouble(int code, const char* text) {
  std::lock_guard lock(mutex_);
  if (code == RD_KAFKA_RESP_ERR__RESOLVE) {
    const std::string_view said = text;  // "HOST:PORT/bootstrap: Failed to resolve …"
    nameless_.emplace(said.substr(0, said.find(": ")));
  }
  // "All brokers are down" says less than what came before it.
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !trouble_.empty()) return;
  trouble_ = text;
  trouble_at_ = std::chrono::steady_clock::now();
  if (IsRefusal(code)) refused_ = code;
}

Status KafkaClient::Explained(const Status& status) const {
  std::lock_guard lock(mutex_);
  constexpr std::chrono::minutes kNews{2};
  if (status.ok() || trouble_.empty() || std::chrono::steady_clock::now() - trouble_at_ > kNews) return status;
  return status.WithMessage(status.message(), " (", trouble_, ")");
}

/// Why it is no use to wait any longer; OK while it may be.
Status KafkaClient::Hopeless() const {
  if (options_.stop.stop_requested()) return Status::Cancelled("stopped while waiting for Kafka ", options_.brokers);
  std::lock_guard lock(mutex_);
  if (refused_ != 0) return KafkaStatus(refused_, "Kafka " + options_.brokers, trouble_);
  const auto brokers = 1 + std::count(options_.brokers.begin(), options_.brokers.end(), ',');
  if (std::ssize(nameless_) < brokers) return Status::OK();
  return Status::IOError("Kafka ", options_.brokers, ": no such host: ", trouble_,
                         ". Is its name right in the setting topic, and the network up?");
}

Result<KafkaClient::Event> KafkaClient::Await(rd_kafka_queue_s* queue, const std::string& what) const {
  constexpr std::chrono::milliseconds kStep{50};
  const auto deadline = std::chrono::steady_clock::now() + options_.patience;
  for (;;) {
    Event event(rd_kafka_queue_poll(queue, kStep.count()), rd_kafka_event_destroy);
    if (event != nullptr) {
      const int code = rd_kafka_event_error(event.get());
      const char* const text = rd_kafka_event_error_string(event.get());
      if (IsSilence(code)) return Unanswered(what);
      if (code != 0) return Explained(KafkaStatus(code, what, text == nullptr ? "" : text));
      return event;
    }
    if (!opened_) {
      rd_kafka_poll(handle_, 0);  // errors come by here; later it is the owner who polls
      TRY(Hopeless());
    }
    if (std::chrono::steady_clock::now() >= deadline) return Unanswered(what);
  }
}

Status CheckKafkaProperties(const KafkaTopicOptions& options) {
  KafkaOwner owner;
  for (const KafkaRole role : {KafkaRole::kWriter, KafkaRole::kReader}) {
    TRY(KafkaClient::Create(options, role, "pregao", &owner, nullptr).status());
  }
  return Status::OK();
}

Status KafkaClient::Unanswered(const std::string& what) const {
  return Explained(Status::IOError(what, ": no answer from ", options_.brokers, " within ", options_.patience.count(),
                                   " ms. Is the broker up, the address right, and security.protocol in [kafka] what it"
                                   " speaks there?"));
}

}  // namespace pregao::topic
