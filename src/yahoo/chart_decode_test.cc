#include "yahoo/chart_decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "yahoo/chart_rows.h"
#include "yahoo/chart_testing.h"

namespace pregao::yahoo {
namespace {

using market::ActionKind;
using testing::ChartBody;
using ::testing::ElementsAre;
using testing::FlatQuote;
using ::testing::HasSubstr;

constexpr TimestampMs kLater{1'800'000'000'000};

ChartQuery Query(std::string_view interval = "1d", std::string ticker = "X") {
  return {std::move(ticker), ChartIntervalOf(interval).ValueOrDie(), 0, 2'000'000'000};
}

Chart Decoded(const std::string& body, const ChartQuery& query = Query(), TimestampMs received_at = kLater) {
  auto answer = DecodeChart(body, query, received_at);
  if (!answer.ok()) throw std::runtime_error(answer.status().ToString());
  return std::get<Chart>(std::move(*answer));
}

std::string Problem(const std::string& body, const ChartQuery& query = Query()) {
  const auto answer = DecodeChart(body, query, kLater);
  EXPECT_TRUE(answer.status().IsInvalid()) << body;
  return answer.status().message();
}

// --- Real answers ----------------------------------------------------------------------------------------------------

const std::filesystem::path kFolder = std::filesystem::path(PREGAO_SOURCE_DIR) / "test/data/chart";

Chart Recorded(const std::string& name, const ChartQuery& query) {
  return Decoded(testing::RecordedBody(kFolder / (name + ".json")), query);
}

/// The same float32, written with the fewest digits.
void ExpectSame(double landed, double sent) {
  ASSERT_EQ(static_cast<double>(static_cast<float>(sent)), sent) << "a recorded price that is no float32";
  EXPECT_EQ(static_cast<float>(landed), static_cast<float>(sent));
  EXPECT_LE(fmt::format("{}", landed).size(), fmt::format("{}", sent).size());
}

TEST(RealCharts, EveryNumberOfEveryAnswerLandsAsTheNumberItIs) {
  std::size_t files = 0, bars = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    ++files;
    const std::string body = testing::RecordedBody(entry.path());
    simdjson::dom::parser parser;
    const simdjson::dom::element result = parser.parse(body)["chart"]["result"].at(0);
    const std::string_view granularity = result["meta"]["dataGranularity"].get_string();
    const Chart chart = Decoded(body, Query(granularity, "T"));
    EXPECT_EQ(chart.notes, ChartNotes{}) << entry.path();
    simdjson::dom::array times;
    if (result["timestamp"].get_array().get(times)) {
      EXPECT_TRUE(chart.bars.empty());
      continue;
    }
    ASSERT_EQ(chart.bars.size(), times.size()) << entry.path();
    const simdjson::dom::element quote = result["indicators"]["quote"].at(0);
    for (std::size_t i = 0; i < chart.bars.size(); ++i, ++bars) {
      const market::Bar& bar = chart.bars[i];
      EXPECT_EQ(bar.start_us, std::int64_t{times.at(i)} * 1'000'000);
      ExpectSame(bar.open, double{quote["open"].at(i)});
      ExpectSame(bar.high, double{quote["high"].at(i)});
      ExpectSame(bar.low, double{quote["low"].at(i)});
      ExpectSame(bar.close, double{quote["close"].at(i)});
      EXPECT_EQ(bar.volume, std::int64_t{quote["volume"].at(i)});
      EXPECT_EQ(bar.ticker, "T");
      EXPECT_EQ(bar.interval, granularity);
      EXPECT_EQ(bar.source, market::BarSource::kChart);
      EXPECT_EQ(bar.revision, 1);
      EXPECT_TRUE(bar.is_final);
    }
  }
  EXPECT_EQ(files, 6u);
  EXPECT_EQ(bars, 308u);
}

TEST(RealCharts, ApplesDividendAndSplitOf2020) {
  const Chart chart = Recorded("AAPL-2020-08-31-to-2020-11-07", Query("1d", "AAPL"));
  ASSERT_EQ(chart.bars.size(), 49u);
  const market::Bar& first = chart.bars.front();
  EXPECT_EQ(first.start_us, 1'598'880'600'000'000);  // 2020-08-31, 09:30 in New York
  EXPECT_EQ(first.open, 127.58);                     // 127.58000183105469 in the answer
  EXPECT_EQ(first.high, 131);
  EXPECT_EQ(first.low, 126);
  EXPECT_EQ(first.close, 129.04);
  EXPECT_EQ(first.volume, 225'702'700);
  ASSERT_EQ(chart.actions.size(), 2u);
  const auto& [split, dividend] = std::tie(chart.actions[0], chart.actions[1]);
  EXPECT_EQ(split.kind, ActionKind::kSplit);
  EXPECT_EQ(split.day, 18'505);  // 2020-08-31
  EXPECT_EQ(split.numerator, 4);
  EXPECT_EQ(split.denominator, 1);
  EXPECT_EQ(split.amount, std::nullopt);
  EXPECT_EQ(dividend.kind, ActionKind::kDividend);
  EXPECT_EQ(dividend.day, 18'572);  // 2020-11-06
  EXPECT_EQ(dividend.amount, 0.205);
  EXPECT_EQ(dividend.currency, "USD");
  EXPECT_EQ(dividend.ticker, "AAPL");
  EXPECT_EQ(dividend.received_us, kLater.value * 1000);
}

TEST(RealCharts, MicrosoftPaidFourDividendsInAYear) {
  const Chart chart = Recorded("MSFT-2021-02-01-to-2022-01-31", Query());
  EXPECT_EQ(chart.bars.size(), 252u);
  std::vector<double> amounts;
  std::vector<std::int32_t> days;
  for (const auto& action : chart.actions) {
    amounts.push_back(*action.amount);
    days.push_back(action.day);
  }
  EXPECT_THAT(amounts, ElementsAre(0.56, 0.56, 0.56, 0.62));
  EXPECT_THAT(days, ElementsAre(18'675, 18'766, 18'857, 18'948));  // 2021-02-17, 05-19, 08-18, 11-17
}

TEST(RealCharts, AWeekendHasNoTimestampsAndNoBars) {
  const Chart chart = Recorded("AAPL-2025-02-01-to-2025-02-02-includePrePost-false-interval-1m", Query("1m"));
  EXPECT_TRUE(chart.bars.empty());
  EXPECT_EQ(chart.meta.symbol, "AAPL");
  EXPECT_EQ(chart.meta.timezone, "America/New_York");
  EXPECT_EQ(chart.meta.currency, "USD");
  EXPECT_EQ(chart.meta.gmt_offset_s, -18'000);
}

TEST(RealCharts, PricesAreTheDecimalsThatYahooMeant) {
  EXPECT_EQ(Recorded("EURUSD=X-2020-01-01-to-2020-01-03", Query()).bars[0].open, 1.1220826);
  EXPECT_EQ(Recorded("BTC-USD-2020-01-01-to-2020-01-03", Query()).bars[0].open, 7194.892);
  EXPECT_EQ(Recorded("WSKT.JK-2020-01-01-to-2020-01-03", Query()).bars[0].close, 1505);
}

TEST(RealCharts, ACurrencyHasZeroVolumeAndCryptoAVolumeBeyond32Bits) {
  for (const auto& bar : Recorded("EURUSD=X-2020-01-01-to-2020-01-03", Query()).bars) EXPECT_EQ(bar.volume, 0);
  EXPECT_EQ(Recorded("BTC-USD-2020-01-01-to-2020-01-03", Query()).bars[0].volume, 18'565'664'997);
}

TEST(Charts, APriceThatIsNoFloat32StaysAsItStands) {
  const Chart chart = Decoded(ChartBody("", "[86400]", FlatQuote("127.5800018310547", "1")));
  EXPECT_EQ(chart.bars[0].close, 127.5800018310547);
  EXPECT_EQ(Decoded(ChartBody("", "[86400]", FlatQuote("1e300", "1"))).bars[0].close, 1e300);
}

// --- Rows that are not whole -----------------------------------------------------------------------------------------

constexpr std::string_view kDaily = R"("dataGranularity":"1d","currency":"USD","gmtoffset":-10800)";
constexpr std::string_view kMinutes = R"("dataGranularity":"1m","currency":"USD","regularMarketTime":1000000030)";

TEST(Charts, ARowOfNullsOrOfAVolumeAloneIsNoBar) {
  const Chart chart = Decoded(ChartBody(kDaily, "[86400,172800,259200]", FlatQuote("null,null,5", "null,700,9")));
  ASSERT_EQ(chart.bars.size(), 1u);
  EXPECT_EQ(chart.bars[0].start_us, 259'200'000'000);
  EXPECT_EQ(chart.notes.empty, 2);
}

TEST(Charts, ARowThatLacksAPriceIsNoBar) {
  const Chart chart = Decoded(
      ChartBody(kDaily, "[86400,172800]", R"("open":[1,1],"high":[2,2],"low":[null,1],"close":[2,2],"volume":[3,3])"));
  EXPECT_EQ(chart.bars.size(), 1u);
  EXPECT_EQ(chart.notes.partial, 1);
}

TEST(Charts, ANullVolumeIsUnknownAndAZeroVolumeIsZero) {
  const Chart chart = Decoded(ChartBody(kDaily, "[86400,172800]", FlatQuote("5,5", "null,0")));
  EXPECT_EQ(chart.bars[0].volume, std::nullopt);
  EXPECT_EQ(chart.bars[1].volume, 0);
}

TEST(Charts, AnAnswerWithoutAnyColumnHasNoBars) {
  const Chart chart = Decoded(ChartBody(kDaily, "[86400,172800]", ""));
  EXPECT_TRUE(chart.bars.empty());
  EXPECT_EQ(chart.notes.empty, 2);
}

TEST(Charts, RowsComeInOrderAndEachTimeOnce) {
  const Chart chart = Decoded(ChartBody(kDaily, "[259200,86400,86400]", FlatQuote("3,1,2", "1,1,1")));
  ASSERT_EQ(chart.bars.size(), 2u);
  EXPECT_EQ(chart.bars[0].start_us, 86'400'000'000);
  EXPECT_EQ(chart.bars[0].close, 2);
  EXPECT_EQ(chart.bars[1].close, 3);
  EXPECT_EQ(chart.notes.merged, 1);
}

TEST(Charts, ALiveLastRowWithinTheMinuteIsJoinedWithTheRowBefore) {
  const Chart chart = Decoded(ChartBody(kMinutes, "[999999960,1000000020,1000000030]",
                                        R"("open":[1,5,6],"high":[1,7,9],"low":[1,4,3],"close":[1,5,8],
                                           "volume":[1,100,20])"),
                              Query("1m"));
  ASSERT_EQ(chart.bars.size(), 2u);
  const market::Bar& bar = chart.bars[1];
  EXPECT_EQ(bar.start_us, 1'000'000'020'000'000);
  EXPECT_EQ(bar.open, 5);
  EXPECT_EQ(bar.high, 9);
  EXPECT_EQ(bar.low, 3);
  EXPECT_EQ(bar.close, 8);
  EXPECT_EQ(bar.volume, 120);
  EXPECT_EQ(chart.notes.merged, 1);
}

TEST(Charts, ALiveLastRowOfAMinuteOfItsOwnStandsAtItsStart) {
  const Chart chart = Decoded(ChartBody(kMinutes, "[999999900,1000000030]", FlatQuote("5,6", "1,2")), Query("1m"));
  ASSERT_EQ(chart.bars.size(), 2u);
  EXPECT_EQ(chart.bars[1].start_us, 1'000'000'020'000'000);
  EXPECT_EQ(chart.notes.merged, 0);
}

TEST(Charts, ADaysLiveRowHasTheWholeDaysVolume) {
  // 10:00 and 15:00 in Sao Paulo of one day; in UTC too, but 23:00 of the day before would be another.
  const Chart chart = Decoded(ChartBody(kDaily, "[1000040400,1000058400]", FlatQuote("5,6", "100,120")));
  ASSERT_EQ(chart.bars.size(), 1u);
  EXPECT_EQ(chart.bars[0].start_us, 1'000'040'400'000'000);
  EXPECT_EQ(chart.bars[0].open, 5);
  EXPECT_EQ(chart.bars[0].high, 6);
  EXPECT_EQ(chart.bars[0].close, 6);
  EXPECT_EQ(chart.bars[0].volume, 120);
}

TEST(Charts, ADayEndsAtTheExchangesMidnight) {
  const std::string body = ChartBody(R"("dataGranularity":"1d","gmtoffset":39600)",
                                     "[1000076400,1000090800]",  // 2001-09-10 and -11 in Sydney; one day in UTC
                                     FlatQuote("5,6", "1,2"));
  EXPECT_EQ(Decoded(body).bars.size(), 1u);  // 10:00 and 14:00 of one local day, two days in UTC
  const std::string two =
      ChartBody(R"("dataGranularity":"1d","gmtoffset":39600)", "[1000040400,1000126800]", FlatQuote("5,6", "1,2"));
  EXPECT_EQ(Decoded(two).bars.size(), 2u);
}

TEST(Charts, ALoneLiveRowOfTheRunningSessionStandsAtItsOpening) {
  const Chart chart = Decoded(ChartBody(R"("regularMarketTime":1000058400,
      "currentTradingPeriod":{"regular":{"start":1000040400,"end":1000065600}})",
                                        "[1000058400]", FlatQuote("5", "1")),
                              Query(), TimestampMs(1'000'058'400'000));
  EXPECT_EQ(chart.bars[0].start_us, 1'000'040'400'000'000);
  EXPECT_FALSE(chart.bars[0].is_final);
}

TEST(Charts, ABarIsFinalAnHourAfterItsEnd) {
  const auto final_at = [](std::string_view interval, std::int64_t received_s, std::string_view meta) {
    return Decoded(ChartBody(meta, "[1000000020]", FlatQuote("5", "1")), Query(interval),
                   TimestampMs(received_s * 1000))
        .bars[0]
        .is_final;
  };
  EXPECT_FALSE(final_at("1m", 1'000'000'020 + 60 + 3599, ""));
  EXPECT_TRUE(final_at("1m", 1'000'000'020 + 60 + 3600, ""));
  EXPECT_FALSE(final_at("1d", 1'000'000'020 + 86'400 + 3599, ""));
  EXPECT_TRUE(final_at("1d", 1'000'000'020 + 86'400 + 3600, ""));
  constexpr std::string_view kSession = R"("currentTradingPeriod":{"regular":{"start":1000000020,"end":1000020000}})";
  EXPECT_FALSE(final_at("1d", 1'000'020'000 + 3599, kSession));
  EXPECT_TRUE(final_at("1d", 1'000'020'000 + 3600, kSession));
}

TEST(Charts, InPenceAPriceInPoundsIsPutRight) {
  const std::string meta = R"("dataGranularity":"1d","currency":"GBp")";
  const std::string times = "[86400,172800,259200,345600]";
  const std::string quote = R"("open":[250,2.51,252,25300],"high":[250,2.6,252,25300],"low":[250,2.4,252,25300],
                               "close":[250,255,252,25300],"volume":[1,1,1,1])";
  const Chart chart = Decoded(ChartBody(meta, times, quote));
  EXPECT_EQ(chart.notes.rescaled, 2);
  EXPECT_DOUBLE_EQ(chart.bars[1].open, 251);
  EXPECT_DOUBLE_EQ(chart.bars[1].high, 260);
  EXPECT_DOUBLE_EQ(chart.bars[1].low, 240);
  EXPECT_EQ(chart.bars[1].close, 255);
  EXPECT_DOUBLE_EQ(chart.bars[3].close, 253);
  const Chart dollars = Decoded(ChartBody(R"("dataGranularity":"1d","currency":"USD")", times, quote));
  EXPECT_EQ(dollars.notes.rescaled, 0);
  EXPECT_EQ(dollars.bars[1].open, 2.51);
}

TEST(Charts, ADividendHasItsOwnCurrencyWhereYahooNamesOne) {
  const std::string events = R"("events":{"dividends":{"86400":{"amount":0.1,"date":86400,"currency":"GBP"},
                                                       "172800":{"amount":10,"date":172800}}})";
  const Chart chart = Decoded(ChartBody(R"("currency":"GBp")", "[86400]", FlatQuote("5", "1"), events));
  ASSERT_EQ(chart.actions.size(), 2u);
  EXPECT_EQ(chart.actions[0].currency, "GBP");
  EXPECT_EQ(chart.actions[1].currency, "GBp");
}

TEST(Charts, OfTwoDividendsOfADayTheLastHolds) {
  const std::string events = R"("events":{"dividends":{"86400":{"amount":0.1,"date":86400},
                                                       "86401":{"amount":0.2,"date":86401}}})";
  const Chart chart = Decoded(ChartBody("", "[86400]", FlatQuote("5", "1"), events));
  ASSERT_EQ(chart.actions.size(), 1u);
  EXPECT_EQ(chart.actions[0].amount, 0.2);
}

// --- Answers that say no ---------------------------------------------------------------------------------------------

TEST(Charts, YahoosOwnErrorIsARefusal) {
  for (const char* const service : {"chart", "finance"}) {
    const auto answer = DecodeChart(fmt::format(R"({{"{}":{{"result":null,"error":{{"code":"Not Found","description":
                                                    "No data found, symbol may be delisted"}}}}}})",
                                                service),
                                    Query(), kLater);
    const auto& refusal = std::get<ChartRefusal>(answer.ValueOrDie());
    EXPECT_EQ(refusal.code, "Not Found");
    EXPECT_EQ(refusal.description, "No data found, symbol may be delisted");
  }
}

TEST(Charts, BarsOfAnotherIntervalAreRefused) {
  EXPECT_THAT(Problem(ChartBody(R"("dataGranularity":"60m")", "[0]", FlatQuote("1", "1")), Query("30m")),
              HasSubstr("bars of 30m were asked for, and these are of 60m"));
  EXPECT_EQ(Decoded(ChartBody(R"("dataGranularity":"60m")", "[0]", FlatQuote("1", "1")), Query("1h")).bars.size(), 1u);
}

TEST(Charts, WhatIsNotAnAnswerIsInvalid) {
  EXPECT_THAT(Problem(""), HasSubstr("not JSON"));
  EXPECT_THAT(Problem("<html>Will be right back</html>"), HasSubstr("not JSON"));
  EXPECT_THAT(Problem("{}"), HasSubstr("no chart"));
  EXPECT_THAT(Problem(R"({"chart":{"result":null,"error":null}})"), HasSubstr("no chart.result"));
  EXPECT_THAT(Problem(R"({"chart":{"result":[],"error":null}})"), HasSubstr("no chart.result"));
  EXPECT_THAT(Problem(R"({"chart":{"result":[{"timestamp":[1]}],"error":null}})"), HasSubstr("no indicators"));
  EXPECT_THAT(Problem(ChartBody("", "[1,2]", FlatQuote("1", "1,2"))), HasSubstr("open has 1 values for 2 rows"));
  EXPECT_THAT(Problem(ChartBody("", "[1]", FlatQuote("1", "1,2"))), HasSubstr("volume has 2 values for 1 rows"));
  EXPECT_THAT(Problem(ChartBody("", "[1]", FlatQuote("\"1\"", "1"))), HasSubstr("price"));
  EXPECT_THAT(Problem(ChartBody("", "[1]", FlatQuote("1", "true"))), HasSubstr("volume"));
  EXPECT_THAT(Problem(ChartBody("", "[\"1\"]", FlatQuote("1", "1"))), HasSubstr("timestamp"));
  EXPECT_THAT(Problem(ChartBody("", "[100000000001]", FlatQuote("1", "1"))), HasSubstr("timestamp"));
  EXPECT_THAT(Problem(std::string(kMaxChartBytes + 1, ' ')), HasSubstr("bytes"));
}

TEST(Charts, EveryPrefixOfARealAnswerIsInvalid) {
  const std::string body = testing::RecordedBody(kFolder / "BTC-USD-2020-01-01-to-2020-01-03.json");
  for (std::size_t size = 0; size < body.size(); ++size) {
    ASSERT_FALSE(DecodeChart(std::string_view(body).substr(0, size), Query(), kLater).ok()) << size;
  }
}

// --- 30 minutes out of 15 --------------------------------------------------------------------------------------------

TEST(FoldBars, TwoQuartersOfAnHourAreAHalf) {
  const Chart quarters = Decoded(ChartBody("", "[1800,2700,3600,6300]",
                                           R"("open":[1,2,3,4],"high":[5,9,3,4],"low":[1,0.5,3,4],"close":[2,8,3,4],
                                              "volume":[10,20,null,7])"),
                                 Query("15m"));
  const auto halves = FoldBars(quarters.bars, ChartIntervalOf("30m").ValueOrDie());
  ASSERT_EQ(halves.size(), 3u);
  EXPECT_EQ(halves[0].interval, "30m");
  EXPECT_EQ(halves[0].start_us, 1'800'000'000);
  EXPECT_EQ(halves[0].open, 1);
  EXPECT_EQ(halves[0].high, 9);
  EXPECT_EQ(halves[0].low, 0.5);
  EXPECT_EQ(halves[0].close, 8);
  EXPECT_EQ(halves[0].volume, 30);
  EXPECT_EQ(halves[1].volume, std::nullopt);
  EXPECT_EQ(halves[2].start_us, 5'400'000'000);
}

TEST(ChartIntervals, SixtyMinutesAreAnHourAndOthersAreNamed) {
  EXPECT_EQ(ChartIntervalOf("60m").ValueOrDie().name, "1h");
  const auto wrong = ChartIntervalOf("3m").status();
  EXPECT_TRUE(wrong.IsInvalid());
  EXPECT_THAT(wrong.message(), HasSubstr("1m, 2m, 5m, 15m, 30m, 90m, 1h, 1d"));
}

}  // namespace
}  // namespace pregao::yahoo
