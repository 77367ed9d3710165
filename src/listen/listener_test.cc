#include "listen/listener.h"

#include <algorithm>
#include <functional>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "listen/frame_judge.h"
#include "listen/listen_testing.h"
#include "listen/watchlist_file.h"
#include "yahoo/frame.h"
#include "yahoo/sim_server.h"

#include "test/wait_testing.h"

namespace pregao::listen {
namespace {

using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(JudgeFrame, AFrameTooLargeToDecodeArrivesAndIsADeadLetterAsItCame) {
  ASSERT_GT(yahoo::StreamerOptions().max_frame_bytes, yahoo::kMaxFrameBytes) << "or it would drop the connection";
  const std::string frame(yahoo::kMaxFrameBytes + 1, 'A');
  const JudgedFrame judged = JudgeFrame(frame, TimestampMs(7), TimestampMs(7), "yahoo");
  ASSERT_EQ(judged.kind, JudgedFrame::Kind::kDeadLetter);
  EXPECT_EQ(judged.record.value, frame);
  EXPECT_THAT(judged.record.headers.front().value, HasSubstr("65537 bytes"));
}

// --- WatchlistFile ---------------------------------------------------------------------------------------------------

TEST(WatchlistFile, TakesANewTextOnceItHasSettled) {
  const TestFile file("A\n");
  auto watched = WatchlistFile::Open(file.path()).ValueOrDie();
  EXPECT_FALSE(watched.Poll().changed);
  file.Write("A\nB\n");
  EXPECT_FALSE(watched.Poll().changed);
  file.Write("A\nB\nC\n");  // was still being written
  EXPECT_FALSE(watched.Poll().changed);
  EXPECT_TRUE(watched.Poll().changed);
  EXPECT_THAT(watched.Tickers(), ElementsAre("A", "B", "C"));
  EXPECT_FALSE(watched.Poll().changed);
}

TEST(WatchlistFile, KeepsTheLastGoodListWithOneWarning) {
  const TestFile file("A\n");
  auto watched = WatchlistFile::Open(file.path()).ValueOrDie();
  const std::vector<std::pair<std::function<void()>, std::string>> mishaps{
      {[&] { file.Remove(); }, "does not exist"},
      {[&] { file.Write(""); }, "names no ticker"},
      {[&] { file.Write("A,B\n"); }, ":1: ticker \"A,B\""}};
  for (const auto& [mishap, words] : mishaps) {
    mishap();
    EXPECT_FALSE(watched.Poll().warning.has_value());
    const auto look = watched.Poll();
    ASSERT_TRUE(look.warning.has_value()) << words;
    EXPECT_THAT(*look.warning, HasSubstr(words));
    EXPECT_THAT(*look.warning, HasSubstr("the last good list stays in force"));
    EXPECT_FALSE(look.changed);
    EXPECT_FALSE(watched.Poll().warning.has_value());
    EXPECT_THAT(watched.Tickers(), ElementsAre("A"));
  }
  file.Write("B\nbad,line\n");
  (void)watched.Poll();
  EXPECT_TRUE(watched.Poll().changed);
  EXPECT_THAT(watched.Tickers(), ElementsAre("B"));
  EXPECT_THAT(watched.problems(), ElementsAre(HasSubstr(":2: ")));
}

TEST(WatchlistFile, MustBeGoodAtTheStart) {
  EXPECT_TRUE(WatchlistFile::Open("/nonexistent/carteira.txt").status().IsKeyError());
  const TestFile file("# none\nA;B\n");
  const auto opened = WatchlistFile::Open(file.path());
  EXPECT_TRUE(opened.status().IsInvalid());
  EXPECT_THAT(opened.status().message(), HasSubstr(":2: "));
}

// --- Listener --------------------------------------------------------------------------------------------------------

/// A simulator, a watchlist and a listener between them and two topics.
class ListenerTest : public ::testing::Test {
 protected:
  void Serve(yahoo::SimFaults faults = {}) {
    yahoo::SimServerOptions options;
    options.speed = 100;
    options.faults = faults;
    options.keep_sent = 1'000'000;
    auto server = yahoo::SimServer::Start(options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    options_.stream.url = server_->url();
    options_.stream.backoff_min = milliseconds(1);
    options_.stream.backoff_max = milliseconds(50);
    options_.watchlist = file_.path();
    options_.watch_interval = milliseconds(5);
    options_.flush_interval = milliseconds(10);
    options_.retry_min = milliseconds(1);
    options_.retry_max = milliseconds(5);
    options_.source = "simulator";
  }
  void Listen() {
    auto listener = Listener::Create(options_, &quotes_, &dead_, &clock_);
    ASSERT_TRUE(listener.ok()) << listener.status();
    listener_ = *std::move(listener);
    run_ = std::async(std::launch::async, [this] { return listener_->Run(stop_.get_token()); });
  }
  Status Stop() {
    stop_.request_stop();
    return run_.get();
  }
  ~ListenerTest() override { stop_.request_stop(); }

  std::map<std::string, int> PerTicker() {
    std::map<std::string, int> out;
    for (const auto& record : quotes_.records()) ++out[*record.key];
    return out;
  }

  const TestFile file_{"AAPL\nPETR4.SA\n"};
  SystemClock clock_;
  KeepingTopic quotes_, dead_;
  std::unique_ptr<yahoo::SimServer> server_;
  ListenerOptions options_;
  std::stop_source stop_;
  std::unique_ptr<Listener> listener_;
  std::future<Status> run_;
};

TEST_F(ListenerTest, WritesEveryFrameOfTheStreamUnderItsTicker) {
  Serve();
  Listen();
  ASSERT_TRUE(Eventually([&] { return quotes_.size() > 50; }));
  ASSERT_TRUE(Stop().ok());
  const auto stats = listener_->stats();
  EXPECT_EQ(stats.frames, quotes_.size());
  EXPECT_EQ(stats.messages, quotes_.size());
  EXPECT_EQ(stats.queued, 0U);
  EXPECT_EQ(stats.dead_letters, 0U);
  EXPECT_TRUE(stats.silent.empty());
  // What was sent, in the order of sending, as far as it was read before the stop.
  const auto sent = server_->sent();
  const auto records = quotes_.records();
  ASSERT_LE(records.size(), sent.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    auto quote = std::get<market::Quote>(yahoo::DecodeFrame(sent[i].text).ValueOrDie());
    quote.received_at = records[i].timestamp;
    quote.source = "simulator";
    ASSERT_EQ(*records[i].key, sent[i].ticker);
    ASSERT_EQ(*records[i].value, market::ToJson(quote));
  }
}

TEST_F(ListenerTest, FollowsTheWatchlistFile) {
  Serve();
  Listen();
  ASSERT_TRUE(Eventually([&] { return PerTicker().size() == 2; }));
  file_.Write("AAPL\nMSFT\nbad,line\n");
  ASSERT_TRUE(Eventually([&] { return PerTicker().contains("MSFT"); }));
  EXPECT_EQ(server_->stats().connections, 1U);
  EXPECT_EQ(server_->stats().symbols[1], 2U);
  EXPECT_TRUE(Eventually([&] { return listener_->stats().watchlist_problems.size() == 1; }));
  file_.Remove();
  ASSERT_TRUE(
      Eventually([&] { return listener_->stats().last_problem.find("last good list stays") != std::string::npos; }));
  const auto before = PerTicker()["MSFT"];
  EXPECT_TRUE(Eventually([&] { return PerTicker()["MSFT"] > before + 3; }));
  EXPECT_TRUE(Stop().ok());
}

TEST_F(ListenerTest, ListensToTheRatesThatThePortfolioNeedsBesideTheWatchlist) {
  options_.portfolio_currency = "BRL";
  file_.Write("AAPL\nPETR4.SA 100 32.10\n");
  Serve();
  Listen();
  ASSERT_TRUE(Eventually([&] { return PerTicker().size() == 2; }));  // all that is held is in reais
  file_.Write("AAPL 5\nPETR4.SA 100 32.10\nBP.L 1\n");
  EXPECT_TRUE(Eventually([&] { return PerTicker().contains("BRL=X") && PerTicker().contains("GBPUSD=X"); }));
  EXPECT_EQ(listener_->stats().last_heard.size(), 5U);
  file_.Write("AAPL\nPETR4.SA\n");
  EXPECT_TRUE(Eventually([&] { return listener_->stats().last_heard.size() == 2; }));
  EXPECT_TRUE(Stop().ok());
}

TEST_F(ListenerTest, SendsDamagedFramesToTheDeadLettersAndLosesNothing) {
  Serve({.damaged = 0.3});
  Listen();
  ASSERT_TRUE(Eventually([&] { return dead_.size() > 10 && quotes_.size() > 10; }));
  ASSERT_TRUE(Stop().ok());
  EXPECT_EQ(listener_->stats().frames, quotes_.size() + dead_.size());
  std::vector<std::string> damaged;
  for (const auto& frame : server_->sent()) {
    if (frame.damaged) damaged.push_back(frame.text);
  }
  const auto dead = dead_.records();
  ASSERT_LE(dead.size(), damaged.size());
  for (std::size_t i = 0; i < dead.size(); ++i) {
    EXPECT_EQ(*dead[i].value, damaged[i]);
    EXPECT_EQ(dead[i].headers[0].key, "reason");
    EXPECT_EQ(dead[i].headers[1].value, std::to_string(dead[i].timestamp.value));
  }
}

TEST_F(ListenerTest, NamesSilentSymbols) {
  Serve();
  file_.Write("AAPL\nUNKNOWN1\n");
  options_.silence_report = milliseconds(50);
  Listen();
  ASSERT_TRUE(Eventually([&] { return listener_->stats().last_problem.find("UNKNOWN1") != std::string::npos; }));
  EXPECT_THAT(listener_->stats().silent, Contains("UNKNOWN1"));
  EXPECT_TRUE(listener_->stats().last_heard.contains("AAPL"));
  EXPECT_TRUE(Stop().ok());
}

TEST_F(ListenerTest, HoldsTheStreamBackWhileTheTopicRefusesAndThenWritesAll) {
  Serve();
  options_.queue_frames = 20;
  options_.batch_records = 10;
  Listen();
  ASSERT_TRUE(Eventually([&] { return quotes_.size() > 10; }));
  quotes_.Refuse(Status::IOError("disk full"));
  ASSERT_TRUE(
      Eventually([&] { return listener_->stats().last_problem.find("does not keep up") != std::string::npos; }));
  EXPECT_GT(listener_->stats().write_errors, 0U);
  EXPECT_EQ(listener_->stats().refusal, "disk full");
  EXPECT_LE(listener_->stats().queued, 20U);
  quotes_.Refuse(Status::OK());
  const std::size_t then = quotes_.size();
  ASSERT_TRUE(Eventually([&] { return quotes_.size() > then + 100; }));
  EXPECT_EQ(listener_->stats().refusal, "");
  ASSERT_TRUE(Stop().ok());
  EXPECT_EQ(listener_->stats().frames, quotes_.size());
  const auto sent = server_->sent();
  const auto records = quotes_.records();
  for (std::size_t i = 0; i < records.size(); ++i) ASSERT_EQ(*records[i].key, sent[i].ticker) << i;
}

TEST_F(ListenerTest, EndsWithTheTopicsErrorWhenItsPatienceEnds) {
  Serve();
  options_.give_up_after = milliseconds(20);
  quotes_.Refuse(Status::IOError("disk full"));
  Listen();
  const Status status = run_.get();
  EXPECT_TRUE(status.IsIOError());
  EXPECT_THAT(status.message(), HasSubstr("frames are not in it: disk full"));
}

TEST_F(ListenerTest, StopsInTimeThoughTheTopicRefuses) {
  Serve();
  options_.queue_frames = 5;
  options_.stop_grace = milliseconds(20);
  quotes_.Refuse(Status::IOError("disk full"));
  Listen();
  ASSERT_TRUE(Eventually([&] { return listener_->stats().queued == 5; }));
  EXPECT_TRUE(Stop().IsIOError());
}

TEST_F(ListenerTest, LosesNothingThatWasSentAfterAResubscriptionHoweverConnectionsDrop) {
  Serve({.drop = 0.01, .abort = 0.01});
  std::string tickers;
  for (int i = 0; i < 250; ++i) tickers += "T" + std::to_string(1000 + i) + "\n";
  file_.Write(tickers);
  Listen();
  ASSERT_TRUE(Eventually([&] { return server_->stats().drops > 30; }));
  server_->SetFaults({});
  const auto then = clock_.Now();
  ASSERT_TRUE(Eventually([&] {  // none stays silent
    const auto heard = listener_->stats().last_heard;
    return std::all_of(heard.begin(), heard.end(),
                       [&](const auto& s) { return s.second.has_value() && *s.second > then; });
  }));
  ASSERT_TRUE(Stop().ok());
  EXPECT_EQ(listener_->stats().frames, quotes_.size());
  // A dropped connection may take what was under way with it, and the stop what was sent last: what was read of each
  // connection's frames of a ticker is a prefix of what was sent. So the written ones are these prefixes, in turn.
  std::map<std::string, std::map<std::uint64_t, std::vector<std::string>>> sent;
  for (const auto& frame : server_->sent()) {
    const auto quote = std::get<market::Quote>(yahoo::DecodeFrame(frame.text).ValueOrDie());
    const std::string json = market::ToJson(quote);
    sent[frame.ticker][frame.connection].push_back(json.substr(0, json.size() - 1));
  }
  std::map<std::string, std::vector<std::string>> written;
  for (const auto& record : quotes_.records()) {
    written[*record.key].push_back(record.value->substr(0, record.value->find(",\"received_at\"")));
  }
  EXPECT_EQ(sent.size(), 250U);
  for (const auto& [ticker, connections] : sent) {
    // Where the written ones may have come to: a snapshot after a drop may equal the next frame of the dropped
    // connection, so there can be more than one way.
    std::set<std::size_t> reached{0};
    for (const auto& [id, frames] : connections) {
      const std::set<std::size_t> starts = reached;
      for (std::size_t at : starts) {
        for (const std::string& frame : frames) {
          if (at == written[ticker].size() || written[ticker][at] != frame) break;
          reached.insert(++at);
        }
      }
    }
    EXPECT_TRUE(reached.contains(written[ticker].size())) << ticker << " up to " << *reached.rbegin();
  }
}

TEST_F(ListenerTest, RefusesOptionsThatMakeNoSense) {
  Serve();
  options_.batch_records = 0;
  EXPECT_THAT(Listener::Create(options_, &quotes_, &dead_, &clock_).status().message(), HasSubstr("batch_records"));
  options_.batch_records = 1;
  options_.watchlist = "/nonexistent/carteira.txt";
  EXPECT_TRUE(Listener::Create(options_, &quotes_, &dead_, &clock_).status().IsKeyError());
}

}  // namespace
}  // namespace pregao::listen
