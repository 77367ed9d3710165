#pragma once
/// One connection to Yahoo's streamer: subscribes, listens, reconnects for ever. Facts about the feed: docs/yahoo.md.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "base/types.h"

namespace pregao::yahoo {

/// Yahoo counts the symbols of a connection and cuts what is beyond this in silence.
inline constexpr std::size_t kSymbolsPerConnection = 100;
inline constexpr std::string_view kStreamUrl = "wss://streamer.finance.yahoo.com/?version=2";

struct StreamerOptions {
  std::string url{kStreamUrl};                        ///< ws://host[:port]/path or wss://…
  std::chrono::milliseconds connect_timeout{10'000};  ///< of each step: name, TCP, TLS, WebSocket
  std::chrono::milliseconds resubscribe{15'000};      ///< the whole subscription again, as a heartbeat
  std::chrono::milliseconds backoff_min{1'000}, backoff_max{60'000};
  /// A connection without a frame for this long is taken for dumb and replaced. The patience doubles up to
  /// `silence_max` while a new connection brings nothing but its first snapshots: closed markets are silent too.
  std::chrono::milliseconds silence{60'000}, silence_max{960'000};
  /// Beyond it a message drops the connection. More than DecodeFrame takes, so that what is too large for it arrives
  /// and becomes a dead letter.
  std::size_t max_frame_bytes = 256 * 1024;
  std::size_t symbols_per_connection = kSymbolsPerConnection;  ///< of a pool's connections; no more than Yahoo's limit
  std::string ca_file;     ///< PEM of further authorities to trust; empty: the system's alone
  std::uint64_t seed = 0;  ///< of the jitter; 0: from the system's entropy
};

enum class LinkState : std::uint8_t { kConnecting, kOpen, kDown };
struct LinkEvent {
  LinkState state;
  std::string detail;  ///< kDown: why, in words, kStopped if it was asked to; otherwise empty
};
inline constexpr std::string_view kStopped = "stopped";

/// Callbacks run on the connection's thread. One that blocks holds the socket's reading back (and nothing is lost).
struct StreamerCallbacks {
  std::function<void(std::string frame, TimestampMs received_at)> on_frame;
  std::function<void(const LinkEvent&)> on_link;  ///< may be empty
};

/// Connects, completes the WebSocket handshake and closes: for `doctor` and the choice of a source at the start.
/// Invalid: the address; IOError: unreachable or not trusted, in words.
[[nodiscard]] Status Probe(const StreamerOptions& options, std::stop_token stop = {});

/// The blocking core of one connection. SetSymbols is thread-safe; Run belongs to one thread.
class Streamer {
 public:
  /// `clock` must outlive the streamer. Invalid when the options or the address are wrong.
  [[nodiscard]] static Result<std::unique_ptr<Streamer>> Create(StreamerOptions options, const Clock* clock,
                                                                StreamerCallbacks callbacks);
  ~Streamer();
  Streamer(const Streamer&) = delete;
  Streamer& operator=(const Streamer&) = delete;

  /// What to listen to from now on, at most kSymbolsPerConnection; only the difference is sent.
  void SetSymbols(std::set<std::string> symbols);
  /// Listens until `stop`, reconnecting after every fault; returns within about a second of it.
  void Run(std::stop_token stop);

 private:
  struct State;
  explicit Streamer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pregao::yahoo
