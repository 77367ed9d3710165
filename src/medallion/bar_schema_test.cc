#include "medallion/bar_schema.h"

#include <arrow/array.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pregao::medallion {
namespace {

market::Bar Full() {
  return {"PETR4.SA", "1m", 1'790'000'040'000'000,      32.1, 32.4, 32.0, 32.3, 1200,
          32.2,       17,   market::BarSource::kStream, 3,    true};
}

TEST(BarRows, ReadBackAsTheyWereWritten) {
  market::Bar bare = Full();
  bare.ticker = "BTC-USD";
  bare.interval = "1d";
  bare.source = market::BarSource::kChart;
  bare.volume.reset();
  bare.vwap_estimate.reset();
  bare.ticks.reset();
  bare.is_final = false;
  const std::vector<market::Bar> bars{Full(), bare};
  const auto rows = BarRows(bars).ValueOrDie();
  ASSERT_TRUE(rows->ValidateFull().ok());
  const auto table = arrow::Table::FromRecordBatches({rows}).ValueOrDie();
  EXPECT_EQ(table->schema()->field_names(), BarColumns());
  EXPECT_EQ(BarsOf(*table).ValueOrDie(), bars);
}

TEST(BarRows, NoRowsAreNoBars) {
  const auto table = arrow::Table::FromRecordBatches({BarRows({}).ValueOrDie()}).ValueOrDie();
  EXPECT_TRUE(BarsOf(*table).ValueOrDie().empty());
}

TEST(BarSchema, HasTheColumnsOfTheContract) {
  EXPECT_THAT(BarSchema()->field_names(),
              testing::ElementsAre("ticker", "interval", "bar_start", "open", "high", "low", "close", "volume",
                                   "vwap_estimate", "ticks", "source", "revision", "is_final", "date"));
}

TEST(ActionRows, HoldADividendAndASplit) {
  const std::vector<market::CorporateAction> actions{
      {"PETR4.SA", 20'000, market::ActionKind::kDividend, 0.5, {}, {}, "BRL", market::BarSource::kChart, 5},
      {"NVDA", 20'001, market::ActionKind::kSplit, {}, 10.0, 1.0, {}, market::BarSource::kChart, 6}};
  const auto rows = ActionRows(actions).ValueOrDie();
  ASSERT_TRUE(rows->ValidateFull().ok());
  EXPECT_EQ(rows->num_rows(), 2);
  EXPECT_EQ(rows->GetColumnByName("amount")->null_count(), 1);
  EXPECT_EQ(rows->GetColumnByName("numerator")->null_count(), 1);
}

}  // namespace
}  // namespace pregao::medallion
