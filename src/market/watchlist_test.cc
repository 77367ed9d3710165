#include "market/watchlist.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pregao::market {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Tickers(const Watchlist& list) {
  std::vector<std::string> out;
  for (const auto& entry : list.entries) out.push_back(entry.ticker);
  return out;
}

TEST(Watchlist, TakesOneTickerALineWithBomCrlfBlanksAndComments) {
  const auto list = ParseWatchlist(
      "\xEF\xBB\xBF# mine\r\nPETR4.SA\r\n\r\n  \t vale3.sa # iron\r\nBTC-USD#coin\n^BVSP\nBRL=X\nM&M.NS");
  EXPECT_THAT(Tickers(list), ElementsAre("PETR4.SA", "VALE3.SA", "BTC-USD", "^BVSP", "BRL=X", "M&M.NS"));
  EXPECT_THAT(list.problems, IsEmpty());
}

TEST(Watchlist, TakesQuantityAndAveragePriceWithPointOrComma) {
  const auto list = ParseWatchlist("PETR4.SA 100 32.10\nVALE3.SA\t200\t61,2\nITUB4.SA 7\n");
  EXPECT_THAT(list.entries, ElementsAre(WatchlistEntry{"PETR4.SA", 100, 32.1}, WatchlistEntry{"VALE3.SA", 200, 61.2},
                                        WatchlistEntry{"ITUB4.SA", 7, std::nullopt}));
  EXPECT_THAT(list.problems, IsEmpty());
}

TEST(Watchlist, WarnsOfADoubleAndTheFirstOneCounts) {
  const auto list = ParseWatchlist("PETR4.SA 1\n\npetr4.sa 2\n");
  EXPECT_THAT(list.entries, ElementsAre(WatchlistEntry{"PETR4.SA", 1, std::nullopt}));
  ASSERT_EQ(list.problems.size(), 1U);
  EXPECT_EQ(Describe("carteira.txt", list.problems[0]),
            "carteira.txt:3: ticker \"PETR4.SA\" stands in line 1 already, which counts: remove one");
}

struct BadLine {
  const char* line;
  const char* value;
  const char* remedy;
};
class WatchlistBadLine : public ::testing::TestWithParam<BadLine> {};
TEST_P(WatchlistBadLine, IsAnErrorWithItsNumberValueAndRemedyAndTheOthersAreUsed) {
  const auto list = ParseWatchlist(std::string("AAPL\n") + GetParam().line + "\nMSFT\n");
  EXPECT_THAT(Tickers(list), ElementsAre("AAPL", "MSFT"));
  ASSERT_EQ(list.problems.size(), 1U);
  EXPECT_EQ(list.problems[0].line, 2U);
  EXPECT_TRUE(list.problems[0].error);
  EXPECT_THAT(list.problems[0].text, HasSubstr(GetParam().value));
  EXPECT_THAT(list.problems[0].text, HasSubstr(GetParam().remedy));
}
INSTANTIATE_TEST_SUITE_P(All, WatchlistBadLine,
                         ::testing::Values(BadLine{"PETR4.SA,VALE3.SA", "\"PETR4.SA,VALE3.SA\"", "one ticker a line"},
                                           BadLine{"PETR4.SA;100", "\"PETR4.SA;100\"", "one ticker a line"},
                                           BadLine{"PETR4.SA 1.234,56", "\"1.234,56\"", "1234,56"},
                                           BadLine{"PETR4.SA 1.2.3 4", "\"1.2.3\"", "1234.56"},
                                           BadLine{"PETR4.SA cem", "\"cem\"", "like 100"},
                                           BadLine{"PETR4.SA -5", "\"-5\"", "what you hold"},
                                           BadLine{"PETR4.SA 5 0", "\"0\"", "what you paid"},
                                           BadLine{"PETR4.SA 1e99 1e99", "quantity \"1e99\"", "leave it out"},
                                           BadLine{"PETR4.SA 1 1e16", "average price \"1e16\"", "leave it out"},
                                           BadLine{"PETR4.SA 5 nan", "\"nan\"", "not a number"},
                                           BadLine{"PETR4.SA 5 6 7", "\"7\"", "one word too many"},
                                           BadLine{"AÇÃO", "\"AÇÃO\"", "use letters"},
                                           BadLine{"PETR4\x1b[2J", "\"PETR4\\x1b[2J\"", "use letters"},
                                           BadLine{"^", "\"^\"", "like PETR4.SA"},
                                           BadLine{"ABCDEFGHIJKLMNOPQRSTUVWXYZ1234567", "33", "at most 32"}));

TEST(Watchlist, IsBoundedAndSaysWhatIsLeftOut) {
  std::string text;
  for (int i = 0; i < 10'002; ++i) text += "T" + std::to_string(i) + "\n";
  const auto list = ParseWatchlist(text);
  EXPECT_EQ(list.entries.size(), kMaxWatchlistEntries);
  ASSERT_EQ(list.problems.size(), 1U);
  EXPECT_EQ(list.problems[0].line, 10'001U);
  EXPECT_THAT(list.problems[0].text, HasSubstr("10000"));
}

TEST(Watchlist, OfNothingIsEmpty) {
  for (const char* text : {"", "\n", "\xEF\xBB\xBF", "# nothing\n\r\n"})
    EXPECT_EQ(ParseWatchlist(text), Watchlist{}) << text;
}

TEST(ReadWatchlistFile, SaysWhatToDoWhereThereIsNone) {
  const auto text = ReadWatchlistFile("/nonexistent/carteira.txt");
  ASSERT_TRUE(text.status().IsKeyError());
  EXPECT_THAT(text.status().message(), HasSubstr("one ticker a line"));
  EXPECT_TRUE(ReadWatchlistFile("/").status().IsInvalid());
}

TEST(ReadWatchlistFile, RefusesALargeOne) {
  const auto file = std::filesystem::path(::testing::TempDir()) / "large_watchlist.txt";
  std::ofstream(file) << std::string(kMaxWatchlistBytes + 1, '#');
  EXPECT_TRUE(ReadWatchlistFile(file).status().IsInvalid());
  std::ofstream(file) << "AAPL\n";
  EXPECT_EQ(ReadWatchlistFile(file).ValueOrDie(), "AAPL\n");
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace pregao::market
