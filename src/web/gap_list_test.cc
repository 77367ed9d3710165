#include "web/gap_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/gold_tables.h"
#include "engine/history.h"
#include "medallion/bar_schema.h"
#include "medallion/schema.h"

#include "test/lake_tools.h"

namespace pregao::web {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kNowS = 1'795'500'000, kMinuteS = 60;  // 06:00 UTC

class GapListTest : public testing::Test {
 protected:
  /// The stream's bars of so many minutes ago, of one date.
  void Stream(const std::string& ticker, const std::vector<std::int64_t>& minutes_ago) {
    std::vector<market::Bar> bars;
    for (const std::int64_t ago : minutes_ago) bars.push_back(BarAt(ticker, kNowS - ago * kMinuteS));
    const auto table = engine::OpenGold(store_, engine::kBarsRoot, &clock_).ValueOrDie();
    lake::Transaction txn;
    const auto rows = medallion::BarRows(bars).ValueOrDie();
    const std::string date = medallion::DateString(static_cast<std::int32_t>(bars[0].start_us / 86'400'000'000));
    txn.adds = {lake::WriteDataFile(store_.get(), engine::kBarsRoot, clock_, *rows, {{"date", date}}).ValueOrDie()};
    ASSERT_OK(table->Commit(table->snapshot(), txn).status());
  }
  /// What history has of a gap: its first `count` minutes from so many minutes ago.
  void Chart(const std::string& ticker, std::int64_t minutes_ago, int count, std::optional<std::int64_t> asked_to_s) {
    engine::HistoryPart part;
    part.ticker = ticker;
    part.interval = "1m";
    part.covers = false;
    part.gaps_asked_to_s = asked_to_s;
    for (int i = 0; i < count; ++i) {
      part.bars.push_back(BarAt(ticker, kNowS - (minutes_ago - i) * kMinuteS));
      part.bars.back().source = market::BarSource::kChart;
      part.bars.back().is_final = true;
    }
    const auto history = engine::History::Open(store_, &clock_).ValueOrDie();
    ASSERT_OK(history->Write({part}));
  }
  market::Bar BarAt(const std::string& ticker, std::int64_t start_s) {
    market::Bar bar;
    bar.ticker = ticker;
    bar.start_us = start_s * 1'000'000;
    bar.open = bar.low = bar.close = bar.high = 10;
    return bar;
  }
  std::string Json() { return list_.Json().ValueOrDie(); }
  /// The row of a gap of BTC-USD that began and ended so many minutes ago.
  static std::string Row(std::int64_t from, std::int64_t to, int filled, const std::string& state) {
    return R"({"ticker":"BTC-USD","from":)" + std::to_string((kNowS - from * kMinuteS) * 1000) + R"(,"to":)" +
           std::to_string((kNowS - to * kMinuteS) * 1000) + R"(,"minutes":)" + std::to_string(from - to) +
           R"(,"filled":)" + std::to_string(filled) + R"(,"feed_silent":true,"calendar":"ALWAYS","state":")" + state +
           "\"}";
  }

  const lake::test::TemporaryFolder lake_;
  const std::shared_ptr<lake::ObjectStore> store_ = lake::OpenStore(lake_.path()).ValueOrDie();
  const ManualClock clock_{TimestampMs(kNowS * 1000)};
  GapList list_{[this] { return query::Session::OpenGuarded(store_, &clock_); }, &clock_};
};

TEST_F(GapListTest, WithoutBarsNothingIsKnownAndThatIsNoError) {
  const std::string nothing = R"({"now":1795500000000,"days":7,"count":null,"waiting":null,"gaps":[]})";
  EXPECT_EQ(Json(), nothing);
  Chart("BTC-USD", 60, 1, {});  // the table is there now, and the same session finds it
  EXPECT_EQ(Json(), R"({"now":1795500000000,"days":7,"count":0,"waiting":0,"gaps":[]})");
}

TEST_F(GapListTest, TheNewestGapIsTheFirst) {
  Stream("BTC-USD", {100, 90, 80});
  EXPECT_EQ(Json(), R"({"now":1795500000000,"days":7,"count":2,"waiting":2,"gaps":[)" + Row(89, 80, 0, "waiting") +
                        "," + Row(99, 90, 0, "waiting") + "]}");
}

TEST_F(GapListTest, AGapTellsWhatBecameOfIt) {
  Stream("BTC-USD", {200, 190});
  EXPECT_THAT(Json(), HasSubstr(Row(199, 190, 0, "waiting")));
  Chart("BTC-USD", 199, 4, {});
  EXPECT_THAT(Json(), HasSubstr(Row(199, 190, 4, "waiting")));
  Chart("BTC-USD", 199, 4, kNowS - 190 * kMinuteS);
  EXPECT_THAT(Json(), HasSubstr(Row(199, 190, 4, "partly")));
  Chart("BTC-USD", 199, 9, kNowS - 190 * kMinuteS);
  EXPECT_THAT(Json(), HasSubstr(Row(199, 190, 9, "filled")));
  Stream("BTC-USD", {50});
  EXPECT_THAT(Json(), HasSubstr(Row(189, 50, 0, "waiting")));
  Chart("BTC-USD", 0, 0, kNowS);
  EXPECT_THAT(Json(), HasSubstr(R"("count":2,"waiting":0,"gaps":[)" + Row(189, 50, 0, "unfilled")));
}

TEST_F(GapListTest, GapsThatBeganEarlierAreNotCounted) {
  constexpr std::int64_t kDay = 24 * 60;
  Stream("BTC-USD", {8 * kDay + 10, 8 * kDay});
  Stream("BTC-USD", {6 * kDay + 10, 6 * kDay});
  EXPECT_THAT(Json(), HasSubstr(R"("count":1,"waiting":1,"gaps":[)" + Row(6 * kDay + 9, 6 * kDay, 0, "waiting") + "]"));
}

TEST_F(GapListTest, TheyAreBoundedAndCounted) {
  std::vector<std::int64_t> minutes;
  for (int i = 0; i < 60; ++i) minutes.push_back(355 - 6 * i);
  Stream("BTC-USD", minutes);
  const std::string json = Json();
  EXPECT_THAT(json, HasSubstr(R"("count":59,)"));
  std::size_t rows = 0;
  for (auto at = json.find("\"ticker\""); at != std::string::npos; at = json.find("\"ticker\"", at + 1)) ++rows;
  EXPECT_EQ(rows, static_cast<std::size_t>(GapList::kMost));
}

TEST_F(GapListTest, ATableThatCannotBeReadIsAnError) {
  Stream("BTC-USD", {20, 10});
  ASSERT_OK(store_->Delete(std::string(engine::kBarsRoot) + "/_delta_log/00000000000000000000.json"));
  EXPECT_FALSE(list_.Json().ok());
}

}  // namespace
}  // namespace pregao::web
