#include "yahoo/market_sim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "yahoo/frame.h"
#include "yahoo/message_source.h"

namespace pregao::yahoo {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr TimestampMs kStart(1'760'000'000'000);

TEST(ClassOf, GuessesFromTheForm) {
  for (const auto& [ticker, expected] : {std::pair{"AAPL", SimClass::kUsEquity},
                                         {"SPY", SimClass::kUsEtf},
                                         {"PETR4.SA", SimClass::kB3Equity},
                                         {"BOVA11.SA", SimClass::kB3Etf},
                                         {"^BVSP", SimClass::kIndex},
                                         {"BRL=X", SimClass::kCurrency},
                                         {"BTC-USD", SimClass::kCrypto},
                                         {"BRK-B", SimClass::kUsEquity},
                                         {"CL=F", SimClass::kFuture}}) {
    EXPECT_EQ(ClassOf(ticker), expected) << ticker;
  }
  EXPECT_TRUE(IsUnknown("UNKNOWN7.SA"));
  EXPECT_FALSE(IsUnknown("AAPL"));
}

TEST(MarketSim, GivesTheSameQuotesHoweverItIsAsked) {
  MarketSim every_second(7, kStart), late(7, kStart), another_seed(8, kStart);
  for (int i = 0; i < 500; ++i) {
    every_second.Tick(), late.Tick(), another_seed.Tick();
    (void)every_second.Snapshot("MSFT");
    (void)every_second.Snapshot("AAPL");
  }
  EXPECT_EQ(*every_second.Last("AAPL"), *late.Last("AAPL"));
  EXPECT_EQ(every_second.Snapshot("AAPL") == nullptr, late.Snapshot("AAPL") == nullptr);
  EXPECT_NE(*late.Last("AAPL"), *another_seed.Last("AAPL"));
  EXPECT_NE((*late.Last("AAPL"))[market::kPrice], (*late.Last("MSFT"))[market::kPrice]);
}

TEST(MarketSim, BeginsWithAStalePriceAndThenMovesOnAGridOfOneSecond) {
  MarketSim market(1, kStart);
  const auto time = [](const market::Quote& quote) { return std::get<std::int64_t>(quote[market::kEventTime]); };
  EXPECT_LE(time(*market.Last("PETR4.SA")), kStart.value - 3'600'000);
  EXPECT_EQ(market.Snapshot("PETR4.SA"), nullptr);
  int spoke = 0;
  std::set<double> prices;
  for (int i = 1; i <= 1'000; ++i) {
    market.Tick();
    const market::Quote* quote = market.Snapshot("PETR4.SA");
    if (quote == nullptr) continue;
    ++spoke;
    ASSERT_EQ(time(*quote), kStart.value + i * 1'000);
    const double price = std::get<double>((*quote)[market::kPrice]);
    ASSERT_GT(price, 0);
    ASSERT_EQ(price, market::ShortestDouble(static_cast<float>(price)));
    prices.insert(price);
  }
  EXPECT_GT(spoke, 200);
  EXPECT_GT(prices.size(), 5U);
}

TEST(MarketSim, QuotesEveryClassAsYahooDoesAndTheFrameRoundTrips) {
  MarketSim market(1, kStart);
  market.Tick();
  for (const std::string_view ticker : DefaultTickers()) {
    const market::Quote* last = market.Last(std::string(ticker));
    ASSERT_NE(last, nullptr);
    const auto frame = DecodeFrame(EncodeFrame(*last, Envelope::kJson));
    ASSERT_TRUE(frame.ok()) << frame.status();
    EXPECT_EQ(std::get<market::Quote>(*frame), *last) << ticker;
  }
  EXPECT_EQ((*market.Last("BTC-USD"))[market::kFromCurrency], market::Quote::Value("BTC"));
  EXPECT_EQ((*market.Last("PETR4.SA"))[market::kExchange], market::Quote::Value("SAO"));
  EXPECT_EQ((*market.Last("BRL=X"))[market::kDayVolume], market::Quote::Value());
  EXPECT_EQ(market.Last("UNKNOWN1"), nullptr);
}

TEST(MarketSim, BeginsASessionWithItsFirstSecond) {
  MarketSim market(1, kStart);
  const auto before = std::get<std::int64_t>((*market.Last("PETR4.SA"))[market::kDayVolume]);
  while (market.Snapshot("PETR4.SA") == nullptr) market.Tick();
  const auto first = std::get<std::int64_t>((*market.Last("PETR4.SA"))[market::kDayVolume]);
  EXPECT_LT(first, before) << "the day before is another session's";
  EXPECT_EQ(market.Symbol("PETR4.SA")->minutes().all().front().volume, first)
      << "what the chart will say of that minute";
  EXPECT_EQ((*market.Last("^BVSP"))[market::kExchange], market::Quote::Value("SAO"));
}

TEST(MessageSource, IsDeterministicAndCountsItsDuplicatesAndRejects) {
  SimMessageOptions options;
  options.rejects = 0.01;
  MessageSource a(options), b(options);
  std::map<std::string, int> heads;
  std::size_t bytes = 0;
  std::uint64_t repeated = 0;
  constexpr int kCount = 20'000;
  for (int i = 0; i < kCount; ++i) {
    const SimMessage one = a.Next(), two = b.Next();
    ASSERT_EQ(one.value, two.value);
    ASSERT_EQ(one.key, two.key);
    bytes += one.value.size();
    const std::string head(one.value.substr(0, one.value.find(",\"received_at\"")));
    // Spoilt times are all alike, so two of them may be equal by chance.
    if (head.find("\"time\":-5") == std::string::npos && heads[head]++ > 0) ++repeated;
  }
  EXPECT_EQ(repeated, a.duplicates());
  EXPECT_NEAR(static_cast<double>(a.duplicates()), kCount * 0.01, 60);
  EXPECT_NEAR(static_cast<double>(a.rejects()), kCount * 0.01, 60);
  EXPECT_NEAR(static_cast<double>(bytes) / kCount, 240, 60);
}

TEST(MessageSource, IsBriefOnRequest) {
  SimMessageOptions options;
  options.brief = true;
  MessageSource brief(options), full(SimMessageOptions{});
  std::size_t bytes = 0;
  constexpr int kCount = 20'000;
  for (int i = 0; i < kCount; ++i) {
    const std::string one(brief.Next().value), all(full.Next().value);
    ASSERT_TRUE(all.starts_with(one.substr(0, one.find(",\"market_hours\"")))) << one << all;
    ASSERT_THAT(one, Not(HasSubstr("quote_type")));
    bytes += one.size();
  }
  EXPECT_NEAR(static_cast<double>(bytes) / kCount, 200, 10);
}

TEST(MessageSource, WritesMessagesOfTheContract) {
  SimMessageOptions options;
  options.tickers = {"PETR4.SA"};
  MessageSource source(options);
  const SimMessage message = source.Next();
  EXPECT_EQ(message.key, "PETR4.SA");
  EXPECT_TRUE(message.value.starts_with("{\"ticker\":\"PETR4.SA\",\"price\":")) << message.value;
  EXPECT_TRUE(message.value.ends_with(",\"received_at\":" + std::to_string(message.timestamp.value) +
                                      ",\"source\":\"simulator\"}"))
      << message.value;
  EXPECT_THAT(std::string(message.value), HasSubstr("\"quote_type\":\"EQUITY\""));
  EXPECT_THAT(std::string(message.value), Not(HasSubstr("null")));
}

}  // namespace
}  // namespace pregao::yahoo
