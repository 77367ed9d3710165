#pragma once
/// The topic's newest quotes, as they come.
#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "base/clock.h"
#include "topic/topic.h"

#include "web/quote_board.h"

namespace pregao::web {

struct TailOptions {
  std::int64_t look_back = 2'000;              ///< records of each partition that are read at the start
  std::chrono::milliseconds gather{50};        ///< between two events: what comes meanwhile goes out as one
  std::chrono::milliseconds heartbeat{5'000};  ///< an event at least so often
  std::chrono::milliseconds retry{2'000};      ///< after an error of the topic
};

/// Follows a topic on its own thread, in no group's way: each quote goes to the board, and out as an event;
/// why the topic cannot be followed goes to the board, too. An event
/// has the newest quote of each ticker that has spoken, so that its size is bounded by the tickers that the board
/// keeps.
class TopicTail {
 public:
  using OpenReader = std::function<Result<std::unique_ptr<topic::TopicReader>>()>;
  /// A server-sent event, whole. Called on the tail's thread; must return at once.
  using Publish = std::function<void(std::shared_ptr<const std::string>)>;

  /// `board` and `clock` must outlive the tail.
  TopicTail(OpenReader open, QuoteBoard* board, const Clock* clock, Publish publish, TailOptions options = {});

 private:
  void Run(std::stop_token stop);
  [[nodiscard]] Status Follow(topic::TopicReader* reader, std::stop_token stop);
  [[nodiscard]] Status SeekTo(topic::TopicReader* reader, const std::vector<Partition>& owned);
  void Take(const topic::RecordBatch& records);
  void Send(bool even_if_empty);

  const OpenReader open_;
  QuoteBoard* const board_;
  const Clock* const clock_;
  const Publish publish_;
  const TailOptions options_;
  // Of the thread:
  medallion::Judge judge_;
  medallion::SilverRow row_;
  topic::Positions positions_;
  topic::Positions begun_at_;  // the end of each partition when it was assigned: what is below was there before
  std::string generation_;
  std::map<std::string, std::string> changed_;  // ticker -> JSON, since the last event
  std::chrono::steady_clock::time_point sent_;

  std::jthread thread_;  // last: it uses the others
};

}  // namespace pregao::web
