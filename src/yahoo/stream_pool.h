#pragma once
/// A watchlist of any size over as many connections as Yahoo's limit asks for.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "yahoo/streamer.h"

namespace pregao::yahoo {

struct PoolStats {
  std::size_t connections = 0, open = 0;
  std::uint64_t reconnects = 0;  ///< connections that went down, and attempts that failed
  std::string last_problem;      ///< of a connection; empty if none
  std::map<std::string, std::optional<TimestampMs>> last_heard;  ///< of each symbol listened to

  /// Symbols that never spoke, in order.
  [[nodiscard]] std::vector<std::string> Silent() const;
};

/// Owns one thread a connection. Thread-safe. A symbol keeps its connection as long as it is listened to.
class StreamPool {
 public:
  /// Called on the connections' threads, several at a time; one that blocks holds its own connection back.
  using OnFrame = std::function<void(std::string frame, TimestampMs received_at)>;
  /// Called on the connections' threads after each change of a connection's state; `connection` counts from 1.
  using OnLink = std::function<void(std::size_t connection, const LinkEvent&)>;

  /// `clock` must outlive the pool. Invalid: the options.
  [[nodiscard]] static Result<std::unique_ptr<StreamPool>> Create(StreamerOptions options, const Clock* clock,
                                                                  OnFrame on_frame, OnLink on_link = {});
  /// Stops and waits for the threads.
  ~StreamPool();
  StreamPool(const StreamPool&) = delete;
  StreamPool& operator=(const StreamPool&) = delete;

  /// Listens to these from now on; opens connections as needed and closes those left without a symbol.
  [[nodiscard]] Status SetSymbols(std::span<const std::string> symbols);
  /// A quote of this symbol has come. Symbols that are not listened to are let pass.
  void Heard(std::string_view symbol, TimestampMs at);
  [[nodiscard]] PoolStats stats() const;

  /// Asks all connections to stop, without waiting.
  void RequestStop();
  /// Whether any connection's thread still runs, and so may still bring a frame.
  [[nodiscard]] bool running() const;

 private:
  struct State;
  explicit StreamPool(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pregao::yahoo
