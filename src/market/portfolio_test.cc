#include "market/portfolio.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pregao::market {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST(RateTickers, NothingIsNeededWithoutABaseOrAnotherCurrency) {
  EXPECT_THAT(RateTickers(ParseWatchlist("AAPL 1\nPETR4.SA 1"), ""), IsEmpty());
  EXPECT_THAT(RateTickers(ParseWatchlist("PETR4.SA 100 32.10\nVALE3.SA 5"), "BRL"), IsEmpty());
  EXPECT_THAT(RateTickers(ParseWatchlist("AAPL\nPETR4.SA 1\nBP.L 0\n^GSPC 1"), "BRL"), IsEmpty());
}

TEST(RateTickers, EveryCurrencyOfAPositionComesToTheBaseThroughTheDollar) {
  const auto list = ParseWatchlist("AAPL 1\nPETR4.SA 1\nBP.L 10 4.5\n7203.T 100\nNPN.JO 3");
  EXPECT_THAT(RateTickers(list, "BRL"), ElementsAre("BRL=X", "GBPUSD=X", "JPY=X", "ZAR=X"));
  EXPECT_THAT(RateTickers(list, "USD"), ElementsAre("BRL=X", "GBPUSD=X", "JPY=X", "ZAR=X"));
  EXPECT_THAT(RateTickers(ParseWatchlist("PETR4.SA 1"), "USD"), ElementsAre("BRL=X"));
  EXPECT_THAT(RateTickers(ParseWatchlist("PETR4.SA 1"), "EUR"), ElementsAre("BRL=X", "EURUSD=X"));
  EXPECT_THAT(RateTickers(ParseWatchlist("AAPL 1"), "GBP"), ElementsAre("GBPUSD=X"));
}

TEST(ExtraTickers, LeaveOutWhatTheWatchlistHas) {
  EXPECT_THAT(ExtraTickers(ParseWatchlist("BRL=X\nBP.L 1\nAAPL 1"), "BRL"), ElementsAre("GBPUSD=X"));
}

TEST(PortfolioTickers, ArePositionsCurrenciesOfTheListAndRates) {
  EXPECT_THAT(PortfolioTickers(ParseWatchlist("AAPL 1\nMSFT\nEURBRL=X\nVALE3.SA 2"), "BRL"),
              UnorderedElementsAre("BRL=X", "AAPL", "EURBRL=X", "VALE3.SA"));
}

}  // namespace
}  // namespace pregao::market
