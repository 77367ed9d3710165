#include "query/adjusted_sql.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/database.h"
#include "query/gold_views.h"
#include "query/rows_testing.h"
#include "query/sessions.h"

namespace pregao::query {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// The views over bars and actions that a test puts in. Numbers are worked out by hand.
class Adjusted : public testing::Test {
 protected:
  Adjusted() {
    EXPECT_TRUE(NameCalendars(market::Calendars::Builtin(), database_.get()).ok());
    Do("CREATE TABLE bar_revisions (ticker VARCHAR, \"interval\" VARCHAR, bar_start TIMESTAMPTZ, open DOUBLE, high "
       "DOUBLE, low DOUBLE, close DOUBLE, volume BIGINT, vwap_estimate DOUBLE, ticks BIGINT, source VARCHAR, revision "
       "BIGINT, is_final BOOLEAN, date DATE)");
    Do("CREATE TABLE corporate_actions (ticker VARCHAR, kind VARCHAR, amount DOUBLE, numerator DOUBLE, denominator "
       "DOUBLE, currency VARCHAR, source VARCHAR, received_at TIMESTAMPTZ, date DATE)");
    for (const DerivedView& view : DerivedViews()) {
      if (view.base == "silver" || view.name == "gaps") continue;
      if (!view.prepare.empty()) Do(view.prepare);
      Do("CREATE VIEW " + view.name + " AS " + view.sql);
    }
  }
  void Do(const std::string& sql) {
    const Status status = database_->Execute(sql);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  /// A bar of a day, or of a minute of it, that opens and has its low at half of its close; 1000 shares.
  void Bar(const std::string& ticker, const std::string& start, double close, const std::string& interval = "1d",
           const std::string& source = "chart") {
    const std::string half = std::to_string(close / 2), whole = std::to_string(close);
    Do("INSERT INTO bar_revisions VALUES ('" + ticker + "', '" + interval + "', '" + start + "', " + half + ", " +
       whole + ", " + half + ", " + whole + ", 1000, " + half + ", 1, '" + source + "', 1, true, '" +
       start.substr(0, 10) + "')");
  }
  void Dividend(const std::string& ticker, const std::string& day, double amount, const std::string& currency = "USD",
                const std::string& received = "2025-06-01") {
    Do("INSERT INTO corporate_actions VALUES ('" + ticker + "', 'dividend', " + std::to_string(amount) +
       ", NULL, NULL, '" + currency + "', 'chart', '" + received + "', '" + day + "')");
  }
  void Split(const std::string& ticker, const std::string& day, int numerator, int denominator) {
    Do("INSERT INTO corporate_actions VALUES ('" + ticker + "', 'split', NULL, " + std::to_string(numerator) + ", " +
       std::to_string(denominator) + ", NULL, 'chart', '2025-06-01', '" + day + "')");
  }
  std::vector<std::string> Ask(const std::string& columns, const std::string& from = "bars_adjusted") {
    return FirstColumn(database_.get(),
                       "SELECT concat_ws(' ', " + columns + ") FROM " + from + " ORDER BY bar_start, source");
  }

  std::unique_ptr<Database> database_ = Database::Open({}).ValueOrDie();
};

constexpr char kMoney[] = "round(open, 6), round(low, 6), round(high, 6), round(close, 6), volume";

TEST_F(Adjusted, WithoutActionsABarIsWhatItIs) {
  Bar("A", "2025-03-03 14:30:00Z", 100);
  EXPECT_THAT(Ask(kMoney), ElementsAre("50.0 50.0 100.0 100.0 1000"));
  EXPECT_THAT(Ask("split_factor, dividend_factor, source, \"interval\", is_final"),
              ElementsAre("1.0 1.0 chart 1d true"));
}

TEST_F(Adjusted, ADividendLowersAllPricesBeforeItsDayByItsPartOfTheCloseBefore) {
  Bar("A", "2025-03-03 14:30:00Z", 80);
  Bar("A", "2025-03-04 14:30:00Z", 100);
  Bar("A", "2025-03-05 14:30:00Z", 98);
  Dividend("A", "2025-03-05", 2);  // 2 of 100: what comes before is 0.98 of itself
  EXPECT_THAT(Ask(kMoney),
              ElementsAre("39.2 39.2 78.4 78.4 1000", "49.0 49.0 98.0 98.0 1000", "49.0 49.0 98.0 98.0 1000"));
  EXPECT_THAT(Ask("round(vwap_estimate, 6)"), ElementsAre("39.2", "49.0", "49.0"));
}

TEST_F(Adjusted, DividendsMultiply) {
  Bar("A", "2025-03-03 14:30:00Z", 100);
  Bar("A", "2025-03-04 14:30:00Z", 50);
  Bar("A", "2025-03-05 14:30:00Z", 40);
  Dividend("A", "2025-03-04", 10);  // 0.9
  Dividend("A", "2025-03-05", 10);  // 0.8
  EXPECT_THAT(Ask("round(close, 6), round(dividend_factor, 6)"), ElementsAre("72.0 0.72", "40.0 0.8", "40.0 1.0"));
}

TEST_F(Adjusted, AsOfADayLaterActionsAndBarsAreNotThere) {
  Bar("A", "2025-03-03 14:30:00Z", 100);
  Bar("A", "2025-03-04 14:30:00Z", 50);
  Bar("A", "2025-03-05 14:30:00Z", 40);
  Dividend("A", "2025-03-04", 10);
  Dividend("A", "2025-03-05", 10);
  EXPECT_THAT(Ask("round(close, 6)", "bars_adjusted('2025-03-03')"), ElementsAre("100.0"));
  EXPECT_THAT(Ask("round(close, 6)", "bars_adjusted('2025-03-04')"), ElementsAre("90.0", "50.0"));
  EXPECT_THAT(Ask("round(close, 6)", "bars_adjusted('2025-03-05')"), ElementsAre("72.0", "40.0", "40.0"));
}

TEST_F(Adjusted, YahoosHistoryIsInTodaysSharesAndIsTakenBackBeforeTheSplit) {
  Bar("A", "2025-03-03 14:30:00Z", 25);  // was 100 when it was traded
  Bar("A", "2025-03-04 14:30:00Z", 26);
  Split("A", "2025-03-04", 4, 1);
  EXPECT_THAT(Ask(kMoney), ElementsAre("12.5 12.5 25.0 25.0 1000", "13.0 13.0 26.0 26.0 1000"));
  EXPECT_THAT(Ask(kMoney, "bars_adjusted('2025-03-03')"), ElementsAre("50.0 50.0 100.0 100.0 250"));
}

TEST_F(Adjusted, TheStreamsBarsAreInSharesOfTheirDayAndAreDividedByLaterSplits) {
  Bar("A", "2025-03-03 15:00:00Z", 100, "1m", "stream");
  Bar("A", "2025-03-04 15:00:00Z", 30, "1m", "stream");
  Bar("A", "2025-03-06 15:00:00Z", 60, "1m", "stream");
  Split("A", "2025-03-04", 4, 1);
  Split("A", "2025-03-06", 1, 2);  // two old shares are one
  EXPECT_THAT(Ask(kMoney),
              ElementsAre("25.0 25.0 50.0 50.0 2000", "30.0 30.0 60.0 60.0 500", "30.0 30.0 60.0 60.0 1000"));
  EXPECT_THAT(Ask(kMoney, "bars_adjusted('2025-03-05')"),
              ElementsAre("12.5 12.5 25.0 25.0 4000", "15.0 15.0 30.0 30.0 1000"));
  EXPECT_THAT(Ask(kMoney, "bars_adjusted('2025-03-03')"), ElementsAre("50.0 50.0 100.0 100.0 1000"));
}

TEST_F(Adjusted, ADividendBeforeASplitIsComparedInTheSameShares) {
  Bar("A", "2025-03-03 15:00:00Z", 100, "1m", "stream");
  Bar("A", "2025-03-04 15:00:00Z", 96, "1m", "stream");
  Bar("A", "2025-03-05 15:00:00Z", 24, "1m", "stream");
  Split("A", "2025-03-05", 4, 1);
  Dividend("A", "2025-03-04", 1);  // 4 when it was paid: 4 % of 100
  EXPECT_THAT(Ask("round(close, 6), round(dividend_factor, 6)"), ElementsAre("24.0 0.96", "24.0 1.0", "24.0 1.0"));
  EXPECT_THAT(Ask("round(close, 6)", "bars_adjusted('2025-03-04')"), ElementsAre("96.0", "96.0"));
}

TEST_F(Adjusted, TheCloseBeforeIsTheDaysAndElseTheLastMinutes) {
  Bar("A", "2025-03-03 14:30:00Z", 100);
  Bar("A", "2025-03-03 22:00:00Z", 50, "1m");  // after hours
  Bar("A", "2025-03-04 15:00:00Z", 40, "1m");
  Bar("A", "2025-03-04 15:01:00Z", 20, "1m");
  Bar("A", "2025-03-05 15:00:00Z", 20, "1m");
  Dividend("A", "2025-03-04", 10);  // of 100
  Dividend("A", "2025-03-05", 10);  // of 20
  EXPECT_THAT(Ask("round(dividend_factor, 6)"), ElementsAre("0.45", "0.45", "0.5", "0.5", "1.0"));
}

TEST_F(Adjusted, DaysAreTheExchangesOwn) {
  Bar("BHP.AX", "2025-03-03 23:00:00Z", 100);  // the 4th in Sydney
  Bar("BHP.AX", "2025-03-04 23:00:00Z", 90);   // the 5th
  Dividend("BHP.AX", "2025-03-05", 10);
  EXPECT_THAT(Ask("round(close, 6)"), ElementsAre("90.0", "90.0"));
}

TEST_F(Adjusted, OfADividendThatWasToldAgainTheLastWordCounts) {
  Bar("A", "2025-03-03 14:30:00Z", 100);
  Dividend("A", "2025-03-04", 50);
  Dividend("A", "2025-03-04", 10, "USD", "2025-07-01");
  EXPECT_THAT(Ask("round(close, 6)"), ElementsAre("90.0"));
}

TEST_F(Adjusted, ADividendInPoundsIsCountedInThePenceOfThePrice) {
  Bar("BP.L", "2025-03-03 08:00:00Z", 400);
  Dividend("BP.L", "2025-03-04", 0.04, "GBP");
  EXPECT_THAT(Ask("round(close, 6)"), ElementsAre("396.0"));
}

TEST_F(Adjusted, WhereADividendIsNoPartOfThePriceEarlierPricesAreUnknown) {
  Bar("A", "2025-03-03 14:30:00Z", 100);
  Bar("A", "2025-03-04 14:30:00Z", 100);
  Bar("A", "2025-03-05 14:30:00Z", 100);
  Dividend("A", "2025-03-04", 100);
  Dividend("A", "2025-03-05", 10);
  EXPECT_THAT(Ask("coalesce(round(close, 6)::VARCHAR, '?'), volume"), ElementsAre("? 1000", "90.0 1000", "100.0 1000"));
}

TEST_F(Adjusted, OneTickersActionsLeaveOthersAlone) {
  Bar("A", "2025-03-03 14:30:00Z", 100);
  Bar("B", "2025-03-03 14:31:00Z", 100);
  Dividend("A", "2025-03-04", 10);
  Split("A", "2025-03-04", 2, 1);
  EXPECT_THAT(Ask("ticker, round(close, 6)"), ElementsAre("A 90.0", "B 100.0"));
}

TEST_F(Adjusted, AnActionYetToComeChangesNothing) {
  Bar("A", "2025-03-03 14:30:00Z", 100);
  Dividend("A", "2199-03-04", 10);
  Split("A", "2199-03-04", 2, 1);
  EXPECT_THAT(Ask("round(close, 6)"), ElementsAre("100.0"));
  EXPECT_THAT(Ask("1", "bars_adjusted('2025-03-02')"), IsEmpty());
}

}  // namespace
}  // namespace pregao::query
