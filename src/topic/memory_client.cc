#include <algorithm>
#include <iterator>

#include "topic/memory_state.h"
#include "topic/rules.h"

namespace pregao::topic {
namespace {

Status Fault(const char* call) { return Status::IOError("memory topic: ", call, " was told to fail"); }

}  // namespace

MemoryTopic::Writer::Writer(std::shared_ptr<State> state)
    : state_(std::move(state)), info_([this] {
        std::lock_guard lock(state_->mutex);
        return state_->info;
      }()) {}

Status MemoryTopic::Writer::Append(std::span<const NewRecord> records) {
  TRY(CheckRecords(records));
  std::lock_guard lock(state_->mutex);
  TRY(state_->CheckGeneration(info_.generation));
  const bool fails = state_->failing_appends > 0;
  if (fails) {
    --state_->failing_appends;
    if (state_->append_fault == AppendFault::kNothing) return Fault("Append");
    if (state_->append_fault == AppendFault::kPart) records = records.first(records.size() / 2);
  }
  for (const NewRecord& record : records) state_->AppendOne(record);
  state_->changed.notify_all();
  return fails ? Fault("Append") : Status::OK();
}

MemoryTopic::Reader::Reader(std::shared_ptr<State> state, std::string group)
    : state_(std::move(state)), group_(std::move(group)) {
  std::lock_guard lock(state_->mutex);
  info_ = state_->info;
  number_ = state_->next_reader++;
  State::Group& joined = state_->groups[group_];
  joined.members[number_];
  state_->Divide(&joined, std::nullopt);
  state_->changed.notify_all();
}

MemoryTopic::Reader::~Reader() {
  std::lock_guard lock(state_->mutex);
  State::Group& left = state_->groups[group_];
  left.members.erase(number_);
  state_->Divide(&left, std::nullopt);
  state_->changed.notify_all();
}

bool MemoryTopic::Reader::Owns(Partition partition) const {
  return announced_ && std::binary_search(announced_->begin(), announced_->end(), partition);
}

bool MemoryTopic::Reader::Announce(Polled* polled) {
  const auto& owned = state_->groups[group_].members[number_].owned;
  if (announced_ == owned) return false;
  announced_ = owned;
  std::erase_if(positions_, [&](const auto& entry) { return !Owns(entry.first); });
  polled->assigned = owned;
  return true;
}

bool MemoryTopic::Reader::AnythingToSay() {
  if (state_->failing_polls > 0 || state_->info.generation != info_.generation) return true;
  if (announced_ != state_->groups[group_].members[number_].owned) return true;
  return std::any_of(positions_.begin(), positions_.end(), [&](const auto& entry) {
    const State::Part& part = state_->At(entry.first);
    return entry.second < part.low || (!part.records.empty() && part.records.rbegin()->first >= entry.second);
  });
}

void MemoryTopic::Reader::Read(std::size_t max_records, Polled* polled) {
  RecordBatch* const out = &polled->records;
  const auto full = [&] { return out->size() >= max_records || out->bytes() >= kMaxPollBytes; };
  for (std::size_t i = 0; i < positions_.size(); ++i) {
    const auto entry = std::next(positions_.begin(), static_cast<std::ptrdiff_t>((first_ + i) % positions_.size()));
    auto& [partition, position] = *entry;
    const State::Part& part = state_->At(partition);
    if (position < part.low) {
      polled->lost[partition] = {position, part.low};
      position = part.low;
    }
    for (auto it = part.records.lower_bound(position); it != part.records.end() && !full(); ++it) {
      const NewRecord& record = it->second;
      out->Add(partition, it->first, record.timestamp, record.key, record.value, record.headers);
      position = it->first + 1;
    }
    if (part.records.lower_bound(position) == part.records.end()) {
      polled->ended[partition] = position = std::max(position, part.high);
    }
  }
  ++first_;
}

Result<Polled> MemoryTopic::Reader::Poll(std::size_t max_records, std::chrono::milliseconds timeout,
                                         std::stop_token stop) {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait_for(lock, stop, timeout, [&] { return AnythingToSay(); });
  TRY(state_->CheckGeneration(info_.generation));
  if (state_->failing_polls > 0) {
    --state_->failing_polls;
    return Fault("Poll");
  }
  Polled polled;
  if (!Announce(&polled)) Read(max_records, &polled);
  return polled;
}

Status MemoryTopic::Reader::Seek(const Positions& positions) {
  std::lock_guard lock(state_->mutex);
  TRY(state_->CheckGeneration(info_.generation));
  for (const auto& [partition, offset] : positions) {
    if (!Owns(partition)) return NotOwned(info_, partition);
    TRY(CheckSeek(info_, partition, offset, state_->At(partition).high));
  }
  for (const auto& [partition, offset] : positions) positions_[partition] = offset;
  return Status::OK();
}

Status MemoryTopic::Reader::Commit(const Positions& positions) {
  std::lock_guard lock(state_->mutex);
  TRY(state_->CheckGeneration(info_.generation));
  for (const auto& [partition, offset] : positions) {
    if (!Owns(partition)) return NotOwned(info_, partition);
  }
  for (const auto& [partition, offset] : positions) state_->groups[group_].committed[partition] = offset;
  return Status::OK();
}

Result<std::map<Partition, OffsetRange>> MemoryTopic::Reader::Ranges() {
  std::lock_guard lock(state_->mutex);
  TRY(state_->CheckGeneration(info_.generation));
  std::map<Partition, OffsetRange> ranges;
  for (std::int32_t p = 0; p < info_.partitions; ++p) {
    const State::Part& part = state_->At(Partition(p));
    ranges[Partition(p)] = {part.low, part.high};
  }
  return ranges;
}

}  // namespace pregao::topic
