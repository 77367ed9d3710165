#include "yahoo/sim_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include "yahoo/chart_client.h"
#include "yahoo/chart_decode.h"
#include "yahoo/sim_server.h"

namespace pregao::yahoo {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kStart = 1'795'000'020;  // a minute's begin in November 2026

class SimChartTest : public ::testing::Test {
 protected:
  Chart Ask(const std::string& ticker, std::string_view interval, std::int64_t from_s, std::int64_t to_s) {
    const ChartQuery query{ticker, ChartIntervalOf(interval).ValueOrDie(), from_s, to_s};
    const SimAnswer answer = chart_.Answer("/v8/finance/chart/" + ticker + "?interval=" + std::string(interval) +
                                           "&period1=" + std::to_string(from_s) + "&period2=" + std::to_string(to_s));
    EXPECT_EQ(answer.status, 200) << answer.body;
    return std::get<Chart>(DecodeChart(answer.body, query, market_.now()).ValueOrDie());
  }
  std::string Refused(const std::string& target, int status) {
    const SimAnswer answer = chart_.Answer("/v8/finance/chart/" + target);
    EXPECT_EQ(answer.status, status);
    return answer.body;
  }

  MarketSim market_{7, TimestampMs(kStart * 1000)};
  SimChart chart_{&market_};
};

TEST_F(SimChartTest, MinutesAreWhatAListenerToEveryQuoteHeard) {
  struct Heard {
    double open, high, low, close;
  };
  for (const char* const ticker : {"PETR4.SA", "BTC-USD", "BRL=X"}) {
    MarketSim market(7, TimestampMs(kStart * 1000));
    std::map<std::int64_t, Heard> heard;
    for (int second = 0; second < 1000; ++second) {
      market.Tick();
      const market::Quote* const quote = market.Snapshot(ticker);
      if (quote == nullptr) continue;
      const double price = std::get<double>((*quote)[market::kPrice]);
      const std::int64_t time = std::get<std::int64_t>((*quote)[market::kEventTime]) / 1000;
      const auto [it, added] = heard.try_emplace(time / 60 * 60, Heard{price, price, price, price});
      it->second = {it->second.open, std::max(it->second.high, price), std::min(it->second.low, price), price};
    }
    while (market_.now() < market.now()) market_.Tick();
    const Chart chart = Ask(ticker, "1m", kStart, kStart + 2000);
    ASSERT_EQ(chart.bars.size(), heard.size()) << ticker;
    std::size_t i = 0;
    for (const auto& [start, truth] : heard) {
      const market::Bar& bar = chart.bars[i++];
      EXPECT_EQ(bar.start_us, start * 1'000'000);
      EXPECT_FLOAT_EQ(static_cast<float>(bar.open), static_cast<float>(truth.open));
      EXPECT_FLOAT_EQ(static_cast<float>(bar.high), static_cast<float>(truth.high));
      EXPECT_FLOAT_EQ(static_cast<float>(bar.low), static_cast<float>(truth.low));
      EXPECT_FLOAT_EQ(static_cast<float>(bar.close), static_cast<float>(truth.close));
    }
  }
}

TEST_F(SimChartTest, WiderBarsAreTheirMinutes) {
  for (int second = 0; second < 500; ++second) market_.Tick();
  const std::int64_t hour = kStart / 3600 * 3600;
  const auto minutes = Ask("AAPL", "1m", hour, hour + 3600).bars;
  const auto hours = Ask("AAPL", "1h", hour, hour + 3600).bars;
  ASSERT_EQ(hours.size(), 1u);
  double high = 0;
  std::int64_t volume = 0;
  for (const market::Bar& bar : minutes) {
    high = std::max(high, bar.high);
    volume += *bar.volume;
  }
  EXPECT_EQ(hours[0].open, minutes.front().open);
  EXPECT_EQ(hours[0].close, minutes.back().close);
  EXPECT_EQ(hours[0].high, high);
  EXPECT_EQ(hours[0].volume, volume);
}

TEST_F(SimChartTest, TheStreamGoesOnWhereThePastEndsAndItsReferenceIsTheLastCloseOfADay) {
  for (int second = 0; second < 60; ++second) market_.Tick();
  for (const std::string ticker : {"PETR4.SA", "NVDA", "^BVSP", "BTC-USD", "BRL=X"}) {
    const double last = Ask(ticker, "1m", kStart - 60, kStart).bars.at(0).close;
    const double first = Ask(ticker, "1m", kStart, kStart + 60).bars.at(0).open;
    EXPECT_NEAR(first / last, 1, 0.01) << ticker;
    const std::int64_t today = kStart - kStart % 86'400;
    const market::Quote& quote = *market_.Last(ticker);
    EXPECT_NEAR(std::get<double>(quote[market::kPrice]) - std::get<double>(quote[market::kChange]),
                Ask(ticker, "1d", today - 86'400, today).bars.at(0).close, 1e-3 * last)
        << ticker;
  }
}

TEST_F(SimChartTest, ThePastIsTheSameWhoeverAsks) {
  const auto once = Ask("VALE3.SA", "1m", kStart - 86'400, kStart - 80'000).bars;
  EXPECT_EQ(once.size(), 107u);
  EXPECT_EQ(Ask("VALE3.SA", "1m", kStart - 86'400, kStart - 80'000).bars, once);
  EXPECT_TRUE(Ask("VALE3.SA", "1d", 1'000'000'000, 1'100'000'000).bars.empty());  // before the first trade of all
}

TEST_F(SimChartTest, RefusalsAreInYahoosWords) {
  EXPECT_THAT(Refused("UNKNOWN1?interval=1d", 404), HasSubstr("No data found, symbol may be delisted"));
  EXPECT_THAT(Refused("AAPL?interval=3m", 422), HasSubstr("interval=3m is not supported"));
  EXPECT_THAT(
      Refused("AAPL?interval=1m&period1=" + std::to_string(kStart - 9 * 86'400) + "&period2=" + std::to_string(kStart),
              422),
      HasSubstr("Only 8 days"));
  EXPECT_THAT(Refused("AAPL?interval=1m&period1=" + std::to_string(kStart - 31 * 86'400) +
                          "&period2=" + std::to_string(kStart - 30 * 86'400),
                      422),
              HasSubstr("within the last 30 days"));
  EXPECT_THAT(Refused("AAPL?period1=20&period2=10", 400), HasSubstr("start date"));
  EXPECT_EQ(chart_.Answer("/v8/finance/chart/").status, 404);
  EXPECT_EQ(chart_.Answer("/").status, 404);
}

TEST(SimChartServer, A429StormStaysUnderTheBucketAndEndsInBars) {
  SimServerOptions options;
  options.faults.throttle = 0.5;
  options.faults.broken = 0.2;
  options.faults.retry_after_s = 2;
  const auto server = SimServer::Start(options).ValueOrDie();
  ManualPace pace;
  const SystemClock clock;
  ChartClientOptions client_options;
  client_options.url = server->http_url();
  client_options.max_attempts = 50;
  client_options.patience = std::chrono::hours(100);
  client_options.requests_per_minute = 30;
  ChartClient client(client_options, &clock, &pace);
  constexpr int kQueries = 40;
  for (int i = 0; i < kQueries; ++i) {
    const std::int64_t from = 1'700'006'400 + i * 86'400;
    const auto chart = client.Fetch({"AAPL", ChartIntervalOf("1d").ValueOrDie(), from, from + 86'400}, {});
    ASSERT_TRUE(chart.ok()) << chart.status();
    EXPECT_EQ(chart->bars.size(), 1u);
  }
  const auto sent = static_cast<double>(server->stats().chart_requests);
  EXPECT_GT(server->stats().chart_throttled, 0u);
  EXPECT_GT(server->stats().chart_broken, 0u);
  EXPECT_GE(sent, kQueries);
  const double minutes = static_cast<double>(pace.Now().count()) / 60'000;
  EXPECT_LE(sent, 5 + 30 * minutes + 1);
}

}  // namespace
}  // namespace pregao::yahoo
