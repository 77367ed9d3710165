#include "yahoo/streamer.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <random>

#include "base/json_writer.h"
#include "yahoo/sim_random.h"
#include "yahoo/web_socket.h"

namespace pregao::yahoo {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

std::string Request(std::string_view action, const std::set<std::string>& symbols) {
  JsonWriter json;
  json.BeginObject();
  json.Key(action);
  json.BeginArray();
  for (const std::string& symbol : symbols) json.String(symbol);
  json.EndArray();
  json.EndObject();
  return json.Take();
}

std::set<std::string> Without(const std::set<std::string>& a, const std::set<std::string>& b) {
  std::set<std::string> out;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(out, out.end()));
  return out;
}

Status Check(const StreamerOptions& o) {
  const auto positive = [](std::string_view name, milliseconds value) {
    return value > milliseconds(0) ? Status::OK()
                                   : Status::Invalid(name, " is ", value.count(), " ms: give more than 0");
  };
  TRY(positive("connect_timeout", o.connect_timeout));
  TRY(positive("resubscribe", o.resubscribe));
  TRY(positive("backoff_min", o.backoff_min));
  TRY(positive("silence", o.silence));
  if (o.backoff_max < o.backoff_min) return Status::Invalid("backoff_max is below backoff_min");
  if (o.silence_max < o.silence) return Status::Invalid("silence_max is below silence");
  if (o.max_frame_bytes == 0) return Status::Invalid("max_frame_bytes is 0");
  if (o.symbols_per_connection < 1 || o.symbols_per_connection > kSymbolsPerConnection) {
    return Status::Invalid("symbols_per_connection is ", o.symbols_per_connection, ": give 1 to ",
                           kSymbolsPerConnection);
  }
  return Status::OK();
}

WebSocketOptions SocketOptions(const StreamerOptions& o) { return {o.connect_timeout, o.max_frame_bytes, o.ca_file}; }

}  // namespace

Status Probe(const StreamerOptions& options, std::stop_token stop) {
  TRY(Check(options));
  TRY_ASSIGN(const StreamUrl url, ParseStreamUrl(options.url));
  TRY_ASSIGN(const auto socket, WebSocket::Connect(url, SocketOptions(options), std::move(stop)));
  socket->Close();
  return Status::OK();
}

struct Streamer::State {
  StreamerOptions options;
  StreamUrl url;
  const Clock* clock;
  StreamerCallbacks callbacks;
  SimRandom random;
  // Used by Run's thread alone.
  milliseconds backoff, patience;

  std::mutex mutex;
  std::condition_variable_any changed;
  std::set<std::string> wanted;  // guarded by mutex
  WebSocket* socket = nullptr;   // guarded by mutex; the one to wake

  void Tell(LinkState state, std::string detail = {}) {
    if (callbacks.on_link) callbacks.on_link({state, std::move(detail)});
  }
  std::set<std::string> Wanted() {
    const std::lock_guard lock(mutex);
    return wanted;
  }
  void SetSocket(WebSocket* s) {
    const std::lock_guard lock(mutex);
    socket = s;
  }
  Status Session(std::stop_token stop);
  Status Listen(WebSocket* open, std::stop_token stop);
  Status Send(WebSocket* open, std::set<std::string>* subscribed, const std::set<std::string>& now);
  /// Full jitter between the least wait and the present one, which then doubles.
  milliseconds NextWait() {
    backoff = std::min(backoff * 2, options.backoff_max);
    const auto range = static_cast<double>((backoff - options.backoff_min).count());
    return options.backoff_min + milliseconds(static_cast<std::int64_t>(range * random.Uniform()));
  }
};

Result<std::unique_ptr<Streamer>> Streamer::Create(StreamerOptions options, const Clock* clock,
                                                   StreamerCallbacks callbacks) {
  TRY(Check(options));
  TRY_ASSIGN(StreamUrl url, ParseStreamUrl(options.url));
  const std::uint64_t seed = options.seed != 0 ? options.seed : std::random_device{}();
  auto state = std::unique_ptr<State>(new State{.options = options,
                                                .url = std::move(url),
                                                .clock = clock,
                                                .callbacks = std::move(callbacks),
                                                .random = SimRandom(seed),
                                                .backoff = options.backoff_min,
                                                .patience = options.silence,
                                                .mutex = {},
                                                .changed = {},
                                                .wanted = {}});
  return std::unique_ptr<Streamer>(new Streamer(std::move(state)));
}

Streamer::Streamer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Streamer::~Streamer() = default;

void Streamer::SetSymbols(std::set<std::string> symbols) {
  const std::lock_guard lock(state_->mutex);
  state_->wanted = std::move(symbols);
  state_->changed.notify_all();
  if (state_->socket != nullptr) state_->socket->Wake();
}

void Streamer::Run(std::stop_token stop) {
  State& s = *state_;
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(s.mutex);
      if (!s.changed.wait(lock, stop, [&] { return !s.wanted.empty(); })) return;
    }
    const Status end = s.Session(stop);
    const bool asked = stop.stop_requested() || end.ok();  // OK: no symbol is left
    s.Tell(LinkState::kDown, asked ? std::string(kStopped) : end.message());
    std::unique_lock lock(s.mutex);
    // A wait with a reason to end early: nothing left to listen to, so that the next symbol is not kept waiting.
    s.changed.wait_for(lock, stop, s.NextWait(), [&] { return s.wanted.empty(); });
  }
}

Status Streamer::State::Session(std::stop_token stop) {
  Tell(LinkState::kConnecting);
  TRY_ASSIGN(const auto open, WebSocket::Connect(url, SocketOptions(options), stop));
  Tell(LinkState::kOpen);
  SetSocket(open.get());
  const Status end = Listen(open.get(), stop);
  SetSocket(nullptr);
  if (end.ok() || end.IsCancelled()) open->Close();
  return end;
}

Status Streamer::State::Send(WebSocket* open, std::set<std::string>* subscribed, const std::set<std::string>& now) {
  // Leave first: it frees places, and what finds no place is cut in silence.
  const auto leave = Without(*subscribed, now), enter = Without(now, *subscribed);
  if (!leave.empty()) TRY(open->Write(Request("unsubscribe", leave)));
  if (!enter.empty()) TRY(open->Write(Request("subscribe", enter)));
  *subscribed = now;
  return Status::OK();
}

Status Streamer::State::Listen(WebSocket* open, std::stop_token stop) {
  std::set<std::string> subscribed;
  std::size_t frames = 0;
  auto heard = SteadyClock::now();
  auto resubscribe = heard + options.resubscribe;
  while (!stop.stop_requested()) {
    const auto now = SteadyClock::now();
    if (const auto symbols = Wanted(); symbols != subscribed) {
      if (symbols.empty()) return Status::OK();
      TRY(Send(open, &subscribed, symbols));
      heard = now;
    }
    if (now >= resubscribe) {
      TRY(open->Write(Request("subscribe", subscribed)));
      resubscribe = now + options.resubscribe;
    }
    TRY_ASSIGN(auto frame, open->Read(std::min(resubscribe, heard + patience)));
    if (frame.has_value()) {
      callbacks.on_frame(*std::move(frame), clock->Now());
      heard = SteadyClock::now();
      // More frames than symbols: not the first snapshots alone, so the line lives.
      if (++frames > subscribed.size()) {
        patience = options.silence;
        backoff = options.backoff_min;
      }
    } else if (SteadyClock::now() >= heard + patience) {
      const Status dumb = Status::IOError(url.host, " is connected and silent for ", patience.count(), " ms");
      patience = std::min(patience * 2, options.silence_max);
      backoff = options.backoff_min;
      return dumb;
    }
  }
  return Status::Cancelled("stopped");
}

}  // namespace pregao::yahoo
