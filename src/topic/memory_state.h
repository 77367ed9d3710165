#pragma once
/// What a MemoryTopic, its writers and its readers share. Private to this folder.
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "topic/memory_topic.h"
#include "topic/partitioner.h"

namespace pregao::topic {

/// All members are guarded by `mutex`, except `partitioner`, which is thread-safe.
struct MemoryTopic::State {
  struct Part {
    std::map<Offset, NewRecord> records;
    Offset low, high;
  };
  struct Member {
    std::vector<Partition> owned;  // sorted
  };
  struct Group {
    std::map<std::uint64_t, Member> members;  // by the number of the reader
    Positions committed;
  };

  State(std::int32_t partitions, std::string name);
  [[nodiscard]] Part& At(Partition p) { return parts.at(static_cast<std::size_t>(p.value)); }
  /// Invalid when the topic is not of this generation any more.
  [[nodiscard]] Status CheckGeneration(const std::string& generation) const;
  void AppendOne(const NewRecord& record);
  /// Gives each partition to a member, in turn when there is no seed.
  void Divide(Group* group, std::optional<std::uint64_t> seed) const;

  std::mutex mutex;
  std::condition_variable_any changed;  // records, members, faults or generation
  TopicInfo info;
  Partitioner partitioner;
  std::vector<Part> parts;
  std::map<std::string, Group> groups;
  std::uint64_t next_reader = 0;
  int failing_appends = 0, failing_polls = 0;
  AppendFault append_fault = AppendFault::kNothing;
};

class MemoryTopic::Writer final : public TopicWriter {
 public:
  explicit Writer(std::shared_ptr<State> state);
  Status Append(std::span<const NewRecord> records) override;
  const TopicInfo& info() const override { return info_; }

 private:
  const std::shared_ptr<State> state_;
  const TopicInfo info_;
};

class MemoryTopic::Reader final : public TopicReader {
 public:
  Reader(std::shared_ptr<State> state, std::string group);
  ~Reader() override;
  Result<Polled> Poll(std::size_t max_records, std::chrono::milliseconds timeout, std::stop_token stop) override;
  Status Seek(const Positions& positions) override;
  Status Commit(const Positions& positions) override;
  Result<std::map<Partition, OffsetRange>> Ranges() override;
  const TopicInfo& info() const override { return info_; }

 private:
  [[nodiscard]] bool Owns(Partition partition) const;
  // These three want state_->mutex held.
  [[nodiscard]] bool Announce(Polled* polled);
  [[nodiscard]] bool AnythingToSay();
  void Read(std::size_t max_records, Polled* polled);

  const std::shared_ptr<State> state_;
  const std::string group_;
  std::uint64_t number_ = 0;
  TopicInfo info_;
  std::optional<std::vector<Partition>> announced_;  // what the last announcement said
  Positions positions_;                              // of announced partitions that Seek has named
  std::size_t first_ = 0;                            // which position comes first in the next Read
};

}  // namespace pregao::topic
