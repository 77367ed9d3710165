#include "listen/frame_writer.h"

#include <algorithm>
#include <spdlog/spdlog.h>

namespace pregao::listen {

using SteadyClock = std::chrono::steady_clock;

void FrameWriter::Add(JudgedFrame frame) {
  if (frame.kind == JudgedFrame::Kind::kIgnored) return;
  Lane& lane = frame.kind == JudgedFrame::Kind::kMessage ? quotes_ : dead_letters_;
  lane.records.push_back(std::move(frame.record));
}

Status FrameWriter::Flush(const std::stop_token& stop) {
  TRY(FlushLane(&quotes_, &WriteCounts::messages, stop));
  return FlushLane(&dead_letters_, &WriteCounts::dead_letters, stop);
}

Status FrameWriter::FlushLane(Lane* lane, std::uint64_t WriteCounts::*count, const std::stop_token& stop) {
  if (lane->records.empty()) return Status::OK();
  auto wait = policy_.retry_min;
  auto deadline = SteadyClock::now() + policy_.give_up_after;
  bool stopping = false;
  while (true) {
    const Status status = lane->topic->Append(lane->records);
    if (!status.ok())
      spdlog::warn("topic {} refuses {} records: {}", lane->topic->info().name, lane->records.size(), status.message());
    std::unique_lock lock(mutex_);
    if (status.ok()) {
      counts_.*count += lane->records.size();
      counts_.refused = false;
      lane->records.clear();
      return status;
    }
    ++counts_.write_errors;
    counts_.refused = true;
    last_error_ = status.message();
    if (status.IsInvalid() || status.IsNotImplemented()) return status;
    if (!stopping && stop.stop_requested()) {
      stopping = true;
      deadline = std::min(deadline, SteadyClock::now() + policy_.stop_grace);
      wait = policy_.retry_min;
    }
    if (SteadyClock::now() + wait > deadline) return status;
    if (stopping) {
      never_.wait_for(lock, wait);
    } else {
      never_.wait_for(lock, stop, wait, [] { return false; });
    }
    wait = std::min(wait * 2, policy_.retry_max);
  }
}

WriteCounts FrameWriter::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

std::string FrameWriter::last_error() const {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

}  // namespace pregao::listen
