#include "engine/session.h"

#include <algorithm>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <thread>

namespace pregao::engine {
namespace {

constexpr std::chrono::milliseconds kPollTimeout{100}, kNoWait{0};
constexpr std::chrono::milliseconds kQueueWait{200};
constexpr std::chrono::milliseconds kAdviseEvery{1'000};

/// Nobody can bring the records back: they are counted, and said where people and programs look.
void SayLost(Partition partition, const topic::OffsetRange& gap, SharedStats* stats) {
  const auto count = stats->Lose(partition, gap);
  if (count == 0) return;  // an earlier session found it, and could not commit what lies behind it
  spdlog::error("retention overtook the tables: {} offsets of partition {} in [{}, {}) are gone unread", count,
                partition.value, gap.low.value, gap.high.value);
}

}  // namespace

Result<std::unique_ptr<Decoder>> BeginSession(topic::TopicReader* reader, Sink* sink,
                                              const std::vector<Partition>& assigned, SharedStats* stats) {
  auto begun = sink->Begin(reader->info(), assigned);
  stats->Update([&](EngineStats& s) { s.open_problem = begun.status().message(); });
  TRY_ASSIGN(auto start, std::move(begun));
  const auto answer = reader->Ranges();
  stats->Update([&](EngineStats& s) { s.topic_problem = answer.status().message(); });
  TRY_ASSIGN(const auto ranges, answer);
  topic::Positions seek;
  std::map<Partition, topic::OffsetRange> lost;
  for (const Partition partition : assigned) {
    const auto range = ranges.find(partition);
    if (range == ranges.end()) {
      return Status::Invalid("topic '", reader->info().name, "' has no partition ", partition.value);
    }
    const auto position = start.read_from.find(partition);
    const Offset from = position == start.read_from.end() ? range->second.low : position->second;
    if (from > range->second.high) {
      return Status::Invalid("partition ", partition.value, " of topic '", reader->info().name, "' ends at offset ",
                             range->second.high.value, ", but the tables have read up to ", from.value,
                             ": the topic has lost records or is another one. Restore it, or use another lake");
    }
    if (from < range->second.low) lost[partition] = {from, range->second.low};
    seek[partition] = std::max(from, range->second.low);
  }
  TRY(reader->Seek(seek));
  stats->ForgetGaps(start.read_from);
  auto decoder = std::make_unique<Decoder>(std::move(start), reader->info());
  for (const auto& [partition, gap] : lost) {
    SayLost(partition, gap, stats);
    decoder->AddLost(partition, gap);
  }
  stats->UpdateLag([&](LagTracker& lag) { lag.Begin(seek, ranges); });
  return decoder;
}

Session::Session(topic::TopicReader* reader, Sink* sink, const Clock* clock, const EngineOptions& options,
                 SharedStats* stats, std::unique_ptr<Decoder> decoder, std::vector<Partition>* assigned,
                 const Ends& ends)
    : reader_(reader),
      sink_(sink),
      clock_(clock),
      options_(options),
      stats_(stats),
      assigned_(assigned),
      ends_(ends),
      advised_(std::chrono::steady_clock::now()),
      decoder_(std::move(decoder)),
      committed_(decoder_->next()) {}

Result<SessionEnd> Session::Run(std::stop_token stop) {
  {
    std::jthread writer([this] { Write(); });
    std::jthread fetcher([this, stop] { Fetch(stop); });
    if (const Status status = Decode(); !status.ok()) Fail(status);
    ready_.Close();
    // The fetcher may wait for room that nobody makes any more.
    if (abort_.stop_requested()) fetched_.Close();
  }
  SessionEnd end{};
  {
    std::lock_guard lock(mutex_);
    TRY(status_);
    end = end_;
  }
  if (end == SessionEnd::kStopped || end == SessionEnd::kEnd) TellTopic();  // nobody will later
  return end;
}

/// An end that aborts stands: a fetcher that meets the topic's end must not hide that a batch was refused.
void Session::Finish(SessionEnd end, bool abort) {
  std::lock_guard lock(mutex_);
  if (abort_.stop_requested()) return;
  end_ = end;
  if (abort) abort_.request_stop();
}

void Session::Fail(Status status) {
  std::lock_guard lock(mutex_);
  if (status_.ok() && !abort_.stop_requested()) status_ = std::move(status);
  abort_.request_stop();
}

void Session::Fetch(std::stop_token stop) {
  if (const Status status = FetchUntilDone(stop); !status.ok()) Fail(status);
  fetched_.Close();
}

Status Session::FetchUntilDone(std::stop_token stop) {
  std::map<Partition, Offset> next;
  for (bool last = false; !last && !abort_.stop_requested();) {
    last = stop.stop_requested();  // one look more, so that what a listener wrote as it stopped is not left behind
    if (AtEnd(next)) {
      Finish(SessionEnd::kEnd);
      return Status::OK();
    }
    TRY_ASSIGN(auto polled, last ? PollTopic(kNoWait, {}) : PollTopic(kPollTimeout, stop));
    if (polled.assigned) {
      *assigned_ = std::move(*polled.assigned);
      Finish(SessionEnd::kRebalanced);
      return Status::OK();
    }
    for (const auto& [partition, gap] : polled.lost) SayLost(partition, gap, stats_);
    const topic::Positions ended = std::move(polled.ended);
    if (!polled.records.empty() || !polled.lost.empty()) {
      for (std::size_t i = 0; i < polled.records.size(); ++i) {
        next[polled.records[i].partition] = polled.records[i].offset + 1;
      }
      Fetched fetched{std::make_shared<const topic::RecordBatch>(std::move(polled.records)), std::move(polled.lost)};
      stats_->UpdateLag([&](LagTracker& lag) { lag.Read(*fetched.records); });
      // While the tables cannot keep up, how far they are behind is still looked at.
      while (!fetched_.WaitForRoom(kQueueWait, abort_.get_token()) && !abort_.stop_requested()) TRY(Advise());
      if (!fetched_.Push(std::move(fetched), abort_.get_token())) return Status::OK();
    }
    if (!ended.empty()) stats_->UpdateLag([&](LagTracker& lag) { lag.Ended(ended); });
    for (const auto& [partition, offset] : ended) next[partition] = std::max(next[partition], offset);
    TRY(Advise());
  }
  return Status::OK();
}

Result<topic::Polled> Session::PollTopic(std::chrono::milliseconds timeout, std::stop_token stop) {
  auto polled = reader_->Poll(options_.poll_records, timeout, std::move(stop));
  if (!polled.ok()) stats_->Update([&](EngineStats& s) { s.topic_problem = polled.status().message(); });
  return polled;
}

bool Session::AtEnd(const std::map<Partition, Offset>& next) const {
  if (!ends_) return false;
  return std::all_of(assigned_->begin(), assigned_->end(), [&](Partition partition) {
    const auto end = ends_->find(partition);
    const auto at = next.find(partition);
    return end == ends_->end() || (at != next.end() && at->second >= end->second);
  });
}

/// Tells the topic how far the tables are. For lag tools alone: a broker that refuses is no reason to stop.
void Session::TellTopic() {
  topic::Positions committed;
  {
    std::lock_guard lock(mutex_);
    committed = committed_;
  }
  if (committed.empty() || committed == told_) return;
  if (const auto status = reader_->Commit(committed); !status.ok())
    spdlog::debug("advisory commit: {}", status.ToString());
  told_ = std::move(committed);
}

/// Tells the topic how far the tables are, and ourselves how far behind; now and then.
Status Session::Advise() {
  if (std::chrono::steady_clock::now() - advised_ <= kAdviseEvery) return Status::OK();
  TellTopic();
  const auto ranges = reader_->Ranges();
  advised_ = std::chrono::steady_clock::now();
  stats_->Update([&](EngineStats& s) { s.topic_problem = ranges.status().message(); });
  if (ranges.status().IsIOError()) return Status::OK();  // reading waits for the topic by itself
  TRY(ranges.status());
  stats_->UpdateLag([&](LagTracker& lag) { lag.Ends(*ranges); });
  return Status::OK();
}

void Session::TakeDone() {
  std::vector<Done> done;
  {
    std::lock_guard lock(mutex_);
    done.swap(done_);
  }
  for (const Done& d : done) {
    decoder_->Confirm(d.number);
    decoder_->Fold(d.version, d.foreign);
  }
}

bool Session::Due() const {
  return !decoder_->empty() && (decoder_->consumed() >= options_.max_rows || decoder_->bytes() >= options_.max_bytes ||
                                std::chrono::steady_clock::now() - opened_ >= options_.commit_interval);
}

Status Session::Send() {
  TRY_ASSIGN(auto batch, decoder_->Cut());
  // A refusal means that the session is over: its reason is in status_ or end_.
  (void)ready_.Push(std::move(batch), abort_.get_token());
  return Status::OK();
}

Status Session::Decode() {
  using std::chrono::milliseconds;
  while (!abort_.stop_requested()) {
    milliseconds wait = kQueueWait;
    if (!decoder_->empty()) {
      const auto left = options_.commit_interval - (std::chrono::steady_clock::now() - opened_);
      wait = std::clamp(std::chrono::ceil<milliseconds>(left), milliseconds(0), kQueueWait);
    }
    auto fetched = fetched_.Pop(wait, abort_.get_token());
    TakeDone();
    if (fetched) {
      if (decoder_->empty()) opened_ = std::chrono::steady_clock::now();
      stats_->Update([&](EngineStats& s) { s.consumed += static_cast<std::int64_t>(fetched->records->size()); });
      for (const auto& [partition, gap] : fetched->lost) decoder_->AddLost(partition, gap);
      TRY(decoder_->Add(std::move(fetched->records)));
    } else if (fetched_.closed() && fetched_.size() == 0) {
      return decoder_->empty() ? Status::OK() : Send();
    }
    if (Due()) TRY(Send());
  }
  return Status::OK();
}

void Session::Write() {
  while (!abort_.stop_requested()) {
    auto batch = ready_.Pop(kQueueWait, abort_.get_token());
    if (batch) {
      if (const Status status = WriteBatch(std::move(*batch)); !status.ok()) Fail(status);
    } else if (ready_.closed() && ready_.size() == 0) {
      return;
    }
  }
}

Status Session::WriteBatch(Batch batch) {
  const auto number = batch.number;
  const auto to = batch.to;
  const auto rejects = batch.rejects;
  const auto started = std::chrono::steady_clock::now();
  auto answer = sink_->Write(std::move(batch));
  stats_->Update([&](EngineStats& s) { s.write_problem = answer.status().message(); });
  TRY_ASSIGN(auto written, std::move(answer));
  if (written.fenced) {
    stats_->Update([](EngineStats& s) { ++s.fencings; });
    Finish(SessionEnd::kFenced, /*abort=*/true);
    return Status::OK();
  }
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - started;
  stats_->Update([&](EngineStats& s) {
    s.rows += written.rows;
    s.duplicates += written.duplicates;
    for (std::size_t i = 0; i < rejects.size(); ++i) s.rejects[i] += rejects[i];
    s.quarantined += written.quarantined;
    ++s.commits;
    s.bytes += written.bytes;
    s.last_commit = clock_->Now();
    s.last_commit_ms = took.count();
    s.commit_durations.Add(took.count() / 1e3);
  });
  stats_->UpdateLag([&](LagTracker& lag) { lag.Commit(to); });
  stats_->ForgetGaps(to);
  {
    std::lock_guard lock(mutex_);
    for (const auto& [partition, offset] : to) committed_[partition] = offset;
    done_.push_back({number, written.version, std::move(written.foreign)});
  }
  if (written.begin_again) Finish(SessionEnd::kBeginAgain, /*abort=*/true);
  return Status::OK();
}

}  // namespace pregao::engine
