#include "market/watchlist_edit.h"

#include <gtest/gtest.h>

#include "market/watchlist.h"

namespace pregao::market {
namespace {

constexpr const char* kText =
    "# mine\n"
    "PETR4.SA  100 32.10  # since 2019\n"
    "\n"
    "# crypto\n"
    "btc-usd\n";

TEST(WatchlistEdit, AddsALineAtTheEndAndTouchesNothingElse) {
  EXPECT_EQ(AddTicker(kText, "aapl").ValueOrDie(), std::string(kText) + "AAPL\n");
  EXPECT_EQ(AddTicker("", "^BVSP").ValueOrDie(), "^BVSP\n");
}

TEST(WatchlistEdit, EndsALineThatDidNotEndAndKeepsWindowsLineEnds) {
  EXPECT_EQ(AddTicker("AAPL", "MSFT").ValueOrDie(), "AAPL\nMSFT\n");
  EXPECT_EQ(AddTicker("AAPL\r\n", "MSFT").ValueOrDie(), "AAPL\r\nMSFT\r\n");
}

TEST(WatchlistEdit, ATickerThatIsThereIsNotAddedAgain) { EXPECT_EQ(AddTicker(kText, "BTC-USD").ValueOrDie(), kText); }

TEST(WatchlistEdit, WhatIsNoTickerIsRefused) {
  for (const char* text : {"", " ", "A B", "PETR4.SA 100", "X\nY", "#", "../../etc", "a;b", "...", "AAPL\r"}) {
    EXPECT_TRUE(AddTicker(kText, text).status().IsInvalid()) << text;
    EXPECT_TRUE(RemoveTicker(kText, text).status().IsInvalid()) << text;
  }
}

TEST(WatchlistEdit, RemovesItsLineAndKeepsTheComments) {
  EXPECT_EQ(RemoveTicker(kText, "BTC-USD").ValueOrDie(), "# mine\nPETR4.SA  100 32.10  # since 2019\n\n# crypto\n");
  EXPECT_EQ(RemoveTicker(kText, "petr4.sa").ValueOrDie(), "# mine\n\n# crypto\nbtc-usd\n");
  EXPECT_EQ(RemoveTicker("AAPL\nMSFT", "MSFT").ValueOrDie(), "AAPL\n");
  EXPECT_TRUE(RemoveTicker(kText, "AAPL").status().IsKeyError());
}

}  // namespace
}  // namespace pregao::market
