#include "engine/embedded.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>
#include <spdlog/spdlog.h>

#include "engine/session.h"

namespace pregao::engine {
namespace {

constexpr std::chrono::minutes kSayEvery{1};                // while the topic is away
constexpr std::chrono::milliseconds kTopicRetryMax{5'000};  // so that it is soon seen when it is back

bool Stays(const Status& status) { return status.IsInvalid() || status.IsNotImplemented() || status.IsKeyError(); }

/// Sleeps between half of `base` doubled `attempt` times, at most `most`, and the whole of it; or until stopped.
void Backoff(int attempt, std::chrono::milliseconds base, std::chrono::milliseconds most, std::stop_token stop) {
  const auto whole = std::min(most, base * (1 << std::min(attempt, 16)));
  thread_local std::mt19937_64 random{std::random_device{}()};
  const std::chrono::milliseconds wait{
      std::uniform_int_distribution<std::int64_t>(whole.count() / 2, whole.count())(random)};
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any never;
  never.wait_for(lock, stop, wait, [] { return false; });
}

}  // namespace

struct EmbeddedEngine::State {
  topic::TopicReader* reader;
  Sink* sink;
  const Clock* clock;
  EngineOptions options;
  SharedStats stats;
  std::vector<Partition> assigned;
  Ends ends;

  Status AwaitAssignment(std::stop_token stop);
  Result<SessionEnd> RunSession(std::stop_token stop);
};

EmbeddedEngine::EmbeddedEngine(topic::TopicReader* reader, Sink* sink, const Clock* clock, EngineOptions options)
    : state_(new State{reader, sink, clock, options, {}, {}, {}}) {
  // A poll is the least that a batch can hold.
  state_->options.poll_records = std::clamp<std::size_t>(
      options.poll_records, 1, static_cast<std::size_t>(std::max<std::int64_t>(1, options.max_rows)));
}
EmbeddedEngine::~EmbeddedEngine() = default;

EngineStats EmbeddedEngine::stats() const { return state_->stats.Get(); }

/// Waits for partitions; for a topic that is away as long as it takes, unless its end is wanted.
Status EmbeddedEngine::State::AwaitAssignment(std::stop_token stop) {
  std::chrono::steady_clock::time_point said{};
  for (int failures = 0; !stop.stop_requested();) {
    auto polled = reader->Poll(1, std::chrono::milliseconds(200), stop);
    stats.Update([&](EngineStats& s) { s.topic_problem = polled.status().message(); });
    if (polled.status().IsIOError() && !options.until_end) {
      if (const auto now = std::chrono::steady_clock::now(); failures == 0 || now - said >= kSayEvery) {
        said = now;
        spdlog::warn("engine: {}; it waits for the topic", polled.status().message());
      }
      Backoff(++failures, options.retry_min, std::min(options.retry_max, kTopicRetryMax), stop);
      continue;
    }
    TRY(polled.status());
    if (failures > 0) spdlog::info("engine: topic {} is there", reader->info().name);
    failures = 0;
    if (!polled->assigned) continue;
    assigned = std::move(*polled->assigned);
    if (!assigned.empty()) return Status::OK();
  }
  return Status::OK();
}

Result<SessionEnd> EmbeddedEngine::State::RunSession(std::stop_token stop) {
  if (assigned.empty()) TRY(AwaitAssignment(stop));
  if (stop.stop_requested()) return SessionEnd::kStopped;
  if (options.until_end && !ends) {
    TRY_ASSIGN(const auto ranges, reader->Ranges());
    ends.emplace();
    for (const auto& [partition, range] : ranges) ends->emplace(partition, range.high);
  }
  TRY_ASSIGN(auto decoder, BeginSession(reader, sink, assigned, &stats));
  stats.Update([this](EngineStats& s) { s.reading = clock->Now(); });
  Session session(reader, sink, clock, options, &stats, std::move(decoder), &assigned, ends);
  return session.Run(stop);
}

Status EmbeddedEngine::Run(std::stop_token stop) {
  State& s = *state_;
  int fencings = 0, failures = 0;
  std::int64_t commits = 0;
  for (;;) {
    const auto end = s.RunSession(stop);
    s.stats.Update([](EngineStats& stats) { stats.reading.reset(); });
    if (const auto now = s.stats.Get().commits; now != commits) {
      commits = now;
      fencings = failures = 0;
    }
    if (!end.ok()) {
      const Status status = end.status();
      if (Stays(status)) return status;
      if (stop.stop_requested() || ++failures > s.options.max_retries) {
        return status.WithMessage(status.message(), " (", failures, " attempts without a commit between them)");
      }
      spdlog::warn("engine: {}; trying again", status.ToString());
      s.stats.Update([&](EngineStats& stats) {
        ++stats.retries;
        stats.last_problem = status.message();
      });
      Backoff(failures, s.options.retry_min, s.options.retry_max, stop);
      continue;
    }
    switch (*end) {
      case SessionEnd::kStopped:
      case SessionEnd::kEnd:
        return Status::OK();
      case SessionEnd::kRebalanced:
      case SessionEnd::kBeginAgain:
        break;
      case SessionEnd::kFenced:
        if (++fencings >= s.options.max_fencings) {
          return Status::Invalid("another process writes the same partitions of topic '", s.reader->info().name,
                                 "' to these tables: ", fencings,
                                 " batches in a row were its. Stop one of the two, or give it its own lake");
        }
        spdlog::warn(
            "engine: another process committed this batch's offsets first; going on from the tables' positions");
        Backoff(fencings, s.options.retry_min, s.options.retry_max, stop);
        break;
    }
  }
}

}  // namespace pregao::engine
