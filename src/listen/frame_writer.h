#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <vector>

#include "base/status.h"
#include "listen/frame_judge.h"
#include "topic/topic.h"

namespace pregao::listen {

/// How long to insist on a topic that refuses.
struct RetryPolicy {
  std::chrono::milliseconds retry_min{100}, retry_max{5'000};  ///< between attempts: doubles from one to the other
  std::chrono::milliseconds give_up_after{600'000};            ///< of refusals in a row
  std::chrono::milliseconds stop_grace{5'000};                 ///< the same once stop is requested
};

/// What is durable, and what it took.
struct WriteCounts {
  std::uint64_t messages = 0, dead_letters = 0, write_errors = 0;
  bool refused = false;  ///< the topic's newest answer was no
};

/// Gathers records and appends them in groups. Used by one thread; counts() and last_error() are thread-safe.
class FrameWriter {
 public:
  FrameWriter(topic::TopicWriter* quotes, topic::TopicWriter* dead_letter, RetryPolicy policy)
      : quotes_{quotes, {}}, dead_letters_{dead_letter, {}}, policy_(policy) {}

  /// Takes a message or a dead letter.
  void Add(JudgedFrame frame);
  [[nodiscard]] std::size_t pending() const { return quotes_.records.size() + dead_letters_.records.size(); }

  /// Appends what is pending. A refusal is tried again; records stay pending until they are durable.
  /// Invalid, at once: what the topic will never take; otherwise the topic's error once patience has ended.
  [[nodiscard]] Status Flush(const std::stop_token& stop);

  [[nodiscard]] WriteCounts counts() const;
  [[nodiscard]] std::string last_error() const;

 private:
  struct Lane {
    topic::TopicWriter* topic;
    std::vector<topic::NewRecord> records;
  };
  [[nodiscard]] Status FlushLane(Lane* lane, std::uint64_t WriteCounts::*count, const std::stop_token& stop);

  Lane quotes_, dead_letters_;
  const RetryPolicy policy_;
  mutable std::mutex mutex_;
  std::condition_variable_any never_;  // waited on for its time-out or stop
  WriteCounts counts_;                 // guarded by mutex_
  std::string last_error_;             // guarded by mutex_
};

}  // namespace pregao::listen
