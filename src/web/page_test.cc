#include <arrow/compute/cast.h>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <unistd.h>

#include "engine/gold_tables.h"
#include "medallion/bar_schema.h"
#include "medallion/schema.h"
#include "medallion/silver_builder.h"
#include "topic/memory_topic.h"

#include "test/lake_tools.h"
#include "test/wait_testing.h"
#include "web/page_routes.h"
#include "web/topic_tail.h"

namespace pregao::web {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t kNow = 1'795'500'000'000;

std::string Message(const std::string& ticker, double price, std::int64_t time) {
  return R"({"ticker":")" + ticker + R"(","price":)" + std::to_string(price) + R"(,"time":)" + std::to_string(time) +
         R"(,"exchange":"SAO","change_percent":1.5,"change":0.5})";
}

class PageTest : public testing::Test {
 protected:
  void SetUp() override {
    Write("# mine\nPETR4.SA 100 32.10  # held\nVALE3.SA\n");
    PageOptions options;
    options.watchlist = file_;
    options.open_session = [this] { return query::Session::OpenGuarded(store_, &system_); };
    page_ = std::make_unique<Page>(std::move(options), &clock_);
    routes_ = PageRoutes(page_.get(), {{"/", {"text/html", "<p>"}}}, [] { return std::size_t{3}; });
  }
  void TearDown() override { std::filesystem::remove(file_); }
  void Write(const std::string& text) { std::ofstream(file_) << text; }
  std::string Text() {
    std::ifstream in(file_);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  HttpResponse Get(const std::string& path, const std::string& query = "") { return routes_.at(path)({path, query}); }
  HttpResponse Post(const std::string& path, const std::string& body) {
    return routes_.at("POST " + path)({path, "", {}, body});
  }
  void Quote(const std::string& ticker, double price, std::int64_t time = kNow) {
    LatestQuote quote;
    quote.ticker = ticker;
    quote.price = price;
    quote.change = 0.5;
    quote.event_time_ms = time;
    quote.exchange = "SAO";
    page_->board()->Take(quote);
  }

  const std::string file_ =
      (std::filesystem::temp_directory_path() / ("pregao-page-" + std::to_string(getpid()))).string();
  const lake::test::TemporaryFolder lake_;
  const std::shared_ptr<lake::ObjectStore> store_ = lake::OpenStore(lake_.path()).ValueOrDie();
  const SystemClock system_{};
  const ManualClock clock_{TimestampMs(kNow)};
  std::unique_ptr<Page> page_;
  Routes routes_;
};

TEST_F(PageTest, QuotesAreTheWatchlistsInItsOrderThoseWithoutAQuoteToo) {
  Quote("VALE3.SA", 61);
  Quote("AAPL", 200);
  EXPECT_EQ(Get("/api/quotes").body,
            R"({"now":1795500000000,"quotes":[{"ticker":"PETR4.SA"},{"ticker":"VALE3.SA","time":1795500000000,)"
            R"("price":61,"change":0.5,"reference":60.5,"currency":"BRL","exchange":"SAO"}]})"
            "\n");
}

TEST_F(PageTest, AnOlderQuoteDoesNotReplaceANewerOne) {
  Quote("PETR4.SA", 40, kNow);
  Quote("PETR4.SA", 39, kNow - 1);
  EXPECT_EQ(page_->board()->Find("PETR4.SA")->price, 40);
}

TEST_F(PageTest, ThePortfolioHasValueDayAndTotalInEachCurrency) {
  Quote("PETR4.SA", 40);
  EXPECT_THAT(
      Get("/api/portfolio").body,
      HasSubstr(R"("totals":[{"currency":"BRL","positions":1,"value":4000,"cost":3210,"day":50,"total":790}])"));
}

TEST_F(PageTest, ATickerIsAddedAndRemovedAndTheCommentsStay) {
  EXPECT_EQ(Post("/api/watchlist", R"({"add":"aapl"})").status, 200);
  EXPECT_EQ(Text(), "# mine\nPETR4.SA 100 32.10  # held\nVALE3.SA\nAAPL\n");
  EXPECT_THAT(Post("/api/watchlist", R"({"remove":"VALE3.SA"})").body, HasSubstr(R"(["PETR4.SA","AAPL"])"));
  EXPECT_EQ(Text(), "# mine\nPETR4.SA 100 32.10  # held\nAAPL\n");
}

TEST_F(PageTest, WhatIsNoTickerOrNoRequestIsRefusedWithItsReason) {
  const std::string before = Text();
  for (const char* body : {R"({"add":"A B"})", R"({"add":"X\nY"})", R"({"add":"../x"})", "{}", "[]", "no json",
                           R"({"add":"A","remove":"B"})"}) {
    const auto answer = Post("/api/watchlist", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_THAT(answer.body, HasSubstr("error"));
  }
  EXPECT_EQ(Post("/api/watchlist", R"({"remove":"AAPL"})").status, 404);
  EXPECT_EQ(Text(), before);
}

TEST_F(PageTest, WithoutTablesTheAnswersAreEmptyAndNoErrors) {
  EXPECT_EQ(Get("/api/history").body, "{\"history\":[]}\n");
  EXPECT_EQ(Get("/api/bars", "ticker=PETR4.SA&interval=5m").body,
            "{\"ticker\":\"PETR4.SA\",\"interval\":\"5m\",\"day_offset\":-10800,\"bars\":[]}\n");
  EXPECT_THAT(Get("/api/health").body, HasSubstr(R"("pages":3)"));
}

TEST_F(PageTest, ATickerThatIsNewInTheWatchlistHasItsLastQuoteFromSilver) {
  ASSERT_OK(page_->Seed({}));
  std::string json = Message("AAPL", 200, kNow);
  const std::size_t size = json.size();
  json.resize(size + 64);  // the judge reads beyond the end
  medallion::Judge judge;
  medallion::SilverRow row;
  medallion::SilverBuilder builder;
  ASSERT_FALSE(judge.Decide({0, 0, kNow, std::nullopt, std::string_view(json.data(), size)}, &row));
  ASSERT_OK(builder.Append(row, 0, 0));
  const auto batch = builder.Finish("quotes").ValueOrDie();
  const auto schema = medallion::SilverSchema()->RemoveField(medallion::kDate).ValueOrDie();
  arrow::ArrayVector columns;
  for (const auto& field : schema->fields()) {
    columns.push_back(arrow::compute::Cast(*batch->GetColumnByName(field->name()), field->type()).ValueOrDie());
  }
  const auto rows = arrow::RecordBatch::Make(schema, batch->num_rows(), columns);
  const lake::TableSpec spec{medallion::SilverSchema(), {"date"}, {{"pregao.schema", "1"}}};
  const auto table = lake::Table::OpenOrCreate(store_, "silver/quotes", spec, &system_).ValueOrDie();
  const std::string today = medallion::DateString(static_cast<std::int32_t>(system_.Now().value / 86'400'000));
  lake::Transaction txn;
  txn.adds = {lake::WriteDataFile(store_.get(), table->root(), system_, *rows, {{"date", today}}).ValueOrDie()};
  ASSERT_OK(table->Commit(table->snapshot(), txn).status());

  EXPECT_EQ(Post("/api/watchlist", R"({"add":"AAPL"})").status, 200);
  EXPECT_TRUE(Eventually([&] { return Get("/api/quotes").body.find("\"price\":200") != std::string::npos; }));
}

class PageTestOfCandles : public PageTest {
 protected:
  void Commit(const std::vector<market::Bar>& bars) {
    const auto table = engine::OpenGold(store_, engine::kBarsRoot, &system_).ValueOrDie();
    lake::Transaction txn;
    const auto rows = medallion::BarRows(bars).ValueOrDie();
    const std::string date = medallion::DateString(static_cast<std::int32_t>(bars[0].start_us / 86'400'000'000));
    txn.adds = {lake::WriteDataFile(store_.get(), engine::kBarsRoot, system_, *rows, {{"date", date}}).ValueOrDie()};
    ASSERT_OK(table->Commit(table->snapshot(), txn).status());
  }
  market::Bar BarAt(std::int64_t start, double open, const std::string& interval = "1m") {
    market::Bar bar;
    bar.ticker = ticker_;
    bar.start_us = start * 1'000'000;
    bar.open = bar.low = open;
    bar.close = bar.high = open + 1;
    bar.volume = 100;
    if (interval != "1m") {
      bar.interval = interval;
      bar.source = market::BarSource::kChart;
      bar.is_final = true;
    }
    return bar;
  }
  std::string Candles(const std::string& interval) {
    const std::string body = Get("/api/bars", "ticker=" + ticker_ + "&interval=" + interval).body;
    return body.substr(body.find("\"bars\":") + 7);
  }
  std::string ticker_ = "BTC-USD";
  const std::int64_t today_ = system_.Now().value / 86'400'000 * 86'400;
  const std::string t_ = std::to_string(today_);
};

TEST_F(PageTestOfCandles, AreGoldsBarsInEachWidth) {
  Commit({BarAt(today_, 10), BarAt(today_ + 60, 11), BarAt(today_ + 300, 15)});
  EXPECT_EQ(Candles("1m"), "[[" + t_ + ",10,11,10,11,100],[" + std::to_string(today_ + 60) + ",11,12,11,12,100],[" +
                               std::to_string(today_ + 300) + ",15,16,15,16,100]]}\n");
  EXPECT_EQ(Candles("5m"), "[[" + t_ + ",10,12,10,12,200],[" + std::to_string(today_ + 300) + ",15,16,15,16,100]]}\n");
  for (const char* wide : {"15m", "1h", "1d"}) EXPECT_EQ(Candles(wide), "[[" + t_ + ",10,16,10,16,300]]}\n") << wide;
}

TEST_F(PageTestOfCandles, WhatWasFetchedWithAnIntervalAndIsOverStandsForTheMinutesThatItOverlaps) {
  auto running = BarAt(today_ + 7200, 60, "1h");
  running.is_final = false;
  Commit({BarAt(today_, 10), BarAt(today_ + 7200, 10), running});
  Commit({BarAt(today_ - 1800, 40, "1h"), BarAt(today_ - 300, 45, "5m")});
  const auto made = [&](std::int64_t start) { return "[" + std::to_string(today_ + start) + ",10,11,10,11,100]"; };
  EXPECT_EQ(Candles("1h"), "[[" + std::to_string(today_ - 1800) + ",40,41,40,41,100]," + made(7200) + "]}\n");
  EXPECT_EQ(Candles("5m"),
            "[[" + std::to_string(today_ - 300) + ",45,46,45,46,100]," + made(0) + "," + made(7200) + "]}\n");
  EXPECT_EQ(Candles("15m"), "[" + made(0) + "," + made(7200) + "]}\n");
}

TEST_F(PageTestOfCandles, TellHowFarTheExchangesClockIsFromUtc) {
  Commit({BarAt(today_, 10)});
  for (const auto& [ticker, offset] : std::map<std::string, std::string>{
           {"BTC-USD", "0"}, {"PETR4.SA", "-10800"}, {"7203.T", "32400"}, {"^N225", "32400"}, {"X.NOWHERE", "0"}}) {
    EXPECT_THAT(Get("/api/bars", "ticker=" + ticker + "&interval=1d").body,
                HasSubstr("\"day_offset\":" + offset + ","));
  }
}

TEST_F(PageTestOfCandles, ADayThatIsOverIsTheOneThatWasFetched) {
  ticker_ = "BHP.AX";
  auto running = BarAt(today_, 50, "1d");
  running.is_final = false;
  Commit({BarAt(today_ + 60, 10), running});
  Commit({BarAt(today_ - 86'000, 20), BarAt(today_ - 3600, 40, "1d"), BarAt(today_ - 86'400, 30, "1d")});
  // The session of a far east begins the evening before, in UTC.
  EXPECT_EQ(Candles("1d"),
            "[[" + std::to_string(today_ - 86'400) + ",30,31,30,31,100],[" + t_ + ",40,41,40,41,100]]}\n");
}

TEST_F(PageTestOfCandles, OfATickerThatHasNoneOfLateAreItsLastOnes) {
  const std::int64_t old = today_ - 400 * 86'400;
  Commit({BarAt(old - 30 * 86'400, 5)});  // too far before them for minutes
  Commit({BarAt(old, 10), BarAt(old + 60, 11)});
  const std::string t = std::to_string(old);
  EXPECT_EQ(Candles("1m"), "[[" + t + ",10,11,10,11,100],[" + std::to_string(old + 60) + ",11,12,11,12,100]]}\n");
  EXPECT_EQ(Candles("5m"), "[[" + t + ",10,12,10,12,200]]}\n");
  ticker_ = "NO-USD";
  EXPECT_EQ(Candles("1m"), "[]}\n");
}

TEST_F(PageTest, SqlFromThePageNamesNoFile) {
  EXPECT_EQ(Post("/api/sql", R"({"sql":"SELECT 1"})").status, 200);
  const auto refused = Post("/api/sql", R"json({"sql":"SELECT * FROM read_text('/etc/hostname')"})json");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("read_text is not allowed from the page"));
}

TEST_F(PageTest, AnIntervalOrTickerThatIsNoneIsRefused) {
  EXPECT_EQ(Get("/api/bars", "ticker=PETR4.SA&interval=7m").status, 400);
  EXPECT_EQ(Get("/api/bars", "interval=1m").status, 400);
}

class TailTest : public testing::Test {
 protected:
  void Start() {
    tail_ = std::make_unique<TopicTail>(
        [this] { return Result<std::unique_ptr<topic::TopicReader>>(topic_.NewReader("page")); }, &board_, &clock_,
        [this](std::shared_ptr<const std::string> event) {
          const std::lock_guard guard(mutex_);
          events_ += *event;
        });
  }
  void Append(const std::string& message) {
    const topic::NewRecord record{"PETR4.SA", message, TimestampMs(kNow), {}};
    ASSERT_TRUE(topic_.NewWriter()->Append({&record, 1}).ok());
  }
  std::string Events() {
    const std::lock_guard guard(mutex_);
    return events_;
  }

  topic::MemoryTopic topic_;
  const SystemClock clock_{};
  QuoteBoard board_;
  std::mutex mutex_;
  std::string events_;  // guarded by mutex_
  std::unique_ptr<TopicTail> tail_;
};

TEST_F(TailTest, AQuoteIsAnEventWithinThreeTenthsOfASecond) {
  Start();
  Append(Message("PETR4.SA", 40, kNow));
  ASSERT_TRUE(Eventually([&] { return Events().find("\"price\":40") != std::string::npos; })) << Events();
  const auto began = std::chrono::steady_clock::now();
  Append(Message("PETR4.SA", 41, kNow + 1));
  ASSERT_TRUE(Eventually([&] { return Events().find("\"price\":41") != std::string::npos; }));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(300));
  EXPECT_EQ(board_.Find("PETR4.SA")->price, 41);
}

TEST_F(TailTest, WhatWasInTheTopicBeforeIsShownAtOnce) {
  Append(Message("PETR4.SA", 40, kNow));
  Start();
  EXPECT_TRUE(Eventually([&] { return board_.Find("PETR4.SA").has_value(); }));
}

TEST_F(TailTest, TheRateIsOfWhatComesAndNotOfWhatWasThere) {
  for (int i = 0; i < 30; ++i) Append(Message("PETR4.SA", 40, kNow + i));
  const auto rate_in = [&](std::int64_t ms) { return board_.Rate(TimestampMs(clock_.Now().value + ms)); };
  Start();
  ASSERT_TRUE(Eventually([&] { return board_.total() == 30; }));
  EXPECT_EQ(rate_in(1000), 0);
  Append(Message("PETR4.SA", 41, kNow + 30));
  ASSERT_TRUE(Eventually([&] { return board_.total() == 31; }));
  EXPECT_DOUBLE_EQ(rate_in(1000), 0.1);
  EXPECT_EQ(rate_in(12'000), 0);
}

TEST_F(TailTest, ATopicThatFailsIsToldOfAndFollowedAgainWithoutALoss) {
  Start();
  Append(Message("PETR4.SA", 40, kNow));
  ASSERT_TRUE(Eventually([&] { return board_.Find("PETR4.SA").has_value(); }));
  topic_.FailPolls(1);
  ASSERT_TRUE(Eventually([&] { return Events().find("\"live\":false") != std::string::npos; }));
  EXPECT_THAT(board_.problem(), Not(""));
  Append(Message("PETR4.SA", 42, kNow + 5));
  EXPECT_TRUE(Eventually([&] { return board_.Find("PETR4.SA")->price == 42 && board_.problem().empty(); }));
}

TEST_F(TailTest, ARejectIsNoQuote) {
  Start();
  Append("{\"ticker\":\"PETR4.SA\"}");
  Append(Message("PETR4.SA", 40, kNow));
  EXPECT_TRUE(Eventually([&] { return board_.total() == 2; }));
  EXPECT_EQ(board_.Find("PETR4.SA")->price, 40);
}

}  // namespace
}  // namespace pregao::web
