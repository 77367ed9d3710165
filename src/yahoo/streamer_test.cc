#include "yahoo/streamer.h"

#include <arpa/inet.h>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "yahoo/frame.h"
#include "yahoo/sim_server.h"
#include "yahoo/stream_pool.h"

#include "test/wait_testing.h"

namespace pregao::yahoo {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::unique_ptr<SimServer> Serve(SimFaults faults = {}, std::uint16_t port = 0) {
  SimServerOptions options;
  options.speed = 100;
  options.faults = faults;
  options.port = port;
  options.keep_sent = 1'000'000;
  auto server = SimServer::Start(options);
  EXPECT_TRUE(server.ok()) << server.status();
  return *std::move(server);
}

StreamerOptions Fast(const std::string& url) {
  StreamerOptions options;
  options.url = url;
  options.backoff_min = milliseconds(1);
  options.backoff_max = milliseconds(50);
  options.seed = 1;
  return options;
}

/// A streamer on a thread, and what it has told.
class Listening {
 public:
  explicit Listening(StreamerOptions options) {
    auto streamer = Streamer::Create(
        std::move(options), &clock_,
        {[this](std::string text, TimestampMs) { Frame(text); }, [this](const LinkEvent& event) { Link(event); }});
    EXPECT_TRUE(streamer.ok()) << streamer.status();
    streamer_ = *std::move(streamer);
    thread_ = std::jthread([this](std::stop_token stop) { streamer_->Run(std::move(stop)); });
  }
  Streamer* operator->() { return streamer_.get(); }
  int Heard(const std::string& ticker) {
    const std::lock_guard lock(mutex_);
    return heard_[ticker];
  }
  int Count(LinkState state) {
    const std::lock_guard lock(mutex_);
    return links_[state];
  }
  std::string LastProblem() {
    const std::lock_guard lock(mutex_);
    return problem_;
  }
  void Stop() {
    thread_.request_stop();
    thread_.join();
  }

 private:
  void Frame(const std::string& text) {
    const auto frame = DecodeFrame(text);
    ASSERT_TRUE(frame.ok());
    const std::lock_guard lock(mutex_);
    ++heard_[std::string(std::get<market::Quote>(*frame).ticker())];
  }
  void Link(const LinkEvent& event) {
    const std::lock_guard lock(mutex_);
    ++links_[event.state];
    if (event.state == LinkState::kDown) problem_ = event.detail;
  }

  SystemClock clock_;
  std::mutex mutex_;
  std::map<std::string, int> heard_;  // guarded by mutex_
  std::map<LinkState, int> links_;    // guarded by mutex_
  std::string problem_;               // guarded by mutex_
  std::unique_ptr<Streamer> streamer_;
  std::jthread thread_;
};

TEST(Streamer, HearsWhatItAskedFor) {
  const auto server = Serve();
  Listening listening(Fast(server->url()));
  listening->SetSymbols({"AAPL", "PETR4.SA"});
  EXPECT_TRUE(Eventually([&] { return listening.Heard("AAPL") > 3 && listening.Heard("PETR4.SA") > 3; }));
}

TEST(Streamer, SubscribesTheDifferenceOnly) {
  const auto server = Serve();
  Listening listening(Fast(server->url()));
  listening->SetSymbols({"A", "B"});
  ASSERT_TRUE(Eventually([&] { return listening.Heard("A") > 0 && listening.Heard("B") > 0; }));
  listening->SetSymbols({"B", "C"});
  ASSERT_TRUE(Eventually([&] { return listening.Heard("C") > 3; }));
  EXPECT_EQ(server->stats().symbols[1], 2U);
  const int then = listening.Heard("A"), others = listening.Heard("B");
  ASSERT_TRUE(Eventually([&] { return listening.Heard("B") > others + 20; }));
  EXPECT_EQ(listening.Heard("A"), then);
  EXPECT_EQ(server->stats().connections, 1U);
}

TEST(Streamer, SendsItsSubscriptionAgain) {
  const auto server = Serve();
  auto options = Fast(server->url());
  options.resubscribe = milliseconds(20);
  Listening listening(options);
  listening->SetSymbols({"A"});
  ASSERT_TRUE(Eventually([&] { return server->stats().requests > 5; }));
  EXPECT_EQ(server->stats().malformed_requests, 0U);
  EXPECT_EQ(server->stats().connections, 1U);
  EXPECT_EQ(server->stats().symbols[1], 1U);
}

/// A server to which one can connect and which never says a word: the system's backlog accepts for it.
class MuteServer {
 public:
  MuteServer() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(socket_, 8), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~MuteServer() { close(socket_); }
  MuteServer(const MuteServer&) = delete;
  MuteServer& operator=(const MuteServer&) = delete;
  [[nodiscard]] std::string url(const std::string& scheme) const {
    return scheme + "://127.0.0.1:" + std::to_string(port_) + "/";
  }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

TEST(Streamer, GivesUpAServerThatAcceptsAndSaysNothing) {
  const MuteServer mute;
  for (const auto& [scheme, step] : {std::pair{"ws", "the WebSocket handshake"}, {"wss", "TLS"}}) {
    auto options = Fast(mute.url(scheme));
    options.connect_timeout = milliseconds(30);
    EXPECT_THAT(Probe(options).message(), HasSubstr(std::string(step) + " took longer than 30 ms"));
  }
}

TEST(Streamer, StopsInTheMidstOfAHandshake) {
  const MuteServer mute;
  for (const std::string scheme : {"ws", "wss"}) {
    auto options = Fast(mute.url(scheme));
    options.connect_timeout = std::chrono::hours(1);
    Listening listening(options);
    listening->SetSymbols({"A"});
    ASSERT_TRUE(Eventually([&] { return listening.Count(LinkState::kConnecting) == 1; }));
    listening.Stop();  // returns, or the test's time-out says so
    EXPECT_EQ(listening.LastProblem(), kStopped);
  }
}

TEST(Streamer, ComesBackAfterEveryDrop) {
  const auto server = Serve();
  Listening listening(Fast(server->url()));
  listening->SetSymbols({"A", "B"});
  for (int drop = 1; drop <= 6; ++drop) {
    const int before = listening.Heard("A");
    ASSERT_TRUE(Eventually([&] { return listening.Heard("A") > before + 3; })) << drop;
    server->DropAll(drop % 2 == 0);
    ASSERT_TRUE(Eventually([&] { return listening.Count(LinkState::kDown) >= drop; }));
  }
  EXPECT_TRUE(Eventually([&] { return listening.Count(LinkState::kOpen) >= 7; }));
}

TEST(Streamer, WaitsForAServerThatIsNotThereAndSaysWhy) {
  auto gone = Serve();
  const std::uint16_t port = gone->port();
  Listening listening(Fast(gone->url()));
  gone.reset();
  listening->SetSymbols({"A"});
  ASSERT_TRUE(Eventually([&] { return listening.Count(LinkState::kDown) > 3; }));
  EXPECT_THAT(listening.LastProblem(), HasSubstr("connecting failed: Connection refused"));
  const auto back = Serve({}, port);
  EXPECT_TRUE(Eventually([&] { return listening.Heard("A") > 0; }));
}

TEST(Streamer, ReplacesAConnectionThatIsOpenAndDumb) {
  const auto server = Serve({.silent = 1});
  auto options = Fast(server->url());
  options.silence = options.silence_max = milliseconds(30);
  Listening listening(options);
  listening->SetSymbols({"A"});
  ASSERT_TRUE(Eventually([&] { return server->stats().connections > 2; }));
  EXPECT_THAT(listening.LastProblem(), HasSubstr("connected and silent for 30 ms"));
  server->SetFaults({});
  EXPECT_TRUE(Eventually([&] { return listening.Heard("A") > 3; }));
}

TEST(Streamer, IsPatientWithClosedMarkets) {
  const auto server = Serve({.silent = 1});
  auto options = Fast(server->url());
  options.silence = milliseconds(5);
  options.silence_max = milliseconds(40);
  Listening listening(options);
  listening->SetSymbols({"A"});
  EXPECT_TRUE(Eventually([&] { return listening.LastProblem().find("silent for 40 ms") != std::string::npos; }));
}

TEST(Streamer, ReplacesAConnectionWhoseMessagesAreTooLarge) {
  const auto server = Serve();
  auto options = Fast(server->url());
  options.max_frame_bytes = 20;
  Listening listening(options);
  listening->SetSymbols({"A"});
  EXPECT_TRUE(Eventually([&] { return listening.Count(LinkState::kDown) > 1; }));
  EXPECT_THAT(listening.LastProblem(), HasSubstr("a message above 20 bytes"));
}

TEST(Streamer, ClosesWhenNoSymbolIsLeft) {
  const auto server = Serve();
  Listening listening(Fast(server->url()));
  listening->SetSymbols({"A"});
  ASSERT_TRUE(Eventually([&] { return listening.Heard("A") > 0; }));
  listening->SetSymbols({});
  EXPECT_TRUE(Eventually([&] { return server->stats().open == 0; }));
  listening->SetSymbols({"B"});
  EXPECT_TRUE(Eventually([&] { return listening.Heard("B") > 0; }));
}

TEST(Streamer, StopsWhateverItIsDoing) {
  const auto server = Serve({.silent = 1});
  Listening idle(Fast(server->url())), silent(Fast(server->url()));
  silent->SetSymbols({"A"});
  auto waiting_options = Fast("ws://127.0.0.1:1/");
  waiting_options.backoff_min = waiting_options.backoff_max = std::chrono::hours(1);
  Listening backing_off(waiting_options);
  backing_off->SetSymbols({"A"});
  ASSERT_TRUE(
      Eventually([&] { return silent.Count(LinkState::kOpen) == 1 && backing_off.Count(LinkState::kDown) == 1; }));
  for (Listening* each : {&idle, &silent, &backing_off}) each->Stop();  // returns, or the test's time-out says so
  EXPECT_EQ(silent.LastProblem(), kStopped);
}

TEST(Streamer, RefusesOptionsThatMakeNoSense) {
  SystemClock clock;
  auto options = Fast("http://x");
  EXPECT_THAT(Streamer::Create(options, &clock, {}).status().message(), HasSubstr("http://x"));
  options = Fast("ws://x");
  options.backoff_max = milliseconds(0);
  EXPECT_THAT(Streamer::Create(options, &clock, {}).status().message(), HasSubstr("backoff_max"));
}

TEST(Probe, TellsAServerFromNone) {
  auto server = Serve();
  const auto options = Fast(server->url());
  EXPECT_TRUE(Probe(options).ok());
  server.reset();
  EXPECT_THAT(Probe(options).message(), HasSubstr("Connection refused"));
  EXPECT_THAT(Probe(Fast("ws://no-such-host.invalid/")).message(), HasSubstr("no-such-host.invalid"));
}

// --- The pool --------------------------------------------------------------------------------------------------------

/// A pool whose frames report to it, as the listener's do.
struct Pooled {
  SystemClock clock;
  std::unique_ptr<StreamPool> pool;
  explicit Pooled(const std::string& url, std::size_t symbols_per_connection = kSymbolsPerConnection) {
    StreamerOptions options = Fast(url);
    options.symbols_per_connection = symbols_per_connection;
    auto created = StreamPool::Create(options, &clock, [this](const std::string& text, TimestampMs at) {
      const auto frame = DecodeFrame(text);
      if (frame.ok()) pool->Heard(std::get<market::Quote>(*frame).ticker(), at);
    });
    EXPECT_TRUE(created.ok()) << created.status();
    pool = *std::move(created);
  }
  ~Pooled() {
    pool->RequestStop();
    EXPECT_TRUE(Eventually([&] { return !pool->running(); }));
  }
  void Set(std::vector<std::string> symbols) { EXPECT_TRUE(pool->SetSymbols(symbols).ok()); }
  std::vector<std::string> Silent() { return pool->stats().Silent(); }
};

std::vector<std::string> Symbols(int from, int to) {
  std::vector<std::string> out;
  for (int i = from; i < to; ++i) out.push_back("T" + std::to_string(1000 + i));
  return out;
}

TEST(StreamPool, HearsEveryOneOf250SymbolsOverThreeConnections) {
  const auto server = Serve();
  Pooled pooled(server->url());
  pooled.Set(Symbols(0, 250));
  ASSERT_TRUE(Eventually([&] { return pooled.Silent().empty(); }));
  EXPECT_EQ(pooled.pool->stats().connections, 3U);
  std::size_t total = 0;
  for (const auto& [id, count] : server->stats().symbols) {
    EXPECT_LE(count, kSymbolsPerConnection);
    total += count;
  }
  EXPECT_EQ(total, 250U);
}

TEST(StreamPool, PutsNoMoreSymbolsOnAConnectionThanItIsTold) {
  const auto server = Serve();
  Pooled pooled(server->url(), 10);
  pooled.Set(Symbols(0, 25));
  ASSERT_TRUE(Eventually([&] { return pooled.Silent().empty(); }));
  EXPECT_EQ(pooled.pool->stats().connections, 3U);
  for (const auto& [id, count] : server->stats().symbols) EXPECT_LE(count, 10U);
}

TEST(StreamPool, RefusesMoreSymbolsThanYahooTakes) {
  SystemClock clock;
  StreamerOptions options = Fast("ws://127.0.0.1:1/");
  for (const std::size_t wrong : {std::size_t{0}, kSymbolsPerConnection + 1}) {
    options.symbols_per_connection = wrong;
    EXPECT_TRUE(StreamPool::Create(options, &clock, [](const std::string&, TimestampMs) {}).status().IsInvalid());
  }
}

TEST(StreamPool, NamesTheSymbolsThatNeverSpoke) {
  const auto server = Serve();
  Pooled pooled(server->url());
  pooled.Set({"AAPL", "UNKNOWN2", "MSFT", "UNKNOWN1"});
  ASSERT_TRUE(Eventually([&] { return pooled.Silent().size() == 2; }));
  EXPECT_THAT(pooled.Silent(), ElementsAre("UNKNOWN1", "UNKNOWN2"));
}

TEST(StreamPool, GrowsAndShrinksWithTheWatchlistAndKeepsWhatStays) {
  const auto server = Serve();
  Pooled pooled(server->url());
  pooled.Set(Symbols(0, 250));
  ASSERT_TRUE(Eventually([&] { return pooled.Silent().empty() && server->stats().open == 3; }));
  pooled.Set(Symbols(0, 120));
  EXPECT_EQ(pooled.pool->stats().connections, 2U);
  EXPECT_EQ(pooled.pool->stats().last_heard.size(), 120U);
  EXPECT_TRUE(Eventually([&] { return server->stats().open == 2; }));
  pooled.Set(Symbols(0, 180));  // fits into the places that are left
  EXPECT_TRUE(Eventually([&] { return pooled.Silent().empty(); }));
  EXPECT_EQ(server->stats().connections, 3U);
  pooled.Set({});
  EXPECT_TRUE(Eventually([&] { return server->stats().open == 0; }));
  EXPECT_EQ(pooled.pool->stats().connections, 0U);
  EXPECT_EQ(pooled.pool->stats().reconnects, 0U);
}

TEST(StreamPool, LeavesNoSymbolSilentHoweverTheConnectionsDrop) {
  const auto server = Serve({.drop = 0.01, .abort = 0.01});
  Pooled pooled(server->url());
  pooled.Set(Symbols(0, 250));
  ASSERT_TRUE(Eventually([&] { return server->stats().drops > 30; }));
  const auto then = pooled.clock.Now();
  EXPECT_TRUE(Eventually([&] {
    for (const auto& [symbol, heard] : pooled.pool->stats().last_heard) {
      if (!heard.has_value() || *heard <= then) return false;
    }
    return true;
  }));
  EXPECT_GE(pooled.pool->stats().reconnects, 20U);
}

}  // namespace
}  // namespace pregao::yahoo
