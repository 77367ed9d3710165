#include "yahoo/sim_server.h"

#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "base/clock.h"
#include "yahoo/frame.h"
#include "yahoo/market_sim.h"
#include "yahoo/sim_fault.h"
#include "yahoo/web_socket.h"

#include "test/wait_testing.h"

namespace pregao::yahoo {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<SimServer> Serve(SimServerOptions options = {}) {
  options.speed = 200;
  options.keep_sent = 100'000;
  auto server = SimServer::Start(options);
  EXPECT_TRUE(server.ok()) << server.status();
  return *std::move(server);
}

/// A bare client, in place of Yahoo's own page.
struct Client {
  std::unique_ptr<WebSocket> socket;
  explicit Client(const std::string& url) {
    auto opened = WebSocket::Connect(ParseStreamUrl(url).ValueOrDie(), {}, {});
    EXPECT_TRUE(opened.ok()) << opened.status();
    if (opened.ok()) socket = *std::move(opened);
  }
  void Send(const std::string& text) { EXPECT_TRUE(socket->Write(text).ok()); }
  /// The next message; the end of the connection is its error.
  Result<std::string> Next() {
    TRY_ASSIGN(auto text, socket->Read(std::chrono::steady_clock::now() + std::chrono::minutes(1)));
    if (!text.has_value()) return Status::IOError("no message within a minute");
    return *std::move(text);
  }
  market::Quote NextQuote() {
    const auto text = Next();
    EXPECT_TRUE(text.ok()) << text.status();
    auto frame = DecodeFrame(text.ValueOr(""));
    EXPECT_TRUE(frame.ok()) << frame.status();
    return frame.ok() ? std::get<market::Quote>(*frame) : market::Quote{};
  }
};

std::string List(std::string_view action, int from, int to) {
  std::string out = "{\"" + std::string(action) + "\":[";
  for (int i = from; i < to; ++i) out += (i > from ? ",\"T" : "\"T") + std::to_string(i) + "\"";
  return out + "]}";
}

std::int64_t TimeOf(const market::Quote& quote) { return std::get<std::int64_t>(quote[market::kEventTime]); }

TEST(SimServer, SendsTheLastKnownPriceFirstThenTheGridOfOneSecond) {
  SimServerOptions options;
  options.start = TimestampMs(1'760'000'000'000);
  const auto server = Serve(options);
  Client client(server->url());
  client.Send(R"({"subscribe":["BTC-USD"]})");
  std::int64_t last = TimeOf(client.NextQuote());
  for (int i = 0; i < 5; ++i) {
    const std::int64_t time = TimeOf(client.NextQuote());
    EXPECT_GT(time, last);
    EXPECT_EQ(time % 1000, 0);
    last = time;
  }
  ASSERT_TRUE(Eventually([&] { return server->sent().size() >= 6; }));  // noted after the sending
  EXPECT_TRUE(server->sent()[0].snapshot);
  EXPECT_FALSE(server->sent()[1].snapshot);
}

TEST(SimServer, WrapsInAnEnvelopeOnlyForVersion2) {
  const auto server = Serve();
  Client enveloped(server->url()), bare("ws://127.0.0.1:" + std::to_string(server->port()) + "/");
  for (Client* client : {&enveloped, &bare}) client->Send(R"({"subscribe":["AAPL"]})");
  EXPECT_TRUE(enveloped.Next().ValueOrDie().starts_with(R"({"type":"pricing","message":")"));
  EXPECT_EQ(bare.Next().ValueOrDie().find('{'), std::string::npos);
}

TEST(SimServer, CutsInSilenceAtAHundredSymbolsAndUnsubscribingFreesPlaces) {
  const auto server = Serve();
  Client client(server->url());
  const auto has = [&](std::size_t count) { return [&, count] { return server->stats().symbols[1] == count; }; };
  client.Send(List("subscribe", 0, 60));
  client.Send(List("subscribe", 60, 101));
  ASSERT_TRUE(Eventually(has(100)));
  client.Send(List("subscribe", 200, 201));
  std::set<std::string> heard;
  while (heard.size() < 100) heard.insert(std::string(client.NextQuote().ticker()));
  EXPECT_FALSE(heard.contains("T100"));
  EXPECT_FALSE(heard.contains("T200"));
  client.Send(List("unsubscribe", 0, 50));
  ASSERT_TRUE(Eventually(has(50)));
  client.Send(List("subscribe", 200, 201));
  ASSERT_TRUE(Eventually(has(51)));
  while (!heard.contains("T200")) heard.insert(std::string(client.NextQuote().ticker()));
}

TEST(SimServer, GivesAnUnknownSymbolAPlaceAndSilence) {
  const auto server = Serve();
  Client client(server->url());
  client.Send(R"({"subscribe":["UNKNOWN1","AAPL"]})");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.NextQuote().ticker(), "AAPL");
  EXPECT_EQ(server->stats().symbols[1], 2U);
}

class SimServerMalformed : public ::testing::TestWithParam<const char*> {};
TEST_P(SimServerMalformed, ClosesWithoutAStatusCode) {
  const auto server = Serve();
  Client client(server->url());
  client.Send(GetParam());
  const auto answer = client.Next();
  ASSERT_FALSE(answer.ok()) << *answer;
  EXPECT_THAT(answer.status().message(), HasSubstr("closed the connection without a code"));
  EXPECT_EQ(server->stats().malformed_requests, 1U);
}
INSTANTIATE_TEST_SUITE_P(All, SimServerMalformed,
                         ::testing::Values("", "hello", "[]", R"({"subscribe":"AAPL"})", R"({"subscribe":[null]})",
                                           R"({"subscribe":null})", R"({"buy":["AAPL"]})",
                                           R"({"subscribe":["AAPL"]}x)"));

TEST(SimServer, TakesNoOffenceAtNothing) {
  const auto server = Serve();
  Client client(server->url());
  for (const char* text : {R"({"subscribe":[]})", "{}", R"({"unsubscribe":["NEVER"]})"}) client.Send(text);
  client.Send(R"({"subscribe":["AAPL"]})");
  EXPECT_EQ(client.NextQuote().ticker(), "AAPL");
  EXPECT_EQ(server->stats().malformed_requests, 0U);
}

TEST(SimServer, IsNeverAheadOfTheWallClock) {
  SimServerOptions options;
  options.start = TimestampMs(SystemClock().Now().value - 20'000);
  const auto server = Serve(options);
  Client client(server->url());
  client.Send(R"({"subscribe":["BTC-USD"]})");
  for (std::int64_t time = 0; time < options.start->value + 21'000;) {  // until after it has caught up
    time = TimeOf(client.NextQuote());
    const std::int64_t now = SystemClock().Now().value;
    ASSERT_LE(time, now);
  }
}

TEST(SimServer, CommitsTheFaultsItIsAskedFor) {
  SimServerOptions options;
  options.faults = {.duplicate = 0.2, .out_of_order = 0.2, .future = 0.2, .damaged = 0.2};
  const auto server = Serve(options);
  Client client(server->url());
  client.Send(R"({"subscribe":["BTC-USD","AAPL","MSFT"]})");
  int damaged = 0, future = 0, backward = 0, doubles = 0;
  std::map<std::string, std::int64_t> last;
  std::string previous;
  for (int i = 0; i < 400; ++i) {
    const std::string text = client.Next().ValueOrDie();
    if (text == previous) ++doubles;
    previous = text;
    const auto frame = DecodeFrame(text);
    if (!frame.ok()) {
      ++damaged;
      continue;
    }
    const auto& quote = std::get<market::Quote>(*frame);
    if (TimeOf(quote) > last[std::string(quote.ticker())] + 1'800'000 && last[std::string(quote.ticker())] > 0)
      ++future;
    if (TimeOf(quote) < last[std::string(quote.ticker())]) ++backward;
    last[std::string(quote.ticker())] = TimeOf(quote);
  }
  EXPECT_GT(damaged, 20);
  EXPECT_GT(future, 20);
  EXPECT_GT(backward, 20);
  EXPECT_GT(doubles, 20);
  EXPECT_GE(server->stats().damaged, static_cast<std::uint64_t>(damaged) / 2);
}

TEST(SimServer, DropsCleanlyAndAbruptly) {
  const auto server = Serve();
  for (const bool abrupt : {false, true}) {
    Client client(server->url());
    client.Send(R"({"subscribe":["AAPL"]})");
    (void)client.NextQuote();
    server->DropAll(abrupt);
    auto answer = client.Next();
    while (answer.ok()) answer = client.Next();
    EXPECT_THAT(answer.status().message(), HasSubstr(abrupt ? "the connection broke" : "with code 1001"));
  }
  EXPECT_TRUE(Eventually([&] { return server->stats().open == 0; }));
}

TEST(Damage, IsAlwaysRefused) {
  MarketSim market(1, TimestampMs(1'760'000'000'000));
  SimRandom random(1);
  for (const char* ticker : {"AAPL", "BTC-USD", "BRL=X", "PETR4.SA"}) {
    for (int i = 0; i < 200; ++i) {
      EXPECT_TRUE(DecodeFrame(Damage(*market.Last(ticker), i % 2 == 0 ? Envelope::kBare : Envelope::kJson, &random))
                      .status()
                      .IsInvalid());
    }
  }
}

TEST(SimServer, RefusesOptionsThatMakeNoSense) {
  for (const auto& [change, words] : std::vector<std::pair<std::function<void(SimServerOptions*)>, std::string>>{
           {[](auto* o) { o->speed = 0; }, "speed"},
           {[](auto* o) { o->faults.drop = 1.5; }, "fault drop = 1.5"},
           {[](auto* o) { o->host = "localhost"; }, "127.0.0.1"},
           {[](auto* o) { o->key_pem = "x"; }, "certificate"},
           {[](auto* o) { o->certificate_pem = o->key_pem = "x"; }, "PEM"}}) {
    SimServerOptions options;
    change(&options);
    const auto server = SimServer::Start(options);
    ASSERT_TRUE(server.status().IsInvalid()) << words;
    EXPECT_THAT(server.status().message(), HasSubstr(words));
  }
  const auto first = Serve();
  SimServerOptions same;
  same.port = first->port();
  const auto second = SimServer::Start(same);
  ASSERT_TRUE(second.status().IsIOError());
  EXPECT_THAT(second.status().message(), HasSubstr("choose another port"));
}

}  // namespace
}  // namespace pregao::yahoo
