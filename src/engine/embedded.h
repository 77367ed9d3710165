#pragma once
/// The embedded engine: topic -> Bronze, Quarantine, Silver, in one process.
#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "engine/sink.h"
#include "engine/stats.h"
#include "topic/topic.h"

namespace pregao::engine {

struct EngineOptions {
  std::chrono::milliseconds commit_interval{1'000};  ///< a record waits at most this long for company
  std::int64_t max_rows = 40'000;                    ///< records of a batch
  std::size_t max_bytes = 16u << 20;                 ///< of a batch's records
  std::size_t poll_records = 4'096;
  bool until_end = false;  ///< stop at the topic's end, as it was when the engine was started
  int max_fencings = 8;    ///< in a row, then Run gives up
  int max_retries = 12;    ///< of errors in a row, then Run returns the last
  std::chrono::milliseconds retry_min{200}, retry_max{30'000};  ///< doubled, with jitter
};

/// Reads partitions as the group assigns them and writes them to the sink, each record once. Three threads with
/// bounded queues between them: fetch, decode (the caller's), write. A slow sink holds the fetching back, so memory is
/// flat: four polls, and three batches of at most max_rows or max_bytes.
///
/// A session lasts until the assignment changes, a batch is fenced, or something fails; then positions and dedupe
/// memory are read from the tables again.
class EmbeddedEngine {
 public:
  /// All must outlive the engine.
  EmbeddedEngine(topic::TopicReader* reader, Sink* sink, const Clock* clock, EngineOptions options);
  ~EmbeddedEngine();
  EmbeddedEngine(const EmbeddedEngine&) = delete;
  EmbeddedEngine& operator=(const EmbeddedEngine&) = delete;

  /// Runs until `stop` (OK: what was read is committed), the end (until_end), or an error that stays: Invalid and
  /// NotImplemented at once, others after max_retries. Without until_end it waits for a topic that is away before it
  /// has given any partition, for as long as it takes: stats().topic_problem says why, a warning once a minute too.
  [[nodiscard]] Status Run(std::stop_token stop);
  /// Thread-safe.
  [[nodiscard]] EngineStats stats() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace pregao::engine
