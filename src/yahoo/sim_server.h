#pragma once
/// The stand-in market as a server that speaks Yahoo's wire, quirks included (docs/yahoo.md, Streamer).
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/types.h"

namespace pregao::yahoo {

/// Faults to commit, each a probability in [0, 1]. Drawn from the server's seed.
struct SimFaults {
  double drop = 0;                 ///< a connection, at each tick: closed with a close frame
  double abort = 0;                ///< a connection, at each tick: reset without a word
  double duplicate = 0;            ///< a frame: sent twice
  double out_of_order = 0;         ///< a frame: held back behind the connection's next one
  double future = 0;               ///< a frame: its time an hour ahead
  double damaged = 0;              ///< a frame: base64 or protobuf spoilt
  double silent = 0;               ///< a connection, when it opens: never a frame, though it stays open
  double throttle = 0;             ///< a chart request: answered 429, Retry-After retry_after_s
  double broken = 0;               ///< a chart request: answered 502, a cut body, or a page that is no JSON
  std::int64_t retry_after_s = 1;  ///< 0: without the header
};

struct SimServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: any free one, see port()
  std::uint64_t seed = 1;
  /// Market seconds a second. The market's clock moves in steps of one second, starts at `start` and never passes the
  /// wall clock: having caught up it goes on at its pace.
  double speed = 1;
  /// The market's first second; default: now, or a day ago when speed > 1.
  std::optional<TimestampMs> start;
  /// So much of the market has passed when the server opens, as one that was down while its market went on.
  std::chrono::seconds skip{0};
  SimFaults faults;
  std::size_t symbols_per_connection = 100;
  std::size_t max_connections = 1000;
  /// Frames kept for sent(); 0: none. The oldest are forgotten.
  std::size_t keep_sent = 0;
  std::string certificate_pem, key_pem;  ///< both set: TLS
};

/// A frame as it left, for test oracles.
struct SentFrame {
  std::uint64_t connection;  ///< counted from 1 in order of acceptance
  std::string ticker;
  std::string text;
  bool damaged = false;
  bool snapshot = false;  ///< the last known price, sent on subscribing
};

struct SimStats {
  std::uint64_t connections = 0;  ///< ever
  std::size_t open = 0;
  std::uint64_t frames = 0, damaged = 0, duplicates = 0, drops = 0;
  std::uint64_t chart_requests = 0, chart_throttled = 0, chart_broken = 0;
  std::uint64_t requests = 0, malformed_requests = 0;  ///< (un)subscriptions taken, and those answered by closing
  std::map<std::uint64_t, std::size_t> symbols;        ///< of each open connection, cut at the limit
};

/// Serves on a thread of its own from Start to Stop or destruction. Thread-safe.
/// Any ticker is quoted; its form says what it is (market_sim.h). One that starts with UNKNOWN uses a place and stays
/// silent, as Yahoo's unknown symbols do.
class SimServer {
 public:
  /// Invalid: an option out of range, a certificate that does not read; IOError: the port is taken.
  [[nodiscard]] static Result<std::unique_ptr<SimServer>> Start(SimServerOptions options);
  ~SimServer();
  SimServer(const SimServer&) = delete;
  SimServer& operator=(const SimServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  /// ws://host:port/?version=2 (wss with a certificate).
  [[nodiscard]] std::string url() const;
  /// http://host:port (https with a certificate): /v8/finance/chart/… is there.
  [[nodiscard]] std::string http_url() const;
  [[nodiscard]] SimStats stats() const;
  [[nodiscard]] std::vector<SentFrame> sent() const;
  void SetFaults(const SimFaults& faults);
  /// Drops every connection now. @param abrupt  a reset instead of a close frame.
  void DropAll(bool abrupt);
  void Stop();

 private:
  struct Impl;
  explicit SimServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace pregao::yahoo
