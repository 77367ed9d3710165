#include "engine/lag.h"

#include <algorithm>

namespace pregao::engine {
namespace {

constexpr std::int64_t kGrainMs = 100;

}  // namespace

void LagTracker::Begin(const topic::Positions& from, const std::map<Partition, topic::OffsetRange>& ranges) {
  std::map<Partition, State> begun;
  for (const auto& [partition, position] : from) {
    State& state = begun[partition];
    state.lag.position = state.lag.end = state.committed = state.read_to = position;
    // After a failure the same record is read again, in a while: it does not become younger meanwhile.
    const auto before = partitions_.find(partition);
    if (before != partitions_.end() && before->second.committed == position) {
      state.lag.oldest = before->second.lag.oldest;
    }
  }
  partitions_ = std::move(begun);
  Ends(ranges);
}

void LagTracker::Read(const topic::RecordBatch& records) {
  for (std::size_t i = 0; i < records.size();) {
    const auto& first = records[i];
    std::size_t end = i + 1;
    while (end < records.size() && records[end].partition == first.partition) ++end;
    if (const auto it = partitions_.find(first.partition); it != partitions_.end()) {
      State& state = it->second;
      if (state.marks.empty() || first.timestamp - state.marks.back().time >= kGrainMs) {
        state.marks.push_back({first.offset, first.timestamp});
      }
      if (state.marks.size() == 1) state.lag.oldest = state.marks.front().time;
      state.read_to = records[end - 1].offset + 1;
      state.lag.end = std::max(state.lag.end, state.read_to);
    }
    i = end;
  }
}

void LagTracker::Commit(const topic::Positions& positions) {
  for (const auto& [partition, position] : positions) {
    const auto it = partitions_.find(partition);
    if (it == partitions_.end() || position < it->second.lag.position) continue;
    State& state = it->second;
    state.lag.position = state.committed = position;
    if (position >= state.read_to) state.marks.clear();
    while (state.marks.size() > 1 && state.marks[1].offset <= position) state.marks.pop_front();
    state.lag.oldest = state.marks.empty() ? std::nullopt : std::optional(state.marks.front().time);
    PassHoles(&state);
  }
}

void LagTracker::Ended(const topic::Positions& positions) {
  for (const auto& [partition, offset] : positions) {
    const auto it = partitions_.find(partition);
    if (it == partitions_.end()) continue;
    it->second.ended = std::max(it->second.ended, offset);
    PassHoles(&it->second);
  }
}

void LagTracker::PassHoles(State* state) {
  if (state->lag.position < state->read_to || state->lag.position >= state->ended) return;
  state->lag.position = state->ended;
  state->lag.end = std::max(state->lag.end, state->ended);
}

void LagTracker::Ends(const std::map<Partition, topic::OffsetRange>& ranges) {
  for (auto& [partition, state] : partitions_) {
    if (const auto range = ranges.find(partition); range != ranges.end()) {
      state.lag.end = std::max(state.lag.end, range->second.high);
    }
  }
}

std::map<Partition, PartitionLag> LagTracker::Get() const {
  std::map<Partition, PartitionLag> out;
  for (const auto& [partition, state] : partitions_) out.emplace(partition, state.lag);
  return out;
}

}  // namespace pregao::engine
