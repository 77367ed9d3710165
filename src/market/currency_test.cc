#include "market/currency.h"

#include <gtest/gtest.h>

namespace pregao::market {
namespace {

TEST(CurrencyUnit, PenceCentsAndAgorotAreHundredths) {
  for (const auto& [code, currency] : {std::pair("GBp", "GBP"), std::pair("ZAc", "ZAR"), std::pair("ILA", "ILS")}) {
    EXPECT_EQ(CurrencyUnitOf(code).currency, currency);
    EXPECT_EQ(CurrencyUnitOf(code).per_unit, 100);
  }
}

TEST(CurrencyUnit, EveryOtherCodeIsItself) {
  for (const char* const code : {"GBP", "ZAR", "ILS", "USD", "BRL", "gbp", "GBX", ""}) {
    EXPECT_EQ(CurrencyUnitOf(code).currency, code);
    EXPECT_EQ(CurrencyUnitOf(code).per_unit, 1);
  }
}

TEST(QuotedIn, ATickersFormTellsItsCurrency) {
  for (const auto& [ticker, currency] :
       {std::pair("PETR4.SA", "BRL"), std::pair("BP.L", "GBp"), std::pair("NPN.JO", "ZAc"), std::pair("TEVA.TA", "ILA"),
        std::pair("SAP.DE", "EUR"), std::pair("7203.T", "JPY"), std::pair("AAPL", "USD"), std::pair("BRK-B", "USD"),
        std::pair("BTC-USD", "USD"), std::pair("ETH-EUR", "EUR"), std::pair("BRL=X", "BRL"),
        std::pair("EURUSD=X", "USD")}) {
    EXPECT_EQ(QuotedIn(ticker), currency) << ticker;
  }
}

TEST(QuotedIn, WhatItDoesNotTellIsUnknown) {
  for (const char* const ticker : {"^BVSP", "CL=F", "X.QQ", "OD=X", "BTC-123", "A.", "=X"}) {
    EXPECT_EQ(QuotedIn(ticker), "") << ticker;
  }
}

TEST(DollarTicker, IsTheOneThatYahooStreams) {
  EXPECT_EQ(DollarTicker("BRL"), "BRL=X");
  EXPECT_EQ(DollarTicker("EUR"), "EURUSD=X");
  EXPECT_EQ(DollarTicker("GBP"), "GBPUSD=X");
  EXPECT_EQ(DollarTicker("JPY"), "JPY=X");
}

}  // namespace
}  // namespace pregao::market
