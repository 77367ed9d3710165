#include "query/session.h"

#include <arrow/builder.h>
#include <arrow/table.h>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lake/data_file.h"
#include "lake/optimize.h"
#include "medallion/bar_schema.h"
#include "medallion/schema.h"
#include "query/format.h"
#include "query/view_sql.h"

namespace pregao::query {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// A lake in a temporary folder whose name is a pattern if one does not look.
class SessionTest : public ::testing::Test {
 protected:
  SessionTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pregao-session-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    lake_ = folder_ + "/a lake [1] 100%";
    store_ = lake::OpenStore(lake_).ValueOrDie();
  }
  ~SessionTest() override { std::filesystem::remove_all(folder_); }

  static lake::TableSpec Spec(std::vector<std::string> partition_columns = {"date"}) {
    using arrow::field;
    return {arrow::schema(
                {field("ticker", arrow::utf8()), field("event_time", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
                 field("price", arrow::float64()), field("topic", arrow::utf8()), field("partition", arrow::int32()),
                 field("offset", arrow::int64()), field("date", arrow::date32())}),
            std::move(partition_columns),
            {{"pregao.schema", "1"}}};
  }

  std::shared_ptr<lake::Table> Table(const std::string& root = "silver/quotes", const lake::TableSpec& spec = Spec()) {
    return lake::Table::OpenOrCreate(store_, root, spec, &clock_).ValueOrDie();
  }

  /// Commits one file with one row of each offset; columns that `spec` has and `lacks` names are left out.
  void Append(lake::Table* table, const std::string& ticker, std::vector<std::int64_t> offsets,
              const lake::PartitionValues& partition = {{"date", "2026-11-22"}}, const std::string& lacks = "") {
    arrow::FieldVector fields;
    arrow::ArrayVector arrays;
    const auto schema = table->snapshot()->schema;
    for (const auto& field : schema->fields()) {
      if (partition.contains(field->name()) || field->name() == lacks) continue;
      auto builder = arrow::MakeBuilder(field->type()).ValueOrDie();
      for (const std::int64_t offset : offsets) {
        const std::string text = field->name() == "ticker"       ? ticker
                                 : field->name() == "topic"      ? "quotes"
                                 : field->name() == "event_time" ? "2026-11-22 17:05:20.123Z"
                                 : field->name() == "offset"     ? std::to_string(offset)
                                 : field->name() == "date"       ? "2026-11-22"
                                                                 : "1";
        const auto scalar = arrow::Scalar::Parse(field->type(), text).ValueOrDie();
        ASSERT_TRUE(builder->AppendScalar(*scalar).ok());
      }
      fields.push_back(field);
      arrays.push_back(builder->Finish().ValueOrDie());
    }
    const auto batch =
        arrow::RecordBatch::Make(arrow::schema(fields), static_cast<std::int64_t>(offsets.size()), arrays);
    const auto file = lake::WriteDataFile(store_.get(), table->root(), clock_, *batch, partition);
    ASSERT_TRUE(file.ok()) << file.status();
    lake::Transaction txn;
    txn.adds.push_back(*file);
    ASSERT_TRUE(table->Commit(table->snapshot(), txn).ok());
  }

  std::unique_ptr<Session> Open() { return Session::Open(store_, &clock_).ValueOrDie(); }

  /// The result as CSV, or the error.
  static std::string Ask(Session* session, const std::string& sql) {
    const auto result = session->Query(sql);
    if (!result.ok()) return result.status().message();
    std::string out;
    const auto printed = Print(result->get(), {.format = Format::kCsv, .header = false}, [&](std::string_view text) {
      out += text;
      return Status::OK();
    });
    return printed.ok() ? out : printed.status().message();
  }

  std::string folder_, lake_;
  std::shared_ptr<lake::ObjectStore> store_;
  SystemClock clock_;
};

TEST_F(SessionTest, AnAbsentTableSaysWhatMakesItAndOthersStillAnswer) {
  const auto session = Open();
  EXPECT_THAT(Ask(session.get(), "SELECT * FROM silver"),
              AllOf(HasSubstr("no silver table yet"), HasSubstr(lake_), HasSubstr("pregao silver")));
  EXPECT_EQ(Ask(session.get(), "SELECT 1"), "1\r\n");
  EXPECT_THAT(Ask(session.get(), "SELECT * FROM silvr"), HasSubstr("silvr does not exist"));
}

TEST_F(SessionTest, ViewsOfATableComeAndGoWithIt) {
  const auto session = Open();
  EXPECT_THAT(Ask(session.get(), "SELECT * FROM bars_5m"),
              AllOf(HasSubstr("no bar_revisions table yet"), HasSubstr("pregao gold")));
  const auto table = Table("gold/bars", {medallion::BarSchema(), {"date"}, {{"pregao.schema", "1"}}});
  EXPECT_EQ(Ask(session.get(), "SELECT count(*) FROM bars_5m"), "0\r\n");
  for (const std::int64_t revision : {1, 2}) {
    market::Bar bar;
    bar.ticker = "A";
    bar.revision = revision;
    const auto file = lake::WriteDataFile(store_.get(), "gold/bars", clock_, *medallion::BarRows({{bar}}).ValueOrDie(),
                                          {{"date", "1970-01-01"}});
    lake::Transaction txn;
    txn.adds.push_back(file.ValueOrDie());
    ASSERT_TRUE(table->Commit(table->snapshot(), txn).ok());
    EXPECT_EQ(Ask(session.get(), "SELECT revision, (SELECT sum(minutes) FROM bars_5m) FROM bars"),
              std::to_string(revision) + ",1\r\n");
  }
  std::filesystem::remove_all(lake_ + "/gold");
  EXPECT_THAT(Ask(session.get(), "SELECT * FROM bars"), HasSubstr("no bar_revisions table yet"));
}

TEST_F(SessionTest, ThePortfolioFollowsTheWatchlistFromStatementToStatement) {
  Result<market::Watchlist> list = Status::KeyError("watchlist w.txt does not exist");
  PortfolioSource source{[&] { return list; }, "BRL"};
  const auto session = Session::Open(store_, &clock_, {}, nullptr, source).ValueOrDie();
  const std::string sql = "SELECT ticker, quantity, price FROM portfolio";
  EXPECT_THAT(Ask(session.get(), sql), HasSubstr("w.txt does not exist"));
  list = market::ParseWatchlist("AAPL 2");
  EXPECT_THAT(Ask(session.get(), sql), HasSubstr("no silver table yet"));
  const auto table = Table("silver/quotes", {medallion::SilverSchema(), {"date"}, {{"pregao.schema", "1"}}});
  EXPECT_EQ(Ask(session.get(), sql), "AAPL,2,\r\n");
  list = market::ParseWatchlist("AAPL 2\nPETR4.SA 100 32,10");
  EXPECT_EQ(Ask(session.get(), sql), "AAPL,2,\r\nPETR4.SA,100,\r\n");
  EXPECT_EQ(Ask(session.get(), "SELECT count(*) FROM portfolio_totals"), "0\r\n");
  list = Status::Invalid("too large");
  EXPECT_THAT(Ask(session.get(), "SELECT * FROM portfolio_totals"), HasSubstr("too large"));
  EXPECT_THAT(Ask(session.get(), sql), HasSubstr("too large"));
  list = market::Watchlist{};
  EXPECT_EQ(Ask(session.get(), sql), "");
}

TEST_F(SessionTest, AdjustedBarsNeedBothOfTheirTables) {
  const auto session = Open();
  const std::string sql = "SELECT count(*) FROM bars_adjusted", on_a_day = sql + "('2025-06-30')";
  Table("gold/bars", {medallion::BarSchema(), {"date"}, {{"pregao.schema", "1"}}});
  EXPECT_THAT(Ask(session.get(), sql),
              AllOf(HasSubstr("no corporate_actions table yet"), HasSubstr("pregao backfill")));
  Table("gold/corporate_actions", {medallion::CorporateActionSchema(), {}, {{"pregao.schema", "1"}}});
  EXPECT_EQ(Ask(session.get(), sql), "0\r\n");
  EXPECT_EQ(Ask(session.get(), on_a_day), "0\r\n");
  EXPECT_EQ(Ask(Open().get(), on_a_day), "0\r\n");
  EXPECT_EQ(Ask(Session::OpenGuarded(store_, &clock_).ValueOrDie().get(), on_a_day), "0\r\n");
  std::filesystem::remove_all(lake_ + "/gold/bars");
  EXPECT_THAT(Ask(session.get(), sql), AllOf(HasSubstr("no bar_revisions table yet"), HasSubstr("pregao gold")));
  EXPECT_THAT(Ask(Open().get(), sql), HasSubstr("no bar_revisions table yet"));
}

TEST_F(SessionTest, AViewWhoseTableLacksAColumnSaysSoAndHarmsNoOther) {
  Append(Table().get(), "A", {1});
  const auto session = Open();
  EXPECT_THAT(Ask(session.get(), "SELECT * FROM latest"), HasSubstr("column day_volume not found"));
  EXPECT_EQ(Ask(session.get(), "SELECT ticker FROM silver"), "A\r\n");
}

TEST_F(SessionTest, AnEmptyTableHasItsColumnsAndTypes) {
  Table();
  const auto session = Open();
  EXPECT_EQ(Ask(session.get(), "SELECT count(*) FROM silver"), "0\r\n");
  EXPECT_EQ(Ask(session.get(), "SELECT column_type FROM (DESCRIBE silver) WHERE column_name = 'date'"), "DATE\r\n");
  EXPECT_EQ(Ask(session.get(), "SELECT column_type FROM (DESCRIBE silver) WHERE column_name = 'event_time'"),
            "TIMESTAMP WITH TIME ZONE\r\n");
}

TEST_F(SessionTest, EachStatementSeesTheNewestVersion) {
  const auto session = Open();
  EXPECT_THAT(Ask(session.get(), "SELECT count(*) FROM silver"), HasSubstr("no silver table"));
  const auto table = Table();
  Append(table.get(), "PETR4.SA", {0, 1});
  EXPECT_EQ(Ask(session.get(), "SELECT count(*) FROM silver"), "2\r\n");
  Append(table.get(), "PETR4.SA", {2});
  EXPECT_EQ(Ask(session.get(), "SELECT count(*) FROM silver"), "3\r\n");
  EXPECT_EQ(session->Shown("silver")->version, table->snapshot()->version);
}

TEST_F(SessionTest, RowsComeBackTypedWithTheirPartition) {
  Append(Table().get(), "PETR4.SA", {7});
  const auto session = Open();
  EXPECT_EQ(Ask(session.get(), "SELECT * FROM silver"),
            "PETR4.SA,2026-11-22 17:05:20.123+00,1,quotes,1,7,2026-11-22\r\n");
  EXPECT_EQ(Ask(session.get(), "SELECT \"offset\" FROM silver WHERE date = DATE '2026-11-22'"), "7\r\n");
  EXPECT_EQ(Ask(session.get(), "SELECT count(*) FROM silver WHERE date < DATE '2026-11-22'"), "0\r\n");
}

TEST_F(SessionTest, TickersThatFoldersCannotHoldComeBackWhole) {
  const auto table = Table("silver/quotes", Spec({"ticker"}));
  for (const char* ticker : {"EURUSD=X", "^BVSP", "A/B", "A B", "100%", "São"}) {
    Append(table.get(), "", {1}, {{"ticker", ticker}});
  }
  const auto session = Open();
  EXPECT_EQ(Ask(session.get(), "SELECT ticker FROM silver ORDER BY ticker"),
            "100%\r\nA B\r\nA/B\r\nEURUSD=X\r\nSão\r\n^BVSP\r\n");
  EXPECT_EQ(Ask(session.get(), "SELECT count(*) FROM silver WHERE ticker = '100%'"), "1\r\n");
}

TEST_F(SessionTest, TwoPartitionColumnsAreBothThere) {
  Append(Table("silver/quotes", Spec({"date", "ticker"})).get(), "", {1},
         {{"date", "2026-11-22"}, {"ticker", "PETR4.SA"}});
  EXPECT_EQ(Ask(Open().get(), "SELECT date, ticker FROM silver"), "2026-11-22,PETR4.SA\r\n");
}

TEST_F(SessionTest, AColumnThatOlderFilesLackIsNullThere) {
  const auto table = Table();
  Append(table.get(), "OLD", {0}, {{"date", "2026-11-21"}}, "price");
  Append(table.get(), "NEW", {1});
  EXPECT_EQ(Ask(Open().get(), "SELECT ticker, price FROM silver ORDER BY ticker"), "NEW,1\r\nOLD,\r\n");
}

TEST_F(SessionTest, AColumnThatEveryFileLacksIsNullThroughout) {
  const auto table = Table();
  Append(table.get(), "OLD", {0}, {{"date", "2026-11-21"}}, "price");
  EXPECT_EQ(Ask(Open().get(), "SELECT ticker, price FROM silver"), "OLD,\r\n");
}

TEST_F(SessionTest, AQueryOnADateOpensItsFilesOnly) {
  const auto table = Table();
  for (const char* date : {"2026-11-20", "2026-11-21", "2026-11-22"}) Append(table.get(), "A", {0}, {{"date", date}});
  const auto session = Open();
  EXPECT_THAT(Ask(session.get(), "EXPLAIN ANALYZE SELECT * FROM silver WHERE date = DATE '2026-11-21'"),
              HasSubstr("Scanning Files: 1/3"));
}

TEST_F(SessionTest, AUsersViewStaysAsNewAsTheTableUnderIt) {
  const auto table = Table();
  const auto session = Open();
  Ask(session.get(), "CREATE VIEW mine AS SELECT count(*) AS n FROM Silver");
  Append(table.get(), "PETR4.SA", {0, 1});
  EXPECT_EQ(Ask(session.get(), "SELECT n FROM mine"), "2\r\n");
}

TEST_F(SessionTest, TablesThatATextDoesNotNameAreNotLookedAt) {
  Append(Table().get(), "PETR4.SA", {0});
  Table("bronze/quotes");
  const auto session = Open();
  EXPECT_EQ(Ask(session.get(), "SELECT count(*) FROM silver"), "1\r\n");
  EXPECT_EQ(session->Shown("bronze"), nullptr);
  EXPECT_EQ(Ask(session.get(), "SELECT count(*) FROM (SHOW TABLES)"), "3\r\n");  // names none, so all; and sessions
}

TEST_F(SessionTest, ADamagedLogIsReportedByFileAndHurtsNoOtherTable) {
  Append(Table().get(), "PETR4.SA", {0});
  Table("bronze/quotes");
  const auto session = Open();
  std::ofstream(lake_ + "/silver/quotes/_delta_log/00000000000000000002.json") << "{\"add\":";
  EXPECT_THAT(Ask(session.get(), "SELECT * FROM silver"), HasSubstr("00000000000000000002.json"));
  EXPECT_EQ(Ask(session.get(), "SELECT count(*) FROM bronze"), "0\r\n");
}

TEST_F(SessionTest, AFileThatIsGoneIsAnErrorAndNotFewerRows) {
  const auto table = Table();
  Append(table.get(), "PETR4.SA", {0});
  Append(table.get(), "VALE3.SA", {1});
  const std::string gone = table->snapshot()->files[0]->path;
  ASSERT_TRUE(store_->Delete(table->root() + "/" + gone).ok());
  EXPECT_THAT(Ask(Open().get(), "SELECT count(*), sum(price) FROM silver"), HasSubstr(gone));
}

TEST_F(SessionTest, FollowingShowsTheFilesThatCameSince) {
  const auto table = Table();
  Append(table.get(), "A", {0});
  const auto session = Open();
  session->Refresh();
  session->Follow("silver");
  EXPECT_FALSE(session->RefreshAdded("silver").ValueOrDie());
  Append(table.get(), "B", {1});
  Append(table.get(), "C", {2});
  EXPECT_TRUE(session->RefreshAdded("silver").ValueOrDie());
  EXPECT_EQ(QueryAll(session->database(), "SELECT ticker FROM silver_added").ValueOrDie()->num_rows(), 2);
  EXPECT_FALSE(session->RefreshAdded("silver").ValueOrDie());
}

TEST_F(SessionTest, FollowingShowsARowOnceThoughItsFileIsPacked) {
  const auto table = Table();
  Append(table.get(), "A", {0});
  const auto session = Open();
  session->Refresh();
  session->Follow("silver");
  Append(table.get(), "B", {1});
  ASSERT_TRUE(table->SetProperties({{"pregao.owner", "embedded"}}).ok());
  ASSERT_EQ(lake::Optimize(table.get(), clock_, {})->files_before, 2);
  EXPECT_TRUE(session->RefreshAdded("silver").ValueOrDie());
  EXPECT_EQ(
      QueryAll(session->database(), "SELECT ticker FROM silver_added WHERE ticker = 'B'").ValueOrDie()->num_rows(), 1);
  EXPECT_EQ(QueryAll(session->database(), "SELECT ticker FROM silver_added").ValueOrDie()->num_rows(), 1);
  EXPECT_FALSE(session->RefreshAdded("silver").ValueOrDie());
}

TEST(ViewSql, RefusesAPartitionThatIsNotAFolder) {
  lake::Snapshot snapshot;
  snapshot.schema = arrow::schema({arrow::field("date", arrow::date32())});
  snapshot.partition_columns = {"date"};
  lake::DataFile file;
  file.path = "x7/part-1.parquet";
  const std::vector<std::shared_ptr<const lake::DataFile>> files{std::make_shared<lake::DataFile>(file)};
  EXPECT_TRUE(ViewSql("v", "/lake/t", snapshot, files).status().IsNotImplemented());
}

}  // namespace
}  // namespace pregao::query
