#pragma once
/// Yahoo's streamer (or the simulator) -> topic.
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "market/calendar.h"
#include "topic/topic.h"
#include "yahoo/streamer.h"

namespace pregao::listen {

struct ListenerOptions {
  std::filesystem::path watchlist = "carteira.txt";
  /// Where a position is in another currency, what it takes to give its value in this one is listened to besides.
  /// Empty: nothing is.
  std::string portfolio_currency;
  yahoo::StreamerOptions stream;
  std::string source = "yahoo";                     ///< written in every message: "yahoo" or "simulator"
  std::chrono::milliseconds watch_interval{1'000};  ///< how often the watchlist is looked at
  std::chrono::milliseconds flush_interval{100};    ///< a frame waits at most this long for company
  std::size_t batch_records = 1'000;
  std::size_t queue_frames = 20'000;  ///< waiting for the topic; when full, the sockets are not read
  std::chrono::milliseconds retry_min{100}, retry_max{5'000};  ///< of a topic that refuses
  std::chrono::milliseconds silence_report{60'000};  ///< after which symbols that never spoke are logged by name
  /// Whose hours tell a silent feed from a closed market; null: the built-in ones.
  std::shared_ptr<const market::Calendars> calendars = nullptr;
  std::chrono::milliseconds quiet_after{15 * 60'000};  ///< silence of a ticker that has spoken
  std::chrono::milliseconds give_up_after{600'000};    ///< of refusals in a row, then Run returns the topic's error
  std::chrono::milliseconds stop_grace{5'000};         ///< for what is in the queue when asked to stop
};

/// A picture of the listener, consistent in itself.
struct ListenerStats {
  std::uint64_t frames = 0;        ///< received
  std::uint64_t messages = 0;      ///< durable in the topic
  std::uint64_t dead_letters = 0;  ///< durable in the dead-letter topic
  std::uint64_t ignored = 0;       ///< envelopes of another type than pricing
  std::uint64_t write_errors = 0;  ///< attempts that the topic refused
  std::string refusal;             ///< its newest answer, if that was one; else empty
  std::uint64_t reconnects = 0;    ///< connections that went down
  std::size_t queued = 0;
  std::size_t connections = 0, connections_open = 0;
  std::map<std::string, std::optional<TimestampMs>> last_heard;  ///< of each symbol listened to
  std::vector<std::string> silent;                               ///< symbols that never spoke
  std::vector<std::string> quiet;  ///< that have said nothing for quiet_after though their exchange is open
  std::size_t closed = 0;          ///< symbols as quiet whose exchange is closed
  std::string last_problem;        ///< newest of link, queue or watchlist; empty if none
  std::vector<std::string> watchlist_problems;  ///< of the newest read, one line each
};

/// Reads the watchlist, listens to it and appends every frame to the topic, key = ticker. A frame that cannot be
/// decoded, or names no ticker, goes to `dead_letter` raw, with the headers `reason` and `time` (received, ms). What
/// was read from a socket is written, or the topic's refusal is what Run returns. stats() is thread-safe.
class Listener {
 public:
  /// `quotes`, `dead_letter` and `clock` must outlive the listener. Invalid: the watchlist is missing, too large or
  /// names no ticker (with its problems, line by line), or an option is out of range.
  [[nodiscard]] static Result<std::unique_ptr<Listener>> Create(ListenerOptions options, topic::TopicWriter* quotes,
                                                                topic::TopicWriter* dead_letter, const Clock* clock);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Listens until `stop`; writes what is queued before it returns (at most stop_grace). To be called once.
  [[nodiscard]] Status Run(std::stop_token stop);
  [[nodiscard]] ListenerStats stats() const;

 private:
  struct State;
  explicit Listener(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pregao::listen
