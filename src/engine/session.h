#pragma once
#include <atomic>
#include <fmt/format.h>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/status.h"
#include "engine/decoder.h"
#include "engine/embedded.h"
#include "engine/lag.h"
#include "engine/said_gaps.h"

namespace pregao::engine {

/// Statistics that threads share.
class SharedStats {
 public:
  template <class F>
  void Update(F&& change) {
    std::lock_guard lock(mutex_);
    change(stats_);
  }
  template <class F>
  void UpdateLag(F&& change) {
    std::lock_guard lock(mutex_);
    change(lag_);
  }
  /// Counts what is new in a gap. @return how many offsets
  std::int64_t Lose(Partition partition, const topic::OffsetRange& gap) {
    std::lock_guard lock(mutex_);
    const auto count = said_gaps_.Add(partition, gap);
    stats_.lost += count;
    if (count > 0) {
      stats_.last_problem = fmt::format("{} offsets of partition {} were removed unread", count, partition.value);
    }
    return count;
  }
  void ForgetGaps(const topic::Positions& positions) {
    std::lock_guard lock(mutex_);
    said_gaps_.Forget(positions);
  }
  [[nodiscard]] EngineStats Get() const {
    std::lock_guard lock(mutex_);
    EngineStats out = stats_;
    out.partitions = lag_.Get();
    for (const auto& [partition, lag] : out.partitions) out.lag += lag.records();
    return out;
  }

 private:
  mutable std::mutex mutex_;
  EngineStats stats_;   // guarded by mutex_; but for the lag
  LagTracker lag_;      // guarded by mutex_
  SaidGaps said_gaps_;  // guarded by mutex_
};

enum class SessionEnd { kStopped, kEnd, kRebalanced, kFenced, kBeginAgain };

/// Where reading ends with until_end: the partitions' ends when the engine was started.
using Ends = std::optional<std::map<Partition, Offset>>;

/// Reads the partitions' positions from the sink, checks them against what the topic still has, and seeks. Offsets
/// that retention has removed are counted as lost and said; positions behind the topic's end are Invalid.
[[nodiscard]] Result<std::unique_ptr<Decoder>> BeginSession(topic::TopicReader* reader, Sink* sink,
                                                            const std::vector<Partition>& assigned, SharedStats* stats);

/// One assignment, from BeginSession to its end. `assigned` gets the new partitions on kRebalanced.
class Session {
 public:
  Session(topic::TopicReader* reader, Sink* sink, const Clock* clock, const EngineOptions& options, SharedStats* stats,
          std::unique_ptr<Decoder> decoder, std::vector<Partition>* assigned, const Ends& ends);
  [[nodiscard]] Result<SessionEnd> Run(std::stop_token stop);

 private:
  struct Fetched {
    std::shared_ptr<const topic::RecordBatch> records;  // may be empty
    std::map<Partition, topic::OffsetRange> lost;       // before them
  };
  struct Done {  // a written batch, on its way back to the decoder
    std::uint32_t number;
    TableVersion version;
    std::vector<medallion::KeyedRow> foreign;
  };

  void Fetch(std::stop_token stop);
  [[nodiscard]] Status FetchUntilDone(std::stop_token stop);
  [[nodiscard]] Result<topic::Polled> PollTopic(std::chrono::milliseconds timeout, std::stop_token stop);
  [[nodiscard]] bool AtEnd(const std::map<Partition, Offset>& next) const;
  void TellTopic();
  [[nodiscard]] Status Advise();
  [[nodiscard]] Status Decode();
  void TakeDone();
  [[nodiscard]] bool Due() const;
  [[nodiscard]] Status Send();
  void Write();
  [[nodiscard]] Status WriteBatch(Batch batch);
  void Finish(SessionEnd end, bool abort = false);
  void Fail(Status status);

  topic::TopicReader* const reader_;
  Sink* const sink_;
  const Clock* const clock_;
  const EngineOptions& options_;
  SharedStats* const stats_;
  std::vector<Partition>* const assigned_;
  const Ends& ends_;

  // Used by the fetching thread alone, and when it has ended.
  topic::Positions told_;
  std::chrono::steady_clock::time_point advised_;

  // Used by the decoding thread alone.
  const std::unique_ptr<Decoder> decoder_;
  std::chrono::steady_clock::time_point opened_;

  BoundedQueue<Fetched> fetched_{4};
  BoundedQueue<Batch> ready_{1};
  std::stop_source abort_;  // requested when the session fails or is fenced: what is in the pipe is dropped

  std::mutex mutex_;
  SessionEnd end_ = SessionEnd::kStopped;  // guarded by mutex_
  Status status_;                          // guarded by mutex_
  std::vector<Done> done_;                 // guarded by mutex_
  topic::Positions committed_;             // guarded by mutex_
};

}  // namespace pregao::engine
