#include "topic/memory_topic.h"

#include <algorithm>
#include <random>

#include "topic/memory_state.h"
#include "topic/rules.h"

namespace pregao::topic {

MemoryTopic::State::State(std::int32_t partitions, std::string name)
    : info{std::move(name), NewGeneration(), partitions},
      partitioner(partitions),
      parts(static_cast<std::size_t>(partitions)) {}

Status MemoryTopic::State::CheckGeneration(const std::string& generation) const {
  if (generation == info.generation) return Status::OK();
  return Status::Invalid("topic '", info.name, "' was created anew while it was open (its generation was ", generation,
                         ", now ", info.generation, ")");
}

void MemoryTopic::State::AppendOne(const NewRecord& record) {
  Part& part = At(partitioner.Of(record.key));
  part.records.emplace_hint(part.records.end(), part.high, record);
  part.high = part.high + 1;
}

void MemoryTopic::State::Divide(Group* group, std::optional<std::uint64_t> seed) const {
  if (group->members.empty()) return;
  std::vector<Member*> members;
  for (auto& [number, member] : group->members) {
    member.owned.clear();
    members.push_back(&member);
  }
  std::mt19937_64 random(seed.value_or(0));
  for (std::int32_t p = 0; p < info.partitions; ++p) {
    const std::uint64_t pick = seed ? random() : static_cast<std::uint64_t>(p);
    members[pick % members.size()]->owned.push_back(Partition(p));
  }
}

MemoryTopic::MemoryTopic(std::int32_t partitions, std::string name) {
  const Status valid = CheckPartitionCount(partitions);
  if (!valid.ok()) valid.Abort();
  state_ = std::make_shared<State>(partitions, std::move(name));
}

MemoryTopic::~MemoryTopic() = default;

std::unique_ptr<TopicWriter> MemoryTopic::NewWriter() { return std::make_unique<Writer>(state_); }

std::unique_ptr<TopicReader> MemoryTopic::NewReader(const std::string& group) {
  return std::make_unique<Reader>(state_, group);
}

void MemoryTopic::Rebalance(std::uint64_t seed) {
  std::lock_guard lock(state_->mutex);
  for (auto& [name, group] : state_->groups) state_->Divide(&group, seed);
  state_->changed.notify_all();
}

Positions MemoryTopic::Committed(const std::string& group) const {
  std::lock_guard lock(state_->mutex);
  const auto found = state_->groups.find(group);
  return found == state_->groups.end() ? Positions() : found->second.committed;
}

TopicInfo MemoryTopic::info() const {
  std::lock_guard lock(state_->mutex);
  return state_->info;
}

void MemoryTopic::FailAppends(int count, AppendFault fault) {
  std::lock_guard lock(state_->mutex);
  state_->failing_appends = count;
  state_->append_fault = fault;
}

void MemoryTopic::FailPolls(int count) {
  std::lock_guard lock(state_->mutex);
  state_->failing_polls = count;
  state_->changed.notify_all();
}

void MemoryTopic::SkipOffsets(Partition partition, std::int64_t count) {
  std::lock_guard lock(state_->mutex);
  State::Part& part = state_->At(partition);
  part.high = part.high + count;
}

void MemoryTopic::RemoveRecord(Partition partition, Offset offset) {
  std::lock_guard lock(state_->mutex);
  state_->At(partition).records.erase(offset);
}

void MemoryTopic::DropBelow(Partition partition, Offset low) {
  std::lock_guard lock(state_->mutex);
  State::Part& part = state_->At(partition);
  part.low = std::clamp(low, part.low, part.high);
  part.records.erase(part.records.begin(), part.records.lower_bound(part.low));
  state_->changed.notify_all();
}

void MemoryTopic::Recreate() {
  std::lock_guard lock(state_->mutex);
  state_->info.generation = NewGeneration();
  for (State::Part& part : state_->parts) part = State::Part();
  for (auto& [name, group] : state_->groups) group.committed.clear();
  state_->changed.notify_all();
}

}  // namespace pregao::topic
