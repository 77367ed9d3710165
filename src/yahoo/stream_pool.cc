#include "yahoo/stream_pool.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>

namespace pregao::yahoo {

std::vector<std::string> PoolStats::Silent() const {
  std::vector<std::string> out;
  for (const auto& [symbol, heard] : last_heard) {
    if (!heard.has_value()) out.push_back(symbol);
  }
  return out;
}

namespace {

/// One connection and its thread. The destructor stops and joins it.
struct Shard {
  std::size_t number;
  std::unique_ptr<Streamer> streamer;
  std::set<std::string> symbols;  // guarded by the pool's configuring mutex
  std::atomic<bool> open{false}, running{true};
  std::jthread thread;
};

}  // namespace

struct StreamPool::State {
  StreamerOptions options;
  const Clock* clock = nullptr;
  OnFrame on_frame;
  OnLink on_link;

  std::mutex configuring;  // held by SetSymbols throughout; taken before `mutex`
  std::size_t next_number = 1;

  mutable std::mutex mutex;
  std::vector<std::unique_ptr<Shard>> shards;                            // guarded by mutex
  std::map<std::string, std::optional<TimestampMs>, std::less<>> heard;  // guarded by mutex
  std::uint64_t reconnects = 0;                                          // guarded by mutex
  std::string last_problem;                                              // guarded by mutex
  bool stopping = false;                                                 // guarded by mutex

  Result<Shard*> AddShard();
  void Link(Shard* shard, const LinkEvent& event);
  std::set<std::string> Leave(const std::set<std::string>& wanted);
  Status Enter(std::set<std::string> fresh);
};

void StreamPool::State::Link(Shard* shard, const LinkEvent& event) {
  shard->open = event.state == LinkState::kOpen;
  if (event.state == LinkState::kDown && event.detail != kStopped) {
    const std::lock_guard lock(mutex);
    ++reconnects;
    last_problem = event.detail;
  }
  if (on_link) on_link(shard->number, event);
}

Result<Shard*> StreamPool::State::AddShard() {
  auto shard = std::make_unique<Shard>();
  Shard* raw = shard.get();
  raw->number = next_number++;
  StreamerOptions own = options;
  if (own.seed != 0) own.seed += raw->number;  // connections that fall together do not come back together
  TRY_ASSIGN(raw->streamer,
             Streamer::Create(own, clock, {on_frame, [this, raw](const LinkEvent& event) { Link(raw, event); }}));
  const std::lock_guard lock(mutex);
  if (stopping) return Status::Cancelled("stopped");
  try {
    raw->thread = std::jthread([raw](std::stop_token stop) {
      raw->streamer->Run(std::move(stop));
      raw->running = false;
    });
  } catch (const std::system_error& error) {
    return Status::IOError("no thread for connection ", raw->number, ": ", error.what());
  }
  shards.push_back(std::move(shard));
  return raw;
}

Result<std::unique_ptr<StreamPool>> StreamPool::Create(StreamerOptions options, const Clock* clock, OnFrame on_frame,
                                                       OnLink on_link) {
  TRY(Streamer::Create(options, clock, {}).status());
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  state->clock = clock;
  state->on_frame = std::move(on_frame);
  state->on_link = std::move(on_link);
  return std::unique_ptr<StreamPool>(new StreamPool(std::move(state)));
}

StreamPool::StreamPool(std::unique_ptr<State> state) : state_(std::move(state)) {}
StreamPool::~StreamPool() {
  RequestStop();
  std::vector<std::unique_ptr<Shard>> shards;
  {
    const std::lock_guard lock(state_->mutex);
    shards.swap(state_->shards);
  }
  shards.clear();  // joins, without the lock that the threads' last words need
}

/// Takes the symbols that are no longer wanted off their connections. @return those that have none yet.
std::set<std::string> StreamPool::State::Leave(const std::set<std::string>& wanted) {
  std::set<std::string> fresh = wanted;
  std::vector<std::unique_ptr<Shard>> idle;
  {
    const std::lock_guard lock(mutex);
    std::erase_if(heard, [&](const auto& entry) { return !wanted.contains(entry.first); });
    for (auto& shard : shards) {
      std::erase_if(shard->symbols, [&](const std::string& symbol) { return !wanted.contains(symbol); });
      for (const std::string& symbol : shard->symbols) fresh.erase(symbol);
    }
    // A connection that has become empty is kept only if new symbols can have it.
    std::size_t room = 0;
    for (auto& shard : shards) {
      if (shard->symbols.empty() && room >= fresh.size()) {
        shard->thread.request_stop();
        idle.push_back(std::move(shard));
      } else {
        room += options.symbols_per_connection - shard->symbols.size();
      }
    }
    std::erase(shards, nullptr);
  }
  return fresh;  // `idle` joins here, unlocked
}

Status StreamPool::State::Enter(std::set<std::string> fresh) {
  std::vector<Shard*> now;
  {
    const std::lock_guard lock(mutex);
    for (const std::string& symbol : fresh) heard.try_emplace(symbol);
    for (auto& shard : shards) now.push_back(shard.get());
  }
  for (std::size_t i = 0; i < now.size() || !fresh.empty(); ++i) {
    if (i == now.size()) {
      TRY_ASSIGN(Shard * added, AddShard());
      now.push_back(added);
    }
    while (!fresh.empty() && now[i]->symbols.size() < options.symbols_per_connection) {
      now[i]->symbols.insert(fresh.extract(fresh.begin()));
    }
    now[i]->streamer->SetSymbols(now[i]->symbols);
  }
  return Status::OK();
}

Status StreamPool::SetSymbols(std::span<const std::string> symbols) {
  const std::lock_guard configuring(state_->configuring);
  return state_->Enter(state_->Leave(std::set<std::string>(symbols.begin(), symbols.end())));
}

void StreamPool::Heard(std::string_view symbol, TimestampMs at) {
  const std::lock_guard lock(state_->mutex);
  const auto it = state_->heard.find(symbol);
  if (it != state_->heard.end()) it->second = at;
}

PoolStats StreamPool::stats() const {
  const std::lock_guard lock(state_->mutex);
  PoolStats out;
  out.connections = state_->shards.size();
  for (const auto& shard : state_->shards) out.open += shard->open ? 1 : 0;
  out.reconnects = state_->reconnects;
  out.last_problem = state_->last_problem;
  out.last_heard.insert(state_->heard.begin(), state_->heard.end());
  return out;
}

void StreamPool::RequestStop() {
  const std::lock_guard lock(state_->mutex);
  state_->stopping = true;
  for (auto& shard : state_->shards) shard->thread.request_stop();
}

bool StreamPool::running() const {
  const std::lock_guard lock(state_->mutex);
  return std::any_of(state_->shards.begin(), state_->shards.end(),
                     [](const auto& shard) { return shard->running.load(); });
}

}  // namespace pregao::yahoo
