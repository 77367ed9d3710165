#include "web/live_portfolio.h"

#include <arrow/compute/cast.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "medallion/schema.h"
#include "medallion/silver_builder.h"
#include "query/format.h"
#include "query/session.h"

#include "test/lake_tools.h"

namespace pregao::web {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kTime = 1'763'989'200'000;  // 2025-11-24
constexpr char kList[] = "PETR4.SA 100 32.10\nBP.L 10 400\nAAPL 2\nNVDA 1 1\nBTC-USD 0,5 90000\n7203.T 1";

std::string Message(const std::string& ticker, const std::string& fields) {
  return R"({"ticker":")" + ticker + R"(","time":)" + std::to_string(kTime) + "," + fields + "}";
}

const std::vector<std::string>& Messages() {
  static const std::vector<std::string> all{
      Message("PETR4.SA", R"("price":40,"change":0.5,"exchange":"SAO")"),
      Message("BP.L", R"("price":450.5,"change":-3.25,"exchange":"LSE")"),
      Message("AAPL", R"("price":232.35,"previous_close":230.1,"exchange":"NMS")"),
      Message("BTC-USD", R"("price":87000.25,"change":120,"currency":"USD","quote_type":"CRYPTOCURRENCY")"),
      Message("BRL=X", R"("price":5.3412,"change":0.01)"),
      Message("GBPUSD=X", R"("price":1.3105)")};
  return all;
}

/// The quotes, on a board and in Silver.
class LivePortfolioTest : public testing::Test {
 protected:
  void Take() {
    medallion::Judge judge;
    medallion::SilverRow row;
    medallion::SilverBuilder builder;
    std::int64_t offset = 0;
    for (std::string json : Messages()) {
      const std::size_t size = json.size();
      json.resize(size + 64);  // the judge reads beyond the end
      ASSERT_FALSE(judge.Decide({0, offset, kTime, std::nullopt, std::string_view(json.data(), size)}, &row)) << json;
      board_.Take(LatestOf(row));
      ASSERT_OK(builder.Append(row, 0, offset++));
    }
    Write(*builder.Finish("quotes").ValueOrDie());
  }
  void Write(const arrow::RecordBatch& batch) {
    const auto schema = medallion::SilverSchema()->RemoveField(medallion::kDate).ValueOrDie();
    arrow::ArrayVector columns;
    for (const auto& field : schema->fields()) {
      columns.push_back(arrow::compute::Cast(*batch.GetColumnByName(field->name()), field->type()).ValueOrDie());
    }
    const auto rows = arrow::RecordBatch::Make(schema, batch.num_rows(), columns);
    const lake::TableSpec spec{medallion::SilverSchema(), {"date"}, {{"pregao.schema", "1"}}};
    auto table = lake::Table::OpenOrCreate(store_, "silver/quotes", spec, &clock_).ValueOrDie();
    lake::Transaction txn;
    txn.adds.push_back(
        lake::WriteDataFile(store_.get(), table->root(), clock_, *rows, {{"date", "2025-11-24"}}).ValueOrDie());
    ASSERT_OK(table->Commit(table->snapshot(), txn).status());
  }
  std::string View(const std::string& sql, const std::string& base) {
    const auto read = [] { return Result<market::Watchlist>(market::ParseWatchlist(kList)); };
    const auto session = query::Session::Open(store_, &clock_, {}, nullptr, {read, base}).ValueOrDie();
    const auto result = session->Query(sql).ValueOrDie();
    std::string out;
    EXPECT_TRUE(query::Print(result.get(), {.format = query::Format::kJson}, [&](std::string_view text) {
                  out += text;
                  return Status::OK();
                }).ok());
    std::erase(out, '\n');
    return out;
  }
  std::string Live(const std::string& list, const std::string& base) {
    return live_.Json(market::ParseWatchlist(list), base, board_).ValueOrDie();
  }

  const lake::test::TemporaryFolder folder_;
  const std::shared_ptr<lake::ObjectStore> store_ = lake::OpenStore(folder_.path()).ValueOrDie();
  const SystemClock clock_{};
  QuoteBoard board_;
  LivePortfolio live_;
};

TEST_F(LivePortfolioTest, AgreesWithTheViewsToTheLastDigit) {
  Take();
  for (const char* const base : {"", "BRL", "USD", "CHF"}) {
    const std::string live = Live(kList, base);
    EXPECT_THAT(live, HasSubstr("\"positions\":" + View(R"(SELECT ticker, quantity, average_price, price, quoted_in,
      currency, value, cost, day_profit AS "day", total_profit AS total, rate, base_value, base_cost,
      base_day_profit AS base_day, base_total_profit AS base_total FROM portfolio)",
                                                        base)));
    EXPECT_THAT(live, HasSubstr("\"totals\":" + View(R"(SELECT currency, positions, value, cost, day_profit AS "day",
      total_profit AS total FROM portfolio_totals WHERE NOT in_base)",
                                                     base)));
  }
}

TEST_F(LivePortfolioTest, ShowsRatesApartAndNoTotalInTheBaseWhileOneIsMissing) {
  Take();
  EXPECT_THAT(Live("PETR4.SA 100 32.10", "BRL"),
              HasSubstr(R"("base":{"currency":"BRL","positions":1,"value":4000,"cost":3210,"day":50,"total":790},)"
                        R"("rates":[])"));
  EXPECT_THAT(Live("AAPL 2\nPETR4.SA 1", "BRL"),
              HasSubstr(R"("rates":[{"ticker":"BRL=X","price":5.3412,"time":1763989200000}])"));
  const std::string missing = Live("AAPL 2\nNESN.SW 1\n7203.T 1\nPETR4.SA 1", "JPY");
  EXPECT_THAT(missing, HasSubstr(R"("base":{"currency":"JPY","positions":2,"value":null,"cost":null,)"));
  EXPECT_THAT(missing, HasSubstr(R"({"ticker":"JPY=X","price":null,"time":null})"));
}

TEST_F(LivePortfolioTest, WithoutPositionsOrABaseItIsEmpty) {
  EXPECT_EQ(Live("AAPL", "BRL"), R"({"positions":[],"totals":[],"base":null,"rates":[]})");
  EXPECT_THAT(Live("AAPL 1", ""), HasSubstr(R"("totals":[],"base":null,"rates":[]})"));
}

}  // namespace
}  // namespace pregao::web
