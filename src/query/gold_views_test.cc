#include "query/gold_views.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/database.h"
#include "query/rows_testing.h"
#include "query/sessions.h"

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
    EXPECT_TRUE(NameCalendars(market::Calendars::Builtin(), database_.get()).ok());
    EXPECT_TRUE(LoadSessions(market::Calendars::Builtin(), database_.get()).ok());
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
    return FirstColumn(database_.get(), "SELECT concat_ws(' ', " + columns + ") FROM " + from + " ORDER BY ALL");
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

TEST_F(GoldViews, TheDayOfAnAsianExchangeOrIndexIsNotNewYorks) {
  // All of one session, on both sides of midnight in New York (05:00 UTC).
  for (const char* ticker : {"^N225", "^HSI", "^NSEI", "BBCA.JK", "1155.KL", "PTT.BK", "6488.TWO", "A.NOWHERE"}) {
    Bar(ticker, "2026-11-24 03:50:00Z", 1);
    Bar(ticker, "2026-11-24 05:10:00Z", 2);
  }
  EXPECT_THAT(Ask("date, minutes", "bars_1d"), testing::AllOf(testing::SizeIs(8), testing::Each("2026-11-24 2")));
}

TEST_F(GoldViews, AnIndexThatNoCalendarNamesIsAmerican) {
  Bar("^VIX", "2026-11-23 23:50:00Z", 1);
  Bar("^VIX", "2026-11-24 00:10:00Z", 2);
  EXPECT_THAT(Ask("date, minutes", "bars_1d"), ElementsAre("2026-11-23 2"));
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

constexpr char kGap[] =
    "ticker, strftime(gap_start AT TIME ZONE 'UTC', '%d %H:%M'), strftime(gap_end AT TIME ZONE 'UTC', '%d %H:%M')";

TEST_F(GoldViews, ASilenceOfFiveMinutesInASessionIsAGap) {
  // New York trades from 14:30 to 21:00 UTC.
  for (const char* time : {"14:30", "14:35", "14:41"}) Bar("A", std::string("2026-11-23 ") + time + ":00Z", 1);
  EXPECT_THAT(Ask(std::string(kGap) + ", minutes, calendar", "gaps"), ElementsAre("A 23 14:36 23 14:41 5 XNYS"));
}

TEST_F(GoldViews, WhileTheExchangeIsClosedThereIsNoGap) {
  // Friday's close to Monday's opening; a lunch in Tokyo, 02:30 to 03:30; the night before Thanksgiving to the half
  // day.
  for (const char* time : {"20 20:59", "23 14:30"}) Bar("A", std::string("2026-11-") + time + ":00Z", 1);
  for (const char* time : {"20 02:29", "20 03:30"}) Bar("7203.T", std::string("2026-11-") + time + ":00Z", 1);
  for (const char* time : {"25 20:59", "27 14:30"}) Bar("B", std::string("2026-11-") + time + ":00Z", 1);
  // A currency's weekend begins and ends at 17:00 in New York.
  for (const char* time : {"20 21:59", "22 22:00"}) Bar("JPY=X", std::string("2026-11-") + time + ":00Z", 1);
  EXPECT_THAT(Ask(kGap, "gaps"), IsEmpty());
}

TEST_F(GoldViews, OfALongSilenceEachSessionsPartIsAGap) {
  for (const char* time : {"20 20:50", "24 14:40"}) Bar("A", std::string("2026-11-") + time + ":00Z", 1);
  EXPECT_THAT(Ask(kGap, "gaps"), ElementsAre("A 20 20:51 20 21:00", "A 23 14:30 23 21:00", "A 24 14:30 24 14:40"));
}

TEST_F(GoldViews, CryptoIsAlwaysOpen) {
  for (const char* time : {"21 10:00", "21 20:00"}) Bar("BTC-USD", std::string("2026-11-") + time + ":00Z", 1);
  EXPECT_THAT(Ask(kGap, "gaps"), ElementsAre("BTC-USD 21 10:01 21 20:00"));
}

TEST_F(GoldViews, ATickerThatHasSpokenEachMinuteMissesOne) {
  const auto minute = [](int m) { return "2026-11-23 15:" + std::to_string(m) + ":00Z"; };
  for (int m = 10; m < 20; ++m) Bar("A", minute(m), 1);
  for (int m = 11; m < 20; ++m) Bar("B", minute(m), 1);  // nine in a row are too few to tell
  for (const char* ticker : {"A", "B"}) Bar(ticker, minute(21), 1);
  EXPECT_THAT(Ask(std::string(kGap) + ", minutes", "gaps"), ElementsAre("A 23 15:20 23 15:21 1"));
}

TEST_F(GoldViews, TheLastMinutesOfASessionAreNoGapOfABusyTicker) {
  for (int m = 48; m < 58; ++m) Bar("A", "2026-11-23 20:" + std::to_string(m) + ":00Z", 1);
  Bar("A", "2026-11-24 14:32:00Z", 1);
  EXPECT_THAT(Ask(kGap, "gaps"), IsEmpty());
}

TEST_F(GoldViews, WhereNobodyKnowsTheHoursEightAreAClosedMarket) {
  for (const char* time : {"10:00", "10:06", "18:07"}) Bar("^NONE", std::string("2026-11-23 ") + time + ":00Z", 1);
  for (const char* time : {"10:00", "10:06", "18:07"}) Bar("A", std::string("2035-11-23 ") + time + ":00Z", 1);
  EXPECT_THAT(Ask(std::string(kGap) + ", calendar", "gaps"),
              ElementsAre("A 23 10:01 23 10:06 XNYS", "^NONE 23 10:01 23 10:06"));
}

TEST_F(GoldViews, AFeedIsSilentWhenNoTickerSpeaks) {
  for (const char* time : {"15:00", "15:09"}) Bar("A", std::string("2026-11-23 ") + time + ":00Z", 1);
  EXPECT_THAT(Ask("ticker, minutes, feed_silent", "gaps"), ElementsAre("A 8 true"));
  Bar("BTC-USD", "2026-11-23 15:04:00Z", 1);
  EXPECT_THAT(Ask("ticker, minutes, feed_silent", "gaps"), ElementsAre("A 8 false"));
}

TEST_F(GoldViews, AGapTellsHowManyOfItsMinutesTheChartHas) {
  for (const char* time : {"15:00", "15:09", "15:20"}) Bar("A", std::string("2026-11-23 ") + time + ":00Z", 1);
  for (const char* time : {"15:00", "15:01", "15:05", "15:08", "15:09", "15:20"}) {
    for (int revision = 1; revision < 3; ++revision) {
      Bar("A", std::string("2026-11-23 ") + time + ":00Z", 1, "NULL", "chart", revision);
    }
  }
  Bar("B", "2026-11-23 15:06:00Z", 1, "NULL", "chart");
  EXPECT_THAT(Ask(std::string(kGap) + ", minutes, filled", "gaps"),
              ElementsAre("A 23 15:01 23 15:09 8 3", "A 23 15:10 23 15:20 10 0"));
}

TEST_F(GoldViews, NothingIsMadeOfNothing) {
  for (const DerivedView& view : DerivedViews()) EXPECT_THAT(Ask("1", view.name), IsEmpty()) << view.name;
}

}  // namespace
}  // namespace pregao::query
