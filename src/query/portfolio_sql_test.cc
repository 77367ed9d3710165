#include "query/portfolio_sql.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/database.h"
#include "query/rows_testing.h"

namespace pregao::query {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A portfolio over quotes that a test puts in.
class Portfolio : public testing::Test {
 protected:
  Portfolio() {
    Do("CREATE TABLE quotes (ticker VARCHAR, price DOUBLE, change DOUBLE, currency VARCHAR, event_time TIMESTAMPTZ)");
  }
  void Do(const std::string& sql) { ASSERT_TRUE(database_->Execute(sql).ok()) << sql; }
  void Quote(const std::string& ticker, double price, const std::string& change = "NULL",
             const std::string& currency = "", const std::string& time = "2025-11-24 13:00:00Z") {
    Do("INSERT INTO quotes VALUES ('" + ticker + "', " + std::to_string(price) + ", " + change + ", '" + currency +
       "', '" + time + "')");
  }

  /// The rows' cells, each row as one text, "?" for NULL; in the order of the SELECT.
  std::vector<std::string> Rows(const std::string& columns, const std::string& from) {
    std::string cells, separator;
    for (std::size_t begin = 0; begin < columns.size();) {
      const std::size_t end = std::min(columns.find(' ', begin), columns.size());
      const std::string column = columns.substr(begin, end - begin);
      cells += separator + "coalesce(" + column + "::VARCHAR, '?')";
      separator = ", ";
      begin = end + 1;
    }
    return FirstColumn(database_.get(), "SELECT concat_ws(' ', " + cells + ") FROM " + from);
  }
  std::vector<std::string> Ask(const std::string& columns, const std::string& list, const std::string& base = "") {
    return Rows(columns, "(" + PortfolioSql(market::ParseWatchlist(list), base, "quotes") + ")");
  }
  std::vector<std::string> Totals(const std::string& list, const std::string& base = "") {
    return Rows("currency in_base positions value cost day_profit total_profit",
                "(" + PortfolioTotalsSql("(" + PortfolioSql(market::ParseWatchlist(list), base, "quotes") + ")") + ")");
  }

  std::unique_ptr<Database> database_ = Database::Open({}).ValueOrDie();
};

TEST_F(Portfolio, APositionHasValueDayAndTotalInItsCurrency) {
  Quote("PETR4.SA", 40, "0.5");
  EXPECT_THAT(
      Ask("ticker quantity average_price price currency value cost day_profit total_profit", "PETR4.SA 100 32.10"),
      ElementsAre("PETR4.SA 100.0 32.1 40.0 BRL 4000.0 3210.0 50.0 790.0"));
}

TEST_F(Portfolio, PositionsAreInTheListsOrderAndTickersThatAreNotHeldAreNone) {
  Quote("A", 1);
  Quote("Z", 1);
  EXPECT_THAT(Ask("ticker", "Z 1\nM\nA 2\nN 0"), ElementsAre("Z", "A"));
  EXPECT_THAT(Ask("ticker", "M"), IsEmpty());
}

TEST_F(Portfolio, WhatIsNotKnownIsNullAndNotNought) {
  Quote("NOCOST", 5, "1");
  Quote("NOCHANGE", 5);
  Quote("^IX", 7);
  EXPECT_THAT(
      Ask("ticker price currency value cost day_profit total_profit", "NOCOST 2\nNOCHANGE 2 4\nMUTE 2 4\n^IX 1"),
      ElementsAre("NOCOST 5.0 USD 10.0 ? 2.0 ?", "NOCHANGE 5.0 USD 10.0 8.0 ? 2.0", "MUTE ? USD ? 8.0 ? ?",
                  "^IX 7.0 ? 7.0 ? ? ?"));
}

TEST_F(Portfolio, PricesInPenceCentsAndAgorotGiveMoneyInPoundsRandAndShekels) {
  Quote("BP.L", 450, "-10");
  Quote("NPN.JO", 300000);
  Quote("TEVA.TA", 6000, "NULL", "ILA");
  Quote("ETF.L", 20, "NULL", "USD");  // a line in dollars: what the quote says counts
  EXPECT_THAT(
      Ask("ticker price quoted_in currency value total_profit day_profit", "BP.L 10 400\nNPN.JO 1\nTEVA.TA 1\nETF.L 1"),
      ElementsAre("BP.L 450.0 GBp GBP 45.0 5.0 -1.0", "NPN.JO 300000.0 ZAc ZAR 3000.0 ? ?",
                  "TEVA.TA 6000.0 ILA ILS 60.0 ? ?", "ETF.L 20.0 USD USD 20.0 ? ?"));
}

constexpr char kBase[] = "ticker base_currency rate base_value base_cost base_day_profit base_total_profit";

TEST_F(Portfolio, WithoutABaseCurrencyNothingIsConverted) {
  Quote("AAPL", 200, "2");
  Quote("BRL=X", 5);
  EXPECT_THAT(Ask(kBase, "AAPL 1 100\nBRL=X"), ElementsAre("AAPL ? ? ? ? ? ?"));
}

TEST_F(Portfolio, MoneyInTheBaseCurrencyStaysAndOtherIsConvertedByTodaysRate) {
  Quote("AAPL", 200, "2");
  Quote("PETR4.SA", 40, "1");
  Quote("BRL=X", 5);  // reais for a dollar
  EXPECT_THAT(Ask(kBase, "AAPL 10 150\nPETR4.SA 100 32.10", "BRL"),
              ElementsAre("AAPL BRL 5.0 10000.0 7500.0 100.0 2500.0", "PETR4.SA BRL 1.0 4000.0 3210.0 100.0 790.0"));
  EXPECT_THAT(Ask("ticker base_value", "AAPL 10 150\nPETR4.SA 100", "USD"),
              ElementsAre("AAPL 2000.0", "PETR4.SA 800.0"));
}

TEST_F(Portfolio, ThirdCurrenciesGoThroughTheDollar) {
  Quote("BP.L", 400);
  Quote("7203.T", 3000);
  Quote("GBPUSD=X", 1.25);
  Quote("BRL=X", 5);
  Quote("JPY=X", 150);
  EXPECT_THAT(Ask("ticker rate base_value", "BP.L 10\n7203.T 10", "BRL"),
              ElementsAre("BP.L 6.25 250.0", "7203.T 0.03333333333333333 1000.0"));
}

TEST_F(Portfolio, APairOfTheListIsPreferredToTheWayThroughTheDollar) {
  Quote("BP.L", 400);
  Quote("GBPUSD=X", 1.25);
  Quote("BRL=X", 5);
  Quote("GBPBRL=X", 7);
  EXPECT_THAT(Ask("rate", "BP.L 10\nGBPBRL=X", "BRL"), ElementsAre("7.0"));
  EXPECT_THAT(Ask("rate", "BP.L 10", "BRL"), ElementsAre("6.25"));  // not in the list: not looked at
  Do("UPDATE quotes SET ticker = 'BRLGBP=X', price = 0.125 WHERE ticker = 'GBPBRL=X'");
  EXPECT_THAT(Ask("rate", "BP.L 10\nBRLGBP=X", "BRL"), ElementsAre("8.0"));
}

TEST_F(Portfolio, WhileARateIsNotKnownTheBaseColumnsAreNullAndTheRestIsThere) {
  Quote("AAPL", 200, "2");
  EXPECT_THAT(Ask(kBase, "AAPL 10 150", "BRL"), ElementsAre("AAPL BRL ? ? ? ? ?"));
  Quote("BRL=X", 0);  // no rate
  EXPECT_THAT(Ask("rate value", "AAPL 10 150", "BRL"), ElementsAre("? 2000.0"));
  Quote("BP.L", 400);
  Do("UPDATE quotes SET price = 5 WHERE ticker = 'BRL=X'");
  EXPECT_THAT(Ask("ticker rate", "AAPL 10\nBP.L 1\n^IX 1", "BRL"), ElementsAre("AAPL 5.0", "BP.L ?", "^IX ?"));
}

TEST_F(Portfolio, ARateIsAsOldAsItsOlderPart) {
  Quote("BP.L", 400);
  Quote("GBPUSD=X", 1.25, "NULL", "", "2025-11-21 10:00:00Z");
  Quote("BRL=X", 5);
  EXPECT_THAT(Ask("rate_time", "BP.L 1", "BRL"), ElementsAre("2025-11-21 10:00:00+00"));
}

TEST_F(Portfolio, ACurrencyThatIsHeldIsAPositionAndARate) {
  Quote("BRL=X", 5, "0.1");
  EXPECT_THAT(Ask("ticker currency value rate", "BRL=X 1000 4.5", "BRL"), ElementsAre("BRL=X BRL 5000.0 1.0"));
}

TEST_F(Portfolio, TotalsAreSumsInEachCurrencyAndInTheBase) {
  Quote("AAPL", 200, "2");
  Quote("MSFT", 400);
  Quote("PETR4.SA", 40, "1");
  Quote("BRL=X", 5);
  const std::string list = "AAPL 10 150\nMSFT 1\nPETR4.SA 100 32.10\nMUTE 7 7";
  EXPECT_THAT(Totals(list),
              ElementsAre("BRL false 1 4000.0 3210.0 100.0 790.0", "USD false 2 2400.0 1500.0 20.0 500.0"));
  EXPECT_THAT(Totals(list, "BRL"),
              ElementsAre("BRL false 1 4000.0 3210.0 100.0 790.0", "USD false 2 2400.0 1500.0 20.0 500.0",
                          "BRL true 3 16000.0 10710.0 200.0 3290.0"));
}

TEST_F(Portfolio, AMissingRateLeavesNoTotalInTheBase) {
  Quote("AAPL", 200, "2");
  Quote("BP.L", 400);
  Quote("BRL=X", 5);
  EXPECT_THAT(Totals("AAPL 10 150\nBP.L 1 300", "BRL"),
              ElementsAre("GBP false 1 4.0 3.0 ? 1.0", "USD false 1 2000.0 1500.0 20.0 500.0", "BRL true 2 ? ? ? ?"));
}

}  // namespace
}  // namespace pregao::query
