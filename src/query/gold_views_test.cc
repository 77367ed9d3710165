#include "query/gold_views.h"

#include <arrow/array.h>
#include <arrow/scalar.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/database.h"

namespace pregao::query {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// The views over tables that hold what a test puts in.
class GoldViews : public testing::Test {
 protected:
  GoldViews() {
    Do("CREATE TABLE bar_revisions (ticker VARCHAR, \"interval\" VARCHAR, bar_start TIMESTAMPTZ, open DOUBLE, high "
       "DOUBLE, "
       "low DOUBLE, close DOUBLE, volume BIGINT, vwap_estimate DOUBLE, ticks BIGINT, source VARCHAR, revision BIGINT, "
       "is_final BOOLEAN, date DATE)");
    Do("CREATE TABLE silver (ticker VARCHAR, event_time TIMESTAMPTZ, price DOUBLE, change DOUBLE, change_percent "
       "DOUBLE, "
       "previous_close DOUBLE, currency VARCHAR, exchange VARCHAR, quote_type VARCHAR, market_hours VARCHAR, "
       "day_volume "
       "BIGINT, received_at TIMESTAMPTZ, source VARCHAR, \"offset\" BIGINT)");
    Do("CREATE TABLE corporate_actions (ticker VARCHAR, kind VARCHAR, amount DOUBLE, numerator DOUBLE, denominator "
       "DOUBLE, currency VARCHAR, source VARCHAR, received_at TIMESTAMPTZ, date DATE)");
    for (const DerivedView& view : DerivedViews()) {
      if (!view.prepare.empty()) Do(view.prepare);
      Do("CREATE VIEW " + view.name + " AS " + view.sql);
    }
  }

  void Do(const std::string& sql) {
    const Status status = database_->Execute(sql);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }

  /// A bar that opens at `price` and closes one higher.
  void Bar(const std::string& ticker, const std::string& start, double price, const std::string& volume = "NULL",
           const std::string& source = "stream", int revision = 1) {
    Do("INSERT INTO bar_revisions VALUES ('" + ticker + "', '1m', '" + start + "', " + std::to_string(price) + ", " +
       std::to_string(price + 2) + ", " + std::to_string(price - 1) + ", " + std::to_string(price + 1) + ", " + volume +
       ", CASE WHEN " + volume + " > 0 THEN " + std::to_string(price) + " END, 3, '" + source + "', " +
       std::to_string(revision) + ", true, '" + start.substr(0, 10) + "')");
  }

  /// The rows' cells, each row as one text.
  std::vector<std::string> Ask(const std::string& columns, const std::string& from) {
    const std::string sql = "SELECT concat_ws(' ', " + columns + ") FROM " + from + " ORDER BY ALL";
    auto statements = database_->Parse(sql).ValueOrDie();
    const auto result = statements->Run(0).ValueOrDie();
    std::vector<std::string> out;
    while (const auto batch = result->Next().ValueOrDie()) {
      for (std::int64_t i = 0; i < batch->num_rows(); ++i) {
        out.push_back(batch->column(0)->GetScalar(i).ValueOrDie()->ToString());
      }
    }
    return out;
  }

  std::unique_ptr<Database> database_ = Database::Open({}).ValueOrDie();
};

constexpr char kClock[] = "strftime(bar_start AT TIME ZONE 'UTC', '%H:%M')";

TEST_F(GoldViews, BarsAreTheLastRevisions) {
  Bar("A", "2026-11-23 13:00:00Z", 10, "5", "stream", 1);
  Bar("A", "2026-11-23 13:00:00Z", 20, "6", "stream", 3);
  Bar("A", "2026-11-23 13:00:00Z", 15, "7", "stream", 2);
  EXPECT_THAT(Ask("ticker, open::INT, volume, revision", "bars"), ElementsAre("A 20 6 3"));
}

TEST_F(GoldViews, TheStreamsBarIsTakenUnlessAMinuteBesideItIsMissing) {
  for (const char* minute : {"00", "01", "02", "06"}) {
    const std::string start = std::string("2026-11-23 13:") + minute + ":00Z";
    Bar("A", start, 10);
    Bar("A", start, 20, "1", "chart");
  }
  Bar("A", "2026-11-23 13:04:00Z", 20, "1", "chart");
  EXPECT_THAT(Ask(std::string(kClock) + ", source", "bars"),
              ElementsAre("13:00 stream", "13:01 stream", "13:02 chart", "13:04 chart", "13:06 chart"));
}

TEST_F(GoldViews, WiderBarsAddUpTheirMinutes) {
  Bar("A", "2026-11-23 13:04:00Z", 9, "100");
  Bar("A", "2026-11-23 13:05:00Z", 10, "1");
  Bar("A", "2026-11-23 13:06:00Z", 20, "3");
  Bar("A", "2026-11-23 13:09:00Z", 4);
  EXPECT_THAT(Ask(std::string(kClock) + ", open::INT, high::INT, low::INT, close::INT, volume, vwap_estimate, ticks, "
                                        "minutes, source",
                  "bars_5m"),
              ElementsAre("13:00 9 11 8 10 100 9.0 3 1 stream", "13:05 10 22 3 5 4 17.5 9 3 stream"));
  EXPECT_THAT(Ask(std::string(kClock) + ", volume, minutes", "bars_1h"), ElementsAre("13:00 104 4"));
}

TEST_F(GoldViews, AWiderBarWithoutAnyKnownVolumeHasNone) {
  Bar("A", "2026-11-23 13:04:00Z", 9);
  EXPECT_THAT(Ask("ticker, coalesce(volume, -1), coalesce(vwap_estimate, -1)", "bars_5m"), ElementsAre("A -1 -1.0"));
}

TEST_F(GoldViews, ADayIsTheExchangesOwn) {
  for (const char* ticker : {"BHP.AX", "BTC-USD", "AAPL", "ES=F"}) {
    Bar(ticker, "2026-11-23 22:50:00Z", 1);
    Bar(ticker, "2026-11-23 23:10:00Z", 2);
    Bar(ticker, "2026-11-24 00:30:00Z", 3);
  }
  EXPECT_THAT(Ask("ticker, date, minutes, open::INT", "bars_1d"),
              ElementsAre("AAPL 2026-11-23 3 1", "BHP.AX 2026-11-24 3 1", "BTC-USD 2026-11-23 2 1",
                          "BTC-USD 2026-11-24 1 3", "ES=F 2026-11-23 1 1", "ES=F 2026-11-24 2 2"));
}

TEST_F(GoldViews, LatestIsTheLastRowOfEachTickerWithItsReferencePriceAndChange) {
  Do("INSERT INTO silver VALUES ('A', '2026-11-23 13:00:00Z', 11, 1, 10, 10, 'USD', NULL, NULL, NULL, 5, NULL, "
     "'yahoo', 1),"
     "('A', '2026-11-23 13:00:01Z', 12, NULL, NULL, 10, 'USD', NULL, NULL, NULL, 5, NULL, 'yahoo', 2),"
     "('A', '2026-11-23 13:00:01Z', 13, NULL, NULL, 10, 'USD', NULL, NULL, NULL, 4, NULL, 'yahoo', 3),"
     "('B', '2026-11-20 13:00:00Z', 7, NULL, NULL, NULL, 'BRL', NULL, NULL, NULL, NULL, NULL, 'yahoo', 1)");
  EXPECT_THAT(Ask("ticker, price, reference_price, change, change_percent", "latest"),
              ElementsAre("A 12.0 10.0 2.0 20.0", "B 7.0"));
}

TEST_F(GoldViews, GapsAreSilencesOfFiveMinutesToEightHours) {
  for (const char* time : {"10:00", "10:05", "10:11", "18:12"}) Bar("A", std::string("2026-11-23 ") + time + ":00Z", 1);
  for (const char* time : {"10:00", "10:07", "10:08"}) Bar("B", std::string("2026-11-23 ") + time + ":00Z", 1);
  EXPECT_THAT(Ask("ticker, strftime(gap_start AT TIME ZONE 'UTC', '%H:%M'), minutes, feed_silent", "gaps"),
              ElementsAre("A 10:06 5 false", "B 10:01 6 false"));
  Bar("B", "2026-11-23 10:20:00Z", 1);
  EXPECT_THAT(Ask("ticker, strftime(gap_start AT TIME ZONE 'UTC', '%H:%M'), minutes, feed_silent", "gaps"),
              testing::Contains("B 10:09 11 false"));
  Bar("B", "2026-11-23 10:40:00Z", 1);
  EXPECT_THAT(Ask("ticker, strftime(gap_start AT TIME ZONE 'UTC', '%H:%M'), minutes, feed_silent", "gaps"),
              testing::Contains("B 10:21 19 true"));
}

TEST_F(GoldViews, NothingIsMadeOfNothing) {
  for (const DerivedView& view : DerivedViews()) EXPECT_THAT(Ask("1", view.name), IsEmpty()) << view.name;
}

}  // namespace
}  // namespace pregao::query
