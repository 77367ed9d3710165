#include "listen/listener.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <spdlog/spdlog.h>
#include <thread>

#include "base/bounded_queue.h"
#include "listen/frame_writer.h"
#include "listen/silence.h"
#include "listen/watchlist_file.h"
#include "market/portfolio.h"
#include "yahoo/stream_pool.h"

namespace pregao::listen {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kNamesInLog = 20;

struct RawFrame {
  std::string text;
  TimestampMs received_at;
};

Status Check(const ListenerOptions& o) {
  if (o.batch_records == 0) return Status::Invalid("batch_records is 0: give at least 1");
  if (o.queue_frames == 0) return Status::Invalid("queue_frames is 0: give at least 1");
  for (const auto& [name, value] : {std::pair{"watch_interval", o.watch_interval},
                                    {"flush_interval", o.flush_interval},
                                    {"retry_min", o.retry_min}}) {
    if (value <= std::chrono::milliseconds(0))
      return Status::Invalid(name, " is ", value.count(), " ms: give more than 0");
  }
  if (o.retry_max < o.retry_min) return Status::Invalid("retry_max is below retry_min");
  return Status::OK();
}

std::string Names(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < std::min(names.size(), kNamesInLog); ++i) out += (i > 0 ? ", " : "") + names[i];
  if (names.size() > kNamesInLog) out += " and " + std::to_string(names.size() - kNamesInLog) + " more";
  return out;
}

}  // namespace

struct Listener::State {
  State(ListenerOptions o, WatchlistFile file, topic::TopicWriter* quotes, topic::TopicWriter* dead_letter,
        const Clock* c)
      : options(std::move(o)),
        clock(c),
        watchlist(std::move(file)),
        writer(quotes, dead_letter, {options.retry_min, options.retry_max, options.give_up_after, options.stop_grace}),
        queue(options.queue_frames) {}

  void Receive(std::string frame, TimestampMs received_at);
  void Link(std::size_t connection, const yahoo::LinkEvent& event);
  void Watch(std::stop_token stop);
  [[nodiscard]] std::vector<std::string> Symbols() const;
  void ReportSilence();
  void Problem(std::string text);
  void Judge(RawFrame frame);
  Status Write(std::stop_token stop);

  const ListenerOptions options;
  const Clock* const clock;
  WatchlistFile watchlist;  // of the watching thread once Run has begun
  FrameWriter writer;       // of Run's thread
  BoundedQueue<RawFrame> queue;
  std::unique_ptr<yahoo::StreamPool> pool;

  mutable std::mutex mutex;
  std::condition_variable_any never;        // waited on for its time-out or stop
  ListenerStats stats;                      // guarded by mutex; what the pool and the writer do not know
  bool held = false;                        // guarded by mutex: the queue is full and has been said to be
  SteadyClock::time_point listening_since;  // guarded by mutex: to the present list
  bool silence_reported = false;            // guarded by mutex
};

void Listener::State::Problem(std::string text) {
  spdlog::warn("{}", text);
  const std::lock_guard lock(mutex);
  stats.last_problem = std::move(text);
}

void Listener::State::Receive(std::string frame, TimestampMs received_at) {
  bool say = false;
  {
    const std::lock_guard lock(mutex);
    ++stats.frames;
    const std::size_t queued = queue.size();
    say = !held && queued >= options.queue_frames;
    if (queued >= options.queue_frames || queued < options.queue_frames / 2) held = queued >= options.queue_frames;
  }
  if (say) {
    Problem("the topic does not keep up: " + std::to_string(options.queue_frames) +
            " frames wait, and nothing is read from the stream until they are written");
  }
  if (!queue.Push({std::move(frame), received_at})) spdlog::error("a frame is lost: the topic refused it to the end");
}

void Listener::State::Link(std::size_t connection, const yahoo::LinkEvent& event) {
  switch (event.state) {
    case yahoo::LinkState::kConnecting:
      spdlog::debug("connection {}: connecting", connection);
      break;
    case yahoo::LinkState::kOpen:
      spdlog::info("connection {}: open", connection);
      break;
    case yahoo::LinkState::kDown:
      if (event.detail == yahoo::kStopped) {
        spdlog::debug("connection {}: stopped", connection);
      } else {
        Problem("connection " + std::to_string(connection) + " is down: " + event.detail);
      }
      break;
  }
}

/// The watchlist's, and the rates of its portfolio.
std::vector<std::string> Listener::State::Symbols() const {
  auto symbols = watchlist.Tickers();
  const auto extra = market::ExtraTickers(watchlist.list(), options.portfolio_currency);
  symbols.insert(symbols.end(), extra.begin(), extra.end());
  return symbols;
}

/// Looks at the watchlist's file, and after silent symbols, until stop.
void Listener::State::Watch(std::stop_token stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex);
      never.wait_for(lock, stop, options.watch_interval, [] { return false; });
    }
    if (stop.stop_requested()) return;
    const auto look = watchlist.Poll();
    if (look.changed) {
      spdlog::info("watchlist {}: {} tickers", options.watchlist.string(), watchlist.list().entries.size());
      for (const std::string& problem : watchlist.problems()) spdlog::warn("{}", problem);
      const Status status = pool->SetSymbols(Symbols());
      if (!status.ok() && !status.IsCancelled()) Problem(status.message());
    }
    if (look.warning.has_value()) Problem(*look.warning);
    if (look.changed || look.warning.has_value()) {
      const std::lock_guard lock(mutex);
      stats.watchlist_problems = watchlist.problems();
      if (look.changed) listening_since = SteadyClock::now();
      if (look.changed) silence_reported = false;
    }
    ReportSilence();
  }
}

void Listener::State::ReportSilence() {
  {
    const std::lock_guard lock(mutex);
    if (silence_reported || SteadyClock::now() < listening_since + options.silence_report) return;
    silence_reported = true;
  }
  const auto silent = pool->stats().Silent();
  if (silent.empty()) return;
  Problem(std::to_string(silent.size()) +
          " symbols have not spoken yet (unknown to Yahoo, or their market is closed): " + Names(silent));
}

void Listener::State::Judge(RawFrame frame) {
  JudgedFrame judged = JudgeFrame(std::move(frame.text), frame.received_at, frame.received_at, options.source);
  switch (judged.kind) {
    case JudgedFrame::Kind::kMessage:
      pool->Heard(*judged.record.key, frame.received_at);
      break;
    case JudgedFrame::Kind::kDeadLetter:
      spdlog::warn("a frame goes to the dead letters: {}", judged.record.headers.front().value);
      break;
    case JudgedFrame::Kind::kIgnored: {
      const std::lock_guard lock(mutex);
      if (stats.ignored++ == 0)
        spdlog::warn("messages of type \"{}\" are no prices and are ignored", judged.ignored_type);
      break;
    }
  }
  writer.Add(std::move(judged));
}

/// Queue to topic until stop, and then until nothing more can come.
Status Listener::State::Write(std::stop_token stop) {
  SteadyClock::time_point first;
  while (true) {
    const bool last = stop.stop_requested() && !pool->running();
    const auto age = SteadyClock::now() - first;
    const auto wait = writer.pending() == 0
                          ? options.flush_interval
                          : std::max(options.flush_interval - age, decltype(options.flush_interval - age)(0));
    auto frame = queue.Pop(wait);
    const bool drained = !frame.has_value();
    if (!drained) {
      if (writer.pending() == 0) first = SteadyClock::now();
      Judge(*std::move(frame));
    }
    if (writer.pending() >= options.batch_records || SteadyClock::now() - first >= options.flush_interval ||
        (last && drained)) {
      TRY(writer.Flush(stop));
    }
    if (last && drained) return Status::OK();
  }
}

Result<std::unique_ptr<Listener>> Listener::Create(ListenerOptions options, topic::TopicWriter* quotes,
                                                   topic::TopicWriter* dead_letter, const Clock* clock) {
  TRY(Check(options));
  TRY_ASSIGN(WatchlistFile file, WatchlistFile::Open(options.watchlist));
  auto state = std::make_unique<State>(std::move(options), std::move(file), quotes, dead_letter, clock);
  State* raw = state.get();
  state->stats.watchlist_problems = state->watchlist.problems();
  TRY_ASSIGN(state->pool,
             yahoo::StreamPool::Create(
                 state->options.stream, clock,
                 [raw](std::string frame, TimestampMs at) { raw->Receive(std::move(frame), at); },
                 [raw](std::size_t connection, const yahoo::LinkEvent& event) { raw->Link(connection, event); }));
  return std::unique_ptr<Listener>(new Listener(std::move(state)));
}

Listener::Listener(std::unique_ptr<State> state) : state_(std::move(state)) {}
Listener::~Listener() {
  state_->queue.Close();  // so that no connection waits for room while the pool joins it
  state_->pool.reset();
}

Status Listener::Run(std::stop_token stop) {
  State& s = *state_;
  for (const std::string& problem : s.watchlist.problems()) spdlog::warn("{}", problem);
  {
    const std::lock_guard lock(s.mutex);
    s.listening_since = SteadyClock::now();
  }
  TRY(s.pool->SetSymbols(s.Symbols()));
  const std::stop_callback stop_pool(stop, [&s] { s.pool->RequestStop(); });
  const std::jthread watching([&s](std::stop_token own) { s.Watch(std::move(own)); });
  const Status status = s.Write(stop);
  s.pool->RequestStop();
  s.queue.Close();
  if (status.ok()) return status;
  const std::size_t lost = s.writer.pending() + s.queue.size();
  return status.WithMessage("the topic refuses what was received, and ", lost,
                            " frames are not in it: ", status.message());
}

ListenerStats Listener::stats() const {
  const State& s = *state_;
  const auto links = s.pool->stats();
  const WriteCounts written = s.writer.counts();
  std::string refusal = s.writer.last_error();
  const auto& calendars = s.options.calendars ? *s.options.calendars : market::Calendars::Builtin();
  auto silences = JudgeSilences(links.last_heard, calendars, s.clock->Now(), s.options.quiet_after);
  const std::lock_guard lock(s.mutex);
  ListenerStats out = s.stats;
  out.messages = written.messages;
  out.dead_letters = written.dead_letters;
  out.write_errors = written.write_errors;
  if (written.refused) out.refusal = std::move(refusal);
  out.reconnects = links.reconnects;
  out.connections = links.connections;
  out.connections_open = links.open;
  out.queued = s.queue.size();
  out.silent = links.Silent();
  out.quiet = std::move(silences.quiet);
  out.closed = silences.closed;
  out.last_heard = links.last_heard;
  return out;
}

}  // namespace pregao::listen
