#include "yahoo/chart_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "yahoo/chart_testing.h"
#include "yahoo/chart_windows.h"

#include "test/http_server.h"

namespace pregao::yahoo {
namespace {

using std::chrono::milliseconds;
using test::HttpServer;
using test::ServedAnswer;
using test::ServedRequest;
using ::testing::AllOf;
using testing::ChartBody;
using testing::FlatQuote;
using ::testing::HasSubstr;
using Fault = ServedAnswer::Fault;

constexpr std::int64_t kDayS = 86'400;

ServedAnswer Good() {
  return {200, {}, ChartBody(R"("dataGranularity":"1d")", "[86400,172800,259200]", FlatQuote("1,2,3", "10,20,30"))};
}
ServedAnswer No(int status, std::string_view code, std::string_view words) {
  return {status,
          {},
          fmt::format(R"({{"chart":{{"result":null,"error":{{"code":"{}","description":"{}"}}}}}})", code, words)};
}

/// A server that answers with what its handler says, and a client whose waits take no time.
struct World {
  explicit World(HttpServer::Handler handler, ChartClientOptions options = {}) : server(std::move(handler)) {
    options.url = server.url();
    client = std::make_unique<ChartClient>(options, &clock, &pace);
  }
  Result<Chart> Fetch(const ChartQuery& query = {"PETR4.SA", kChartIntervals.back(), kDayS, 3 * kDayS}) {
    return client->Fetch(query, stop.get_token());
  }

  HttpServer server;
  ManualClock clock{TimestampMs(1'760'000'000'000)};
  ManualPace pace;
  std::stop_source stop;
  std::unique_ptr<ChartClient> client;
};

TEST(ChartClient, AsksAsYahoosOwnPagesDo) {
  ServedRequest seen;
  World world([&](const ServedRequest& request) {
    seen = request;
    return Good();
  });
  const auto chart = world.Fetch({"BRL=X", kChartIntervals.back(), kDayS, 3 * kDayS});
  ASSERT_TRUE(chart.ok()) << chart.status();
  EXPECT_EQ(
      seen.target,
      "/v8/finance/chart/BRL%3DX?interval=1d&period1=86400&period2=259200&includePrePost=true&events=div%2Csplits");
  EXPECT_THAT(seen.header("user-agent"), AllOf(HasSubstr("Mozilla/5.0"), HasSubstr("pregao/")));
  ASSERT_EQ(chart->bars.size(), 2u) << "the row at the range's end is none of it";
  EXPECT_EQ(chart->bars[1].start_us, 2 * kDayS * 1'000'000);
}

TEST(ChartClient, After429ItWaitsAsLongAsYahooSays) {
  World world([](const ServedRequest& request) {
    return request.number < 3 ? ServedAnswer{429, {{"Retry-After", "90"}}, "Too Many Requests"} : Good();
  });
  ASSERT_TRUE(world.Fetch().ok());
  EXPECT_GE(world.pace.Now(), milliseconds(180'000));
  EXPECT_LT(world.pace.Now(), milliseconds(300'000));
  EXPECT_EQ(world.client->stats().throttled, 2);
  EXPECT_EQ(world.client->stats().retries, 2);
  EXPECT_EQ(world.client->stats().waited, world.pace.Now());
}

TEST(ChartClient, ARetryAfterBeyondItsPatienceFailsAtOnceAndIsKept) {
  World world([](const ServedRequest&) { return ServedAnswer{429, {{"Retry-After", "7200"}}, ""}; });
  const auto first = world.Fetch();
  EXPECT_TRUE(first.status().IsIOError());
  EXPECT_THAT(first.status().message(), AllOf(HasSubstr("left alone"), HasSubstr("429")));
  EXPECT_TRUE(world.Fetch().status().IsIOError());
  EXPECT_EQ(world.server.requests(), 1) << "the second Fetch asked all the same";
  EXPECT_EQ(world.client->stats().pause, milliseconds(7'200'000) - world.pace.Now());
}

TEST(ChartClient, AStormOf429StaysUnderTheBucket) {
  ChartClientOptions options;
  options.requests_per_minute = 12;
  options.burst = 3;
  options.breaker.failures = 1000;  // only the bucket holds back
  options.first_wait = milliseconds(1);
  options.longest_wait = milliseconds(1);
  World world([](const ServedRequest&) { return ServedAnswer{429, {}, ""}; }, options);
  std::int64_t sent = 0;
  while (world.pace.Now() < milliseconds(600'000)) {
    EXPECT_TRUE(world.Fetch().status().IsIOError());
    sent = world.server.requests();
  }
  EXPECT_LE(sent, 3 + 12 * world.pace.Now().count() / 60'000 + 1);
  EXPECT_GT(sent, 100);
}

TEST(ChartClient, AfterFailuresInARowItLeavesYahooAloneForAWhile) {
  ChartClientOptions options;
  options.max_attempts = 3;
  options.breaker = {3, milliseconds(120'000), milliseconds(240'000)};
  World world([](const ServedRequest&) { return ServedAnswer{503, {}, "down"}; }, options);
  EXPECT_TRUE(world.Fetch().status().IsIOError());
  EXPECT_EQ(world.client->stats().pause, milliseconds(120'000));
  const milliseconds before = world.pace.Now();
  EXPECT_TRUE(world.Fetch().status().IsIOError());
  EXPECT_GE(world.pace.Now() - before, milliseconds(120'000)) << "the next request waits for the end of the pause";
}

TEST(ChartClient, WhyItWaitsIsToldAtOnceAndWhenItIsStopped) {
  std::vector<std::string> told;
  ChartClientOptions options;
  options.max_attempts = 3;
  std::stop_source* stop = nullptr;
  options.on_retry = [&](const std::string& problem, milliseconds wait) {
    EXPECT_GT(wait, milliseconds(0));
    told.push_back(problem);
    if (stop != nullptr) stop->request_stop();
  };
  World world([](const ServedRequest&) { return ServedAnswer{503, {}, "down"}; }, options);
  EXPECT_TRUE(world.Fetch().status().IsIOError());
  ASSERT_EQ(told.size(), 2u) << "the third failure is the answer";
  EXPECT_THAT(told[0], HasSubstr("answers 503"));

  stop = &world.stop;
  const Status stopped = world.Fetch().status();
  EXPECT_TRUE(stopped.IsCancelled());
  EXPECT_THAT(stopped.message(), HasSubstr("answers 503"));
}

TEST(ChartClient, BrokenAnswersAreAskedForAgain) {
  World world([](const ServedRequest& request) {
    ServedAnswer answer = Good();
    switch (request.number) {
      case 1:
        answer.body.resize(answer.body.size() / 2);
        return answer;
      case 2:
        return ServedAnswer{200, {}, "<html>Will be right back</html>"};
      case 3:
        answer.fault = Fault::kTruncate;
        return answer;
      case 4:
        answer.fault = Fault::kDrop;
        return answer;
      default:
        return answer;
    }
  });
  const auto chart = world.Fetch();
  ASSERT_TRUE(chart.ok()) << chart.status();
  EXPECT_EQ(chart->bars.size(), 2u);
  EXPECT_EQ(world.client->stats().broken, 2);
  EXPECT_EQ(world.client->stats().requests, 5);
}

TEST(ChartClient, GivesUpAfterItsAttemptsWithTheLastProblem) {
  World world([](const ServedRequest&) { return ServedAnswer{200, {}, "nonsense"}; });
  const auto chart = world.Fetch();
  EXPECT_TRUE(chart.status().IsIOError());
  EXPECT_THAT(chart.status().message(), AllOf(HasSubstr("not JSON"), HasSubstr("tried 6 times")));
  EXPECT_EQ(world.server.requests(), 6);
}

TEST(ChartClient, AnUnknownTickerIsAKeyErrorAndAskedForOnce) {
  World world([](const ServedRequest&) { return No(404, "Not Found", "No data found, symbol may be delisted"); });
  const auto chart = world.Fetch();
  EXPECT_TRUE(chart.status().IsKeyError());
  EXPECT_THAT(chart.status().message(), AllOf(HasSubstr("PETR4.SA"), HasSubstr("may be delisted")));
  EXPECT_EQ(world.server.requests(), 1);
}

TEST(ChartClient, ARefusedRangeIsInvalidWithYahoosWords) {
  World world([](const ServedRequest&) {
    return No(422, "Unprocessable Entity", "1m data not available. Only 8 days worth of 1m granularity data");
  });
  const auto chart = world.Fetch();
  EXPECT_TRUE(chart.status().IsInvalid());
  EXPECT_THAT(chart.status().message(), HasSubstr("Only 8 days"));
  EXPECT_EQ(world.server.requests(), 1);
}

TEST(ChartClient, ARangeBeforeTheFirstTradeHasNoBars) {
  World world(
      [](const ServedRequest&) { return No(400, "Bad Request", "Data doesn't exist for startDate = 1, endDate = 2"); });
  const auto chart = world.Fetch();
  ASSERT_TRUE(chart.ok()) << chart.status();
  EXPECT_TRUE(chart->bars.empty());
}

TEST(ChartClient, AForeignPageOfAnotherStatusIsNotAskedForAgain) {
  World world([](const ServedRequest&) { return ServedAnswer{403, {}, "<html>proxy</html>"}; });
  EXPECT_TRUE(world.Fetch().status().IsIOError());
  EXPECT_EQ(world.server.requests(), 1);
}

TEST(ChartClient, AHalfHourIsAskedForAsTwoQuartersWhole) {
  std::string target;
  World world([&](const ServedRequest& request) {
    target = request.target;
    return ServedAnswer{
        200,
        {},
        ChartBody(R"("dataGranularity":"15m")", "[0,900,1800,2700,3600]", FlatQuote("1,2,3,4,5", "1,1,1,1,1"))};
  });
  const auto chart = world.Fetch({"A", ChartIntervalOf("30m").ValueOrDie(), 900, 2700});
  ASSERT_TRUE(chart.ok()) << chart.status();
  EXPECT_THAT(target, HasSubstr("interval=15m&period1=0&period2=3600"));
  ASSERT_EQ(chart->bars.size(), 1u);
  EXPECT_EQ(chart->bars[0].interval, "30m");
  EXPECT_EQ(chart->bars[0].start_us, 1'800'000'000);
  EXPECT_EQ(chart->bars[0].close, 4);
}

TEST(ChartClient, AStopEndsItsWaits) {
  World world([](const ServedRequest&) { return ServedAnswer{503, {}, ""}; });
  world.stop.request_stop();
  EXPECT_TRUE(world.Fetch().status().IsCancelled());
}

}  // namespace
}  // namespace pregao::yahoo
