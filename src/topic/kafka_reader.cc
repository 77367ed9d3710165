#include <algorithm>
#include <fmt/format.h>
#include <rdkafka.h>
#include <spdlog/spdlog.h>

#include "topic/kafka_client.h"
#include "topic/kafka_partition.h"
#include "topic/rules.h"
#include "topic/waker.h"

namespace pregao::topic {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, void (*)(rd_kafka_topic_partition_list_t*)>;

/// How often the topic is asked whether it is still the same.
constexpr milliseconds kLookEvery{1'000};

PartitionList NewList(std::size_t size) {
  return {rd_kafka_topic_partition_list_new(static_cast<int>(size)), rd_kafka_topic_partition_list_destroy};
}

/// Each owned partition has a queue of its own, so that none waits for another's backlog. What is fetched is what
/// rd_kafka_assign was told: the partitions that have a position, from there. Hence whatever librdkafka had fetched
/// before a Seek or a rebalance is void by its own rules.
class KafkaReader final : public TopicReader, public KafkaOwner {
 public:
  static Result<std::unique_ptr<KafkaReader>> Open(const KafkaTopicOptions& options,
                                                   const KafkaReaderOptions& settings) {
    std::unique_ptr<KafkaReader> reader(new KafkaReader);
    TRY_ASSIGN(reader->connection_,
               KafkaClient::Create(options, KafkaRole::kReader, settings.group, reader.get(), Configure));
    TRY_ASSIGN(reader->info_, reader->connection_->Open());
    TRY(reader->Begin(settings));
    return reader;
  }

  ~KafkaReader() override {
    closing_ = true;
    if (connection_ == nullptr) return;
    partitions_.clear();
    if (main_ != nullptr) rd_kafka_queue_cb_event_enable(main_, nullptr, nullptr);
    if (answers_ != nullptr) rd_kafka_queue_destroy(answers_);
    if (main_ != nullptr) rd_kafka_queue_destroy(main_);
    connection_.reset();  // its last callbacks find this object whole
  }

  Result<Polled> Poll(std::size_t max_records, milliseconds timeout, std::stop_token stop) override {
    const auto deadline = steady_clock::now() + timeout;
    Polled polled;
    for (;;) {
      waker_.Reset();  // before looking: what comes after wakes us
      TRY(ServeMain());
      TRY(WatchGeneration());
      if (std::exchange(reassigned_, false)) {
        polled.assigned = announced_.emplace(Owned());
        return polled;
      }
      polled.records.Reserve(last_records_, last_bytes_);
      TRY(Read(max_records, &polled));
      const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
      if (!polled.records.empty() || !polled.lost.empty() || left.count() <= 0 || stop.stop_requested()) {
        last_records_ = polled.records.size();
        last_bytes_ = polled.records.bytes() + polled.records.bytes() / 16;
        for (const auto& [number, partition] : partitions_) {
          if (partition->ended()) polled.ended[number] = *partition->position();
        }
        return polled;
      }
      waker_.Wait(std::min(left, kLookEvery), stop);
    }
  }

  Status Seek(const Positions& positions) override {
    TRY(failed_);
    for (const auto& [number, offset] : positions) {
      if (!Announced(number)) return NotOwned(info_, number);
      const auto range = ranges_.find(number);
      if (range == ranges_.end() || offset > range->second.high) TRY(Ranges().status());
      TRY(CheckSeek(info_, number, offset, ranges_[number].high));
    }
    for (const auto& [number, offset] : positions) {
      if (const auto at = partitions_.find(number); at != partitions_.end()) at->second->MoveTo(offset);
    }
    return Assign();
  }

  Status Commit(const Positions& positions) override {
    const PartitionList list = NewList(positions.size());
    for (const auto& [number, offset] : positions) {
      if (!Announced(number)) return NotOwned(info_, number);
      rd_kafka_topic_partition_list_add(list.get(), info_.name.c_str(), number.value)->offset = offset.value;
    }
    if (positions.empty()) return Status::OK();
    return KafkaStatus(rd_kafka_commit(connection_->handle(), list.get(), /*async=*/1), "advisory commit");
  }

  Result<std::map<Partition, OffsetRange>> Ranges() override {
    TRY(failed_);
    const auto look = connection_->Look();
    TRY(Gone(look.status()));
    TRY(SameTopic(look->info));
    looked_ = steady_clock::now();
    ranges_ = look->ranges;
    return ranges_;
  }

  const TopicInfo& info() const override { return info_; }

 private:
  KafkaReader() = default;

  static void Configure(rd_kafka_conf_t* conf) { rd_kafka_conf_set_rebalance_cb(conf, OnRebalance); }

  static void OnRebalance(rd_kafka_t* handle, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* list,
                          void* opaque) {
    auto* const reader = static_cast<KafkaReader*>(static_cast<KafkaOwner*>(opaque));
    if (code != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS || reader->closing_) {
      reader->client->SettleAssignment();
      rd_kafka_assign(handle, nullptr);
      if (!reader->closing_) reader->Own({});
      return;
    }
    std::vector<Partition> owned;
    for (int i = 0; i < list->cnt; ++i) owned.push_back(Partition(list->elems[i].partition));
    reader->Own(owned);
    if (const Status status = reader->Assign(); !status.ok()) spdlog::warn("{}", status.ToString());
  }

  static void OnQueue(rd_kafka_t* /*handle*/, void* opaque) { static_cast<Waker*>(opaque)->Wake(); }

  Status Begin(const KafkaReaderOptions& settings) {
    headers_ = settings.headers;
    rd_kafka_t* const handle = connection_->handle();
    rd_kafka_poll_set_consumer(handle);
    main_ = rd_kafka_queue_get_consumer(handle);
    rd_kafka_queue_cb_event_enable(main_, OnQueue, &waker_);
    answers_ = rd_kafka_queue_new(handle);
    rd_kafka_queue_cb_event_enable(answers_, OnQueue, &waker_);
    looked_ = steady_clock::now();
    if (settings.join) {
      connection_->set_joined();
      const PartitionList list = NewList(1);
      rd_kafka_topic_partition_list_add(list.get(), info_.name.c_str(), RD_KAFKA_PARTITION_UA);
      return KafkaStatus(rd_kafka_subscribe(handle, list.get()), fmt::format("group '{}'", settings.group));
    }
    std::vector<Partition> owned;
    if (settings.partitions) {
      owned = *settings.partitions;
    } else {
      for (std::int32_t p = 0; p < info_.partitions; ++p) owned.push_back(Partition(p));
    }
    for (const Partition p : owned) {
      if (p >= Partition(0) && p < Partition(info_.partitions)) continue;
      return Status::Invalid("topic '", info_.name, "' has no partition ", p, ": it has ", info_.partitions,
                             ", numbered from 0");
    }
    Own(owned);
    return Status::OK();
  }

  /// Takes these partitions, without positions; the next Poll tells.
  void Own(const std::vector<Partition>& owned) {
    partitions_.clear();
    for (const Partition number : owned) {
      partitions_.emplace(
          number, std::make_unique<KafkaPartition>(connection_->handle(), info_.name, number, headers_, &waker_));
    }
    reassigned_ = true;
  }

  [[nodiscard]] std::vector<Partition> Owned() const {
    std::vector<Partition> owned;
    for (const auto& [number, partition] : partitions_) owned.push_back(number);
    return owned;
  }

  /// What the last Poll assigned stays valid for the caller until the next one says otherwise.
  [[nodiscard]] bool Announced(Partition number) const {
    return announced_ && std::binary_search(announced_->begin(), announced_->end(), number);
  }

  /// Fetches the partitions that have a position, from it.
  Status Assign() {
    const PartitionList list = NewList(partitions_.size());
    for (const auto& [number, partition] : partitions_) {
      if (!partition->position()) continue;
      rd_kafka_topic_partition_list_add(list.get(), info_.name.c_str(), number.value)->offset =
          partition->position()->value;
      partition->Discard();
    }
    connection_->SettleAssignment();
    const auto code = rd_kafka_assign(connection_->handle(), list.get());
    // A rebalance has begun and waits in the queue: the next Poll takes it, and with it other partitions.
    if (code == RD_KAFKA_RESP_ERR__STATE || code == RD_KAFKA_RESP_ERR__CONFLICT) return Status::OK();
    return KafkaStatus(code, fmt::format("reading topic '{}'", info_.name));
  }

  /// Rebalances and what goes wrong beside the partitions.
  Status ServeMain() {
    TRY(failed_);
    rd_kafka_message_t* message = nullptr;
    while (rd_kafka_consume_batch_queue(main_, 0, &message, 1) > 0) {
      const int code = message->err;
      const std::string text = rd_kafka_message_errstr(message);
      rd_kafka_message_destroy(message);
      if (code == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED) {
        spdlog::warn(
            "topic '{}': nobody polled for max.poll.interval.ms: this reader gave its partitions up and joins "
            "the group again",
            info_.name);
      } else if (const Status status = KafkaStatus(code, fmt::format("topic '{}'", info_.name), text);
                 status.IsInvalid()) {
        return status;
      } else if (code != 0) {
        spdlog::debug("{}", status.ToString());
      }
    }
    return Status::OK();
  }

  /// A topic that is not there is being created anew, or its cluster comes up: a retry will tell.
  static Status Gone(const Status& status) {
    return status.IsKeyError() ? Status::IOError(status.message(), " any more") : status;
  }

  Status SameTopic(const TopicInfo& now) {
    if (now.generation == info_.generation) return Status::OK();
    failed_ = Status::Invalid("topic '", info_.name, "' was created anew while it was open (its generation was ",
                              info_.generation, ", now ", now.generation, "). Started again, pregao says how to go on");
    return failed_;
  }

  /// Asks once a second which topic it is, without waiting for the answer. No answer is no error: reading waits too.
  Status WatchGeneration() {
    if (!asked_ && steady_clock::now() - looked_ >= kLookEvery) {
      connection_->AskDescription(answers_);
      asked_ = true;
    }
    if (!asked_) return Status::OK();
    const std::unique_ptr<rd_kafka_event_t, void (*)(rd_kafka_event_t*)> event(rd_kafka_queue_poll(answers_, 0),
                                                                               rd_kafka_event_destroy);
    if (event == nullptr) return Status::OK();
    asked_ = false;
    looked_ = steady_clock::now();
    const auto info = connection_->Described(event.get());
    if (info.ok()) return SameTopic(*info);
    if (info.status().IsIOError()) return Status::OK();
    return Gone(info.status());
  }

  /// Shares `max_records` among the partitions, then fills what is left over.
  Status Read(std::size_t max_records, Polled* out) {
    const std::size_t count = partitions_.size();
    for (const bool shared : {true, false}) {
      for (std::size_t i = 0; i < count; ++i) {
        const auto at = std::next(partitions_.begin(), static_cast<std::ptrdiff_t>((first_ + i) % count));
        const std::size_t room = max_records - std::min(max_records, out->records.size());
        const std::size_t share = shared ? (room + count - i - 1) / (count - i) : room;
        TRY_ASSIGN(const auto nothing, at->second->Read(share, &out->records));
        if (nothing) TRY(JumpTheGap(at->first, *nothing, at->second.get(), out));
      }
    }
    ++first_;
    return Status::OK();
  }

  /// The broker has no record at the partition's position, and `said` why.
  Status JumpTheGap(Partition number, const std::string& said, KafkaPartition* partition, Polled* out) {
    TRY(Ranges().status());
    const OffsetRange range = ranges_[number];
    const Offset from = *partition->position();
    // A leader that never had what was read: what was written since stands below the position, and looks like nothing.
    if (from >= range.low && said.find(rd_kafka_err2str(RD_KAFKA_RESP_ERR__LOG_TRUNCATION)) != std::string::npos) {
      failed_ = Status::Invalid("topic '", info_.name, "', partition ", number, ": it was read up to offset ", from,
                                ", and the topic has lost records below it (", said,
                                "): the tables keep them, but not what was written in their places. Set "
                                "unclean.leader.election.enable=false on the topic. Started again, pregao goes on at "
                                "its position; a new lake takes all that the topic has now");
      return failed_;
    }
    TRY(CheckSeek(info_, number, from, range.high));
    if (from < range.low) {
      out->lost.try_emplace(number, OffsetRange{from, range.low}).first->second.high = range.low;
      partition->MoveTo(range.low);
    }
    // Records of others that librdkafka has are fetched again: gaps are rare.
    return Assign();
  }

  Waker waker_;  // used by librdkafka's threads until connection_ has gone
  std::unique_ptr<KafkaClient> connection_;
  TopicInfo info_;
  bool headers_ = true;
  rd_kafka_queue_t* main_ = nullptr;
  rd_kafka_queue_t* answers_ = nullptr;                              // of WatchGeneration
  std::map<Partition, std::unique_ptr<KafkaPartition>> partitions_;  // those owned, known to the caller or not yet
  bool reassigned_ = false;                                          // the caller is to be told
  bool closing_ = false;
  std::optional<std::vector<Partition>> announced_;
  std::map<Partition, OffsetRange> ranges_;  // as last seen
  Status failed_;                            // stays once set
  bool asked_ = false;
  steady_clock::time_point looked_;
  std::size_t last_records_ = 0, last_bytes_ = 0;  // what to make room for
  std::size_t first_ = 0;                          // which partition comes first in the next Read
};

}  // namespace

Result<std::unique_ptr<TopicReader>> OpenKafkaReader(const KafkaTopicOptions& options,
                                                     const KafkaReaderOptions& reader) {
  TRY(CheckTopicName(options.name));
  if (reader.group.empty()) return Status::Invalid("a reader of topic '", options.name, "' needs a group's name");
  return KafkaReader::Open(options, reader);
}

}  // namespace pregao::topic
