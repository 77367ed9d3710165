#include "query/visitor_sql.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/limited.h"

#include "test/lake_tools.h"

namespace pregao::query {
namespace {

using ::testing::HasSubstr;

/// A lake of ten rows, a session for visitors, and a secret file beside it.
class VisitorSql : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(secret_) << "a,b\n1,2\n";
    const std::shared_ptr store = lake::OpenStore(folder_.path() + "/lake").ValueOrDie();
    auto table = lake::Table::OpenOrCreate(store, "silver/quotes", lake::test::QuoteSpec(), &clock_).ValueOrDie();
    lake::Transaction txn;
    txn.adds.push_back(lake::WriteDataFile(store.get(), table->root(), clock_, *lake::test::Quotes("AAPL", 10),
                                           {{"date", "2026-01-02"}})
                           .ValueOrDie());
    ASSERT_OK(table->Commit(table->snapshot(), txn).status());
    const auto list = [] { return Result<market::Watchlist>(market::ParseWatchlist("AAPL 1")); };
    session_ = Session::OpenGuarded(store, &clock_, {}, nullptr, {list, "BRL"}).ValueOrDie();
  }
  Result<std::int64_t> Rows(const std::string& sql) {
    TRY(CheckVisitorSql(session_.get(), sql));
    TRY_ASSIGN(const auto rows, RunLimited(session_.get(), sql, {}));
    return rows.count;
  }
  void Refuses(const std::string& sql) {
    const Status status = CheckVisitorSql(session_.get(), sql);
    EXPECT_TRUE(status.IsInvalid()) << sql << ": " << status;
  }

  const lake::test::TemporaryFolder folder_;
  const std::string secret_ = folder_.path() + "/secret.csv";
  const SystemClock clock_{};
  std::unique_ptr<Session> session_;
};

TEST_F(VisitorSql, ReadsTheTables) {
  for (const char* sql :
       {"select * from silver", "SELECT * FROM Silver WHERE price > 0;", "from silver", "(select * from silver)",
        "with a as (select * from silver), b as (select * from a) select * from b",
        "select s.* from silver s where price in (select price from silver)",
        "select * from (select *, row_number() over (partition by ticker order by event_time) n from silver)",
        "select * from silver union all by name select * from silver limit 10", "select * from range(10)",
        "values (1),(2),(3),(4),(5),(6),(7),(8),(9),(10)", "select unnest(range(10))",
        "with recursive r(n) as (select 1 union all select n + 1 from r where n < 10) select * from r",
        "select * from silver as of_old tablesample 100%"}) {
    const auto rows = Rows(sql);
    ASSERT_TRUE(rows.ok()) << sql << ": " << rows.status();
    EXPECT_EQ(*rows, 10) << sql;
  }
  for (const char* sql : {"select * from gaps limit 10", "select session_start from sessions where date = '2026-11-27'",
                          "select ticker, calendar_of(ticker) from silver"}) {
    const auto rows = Rows(sql);
    EXPECT_TRUE(rows.ok() || rows.status().message().find("no bar_revisions table yet") != std::string::npos)
        << sql << ": " << rows.status();
  }
  for (const char* sql : {"describe silver", "summarize silver"}) EXPECT_TRUE(Rows(sql).ok()) << sql;
  for (const std::string view : {"bars", "bars_5m", "bars_1h", "bars_1d", "latest", "gaps", "corporate_actions",
                                 "bars_adjusted", "portfolio", "bars_adjusted('2025-06-30')"}) {
    EXPECT_TRUE(CheckVisitorSql(session_.get(), "select * from " + view).ok()) << view;
  }
}

TEST_F(VisitorSql, ReadsNoFileNotEvenATables) {
  const std::string quoted = QuoteText(secret_);
  const std::string inside = QuoteText(folder_.path() + "/lake/silver/quotes/**/*.parquet");
  for (const std::string& sql : std::vector<std::string>{
           "select * from " + quoted, "select * from \"" + secret_ + "\"", "from read_csv(" + quoted + ")",
           "select * from read_text(" + quoted + ")", "select * from read_blob(" + quoted + ")",
           "select * from read_parquet(" + inside + ")", "select * from " + inside, "select * from glob('/*')",
           "select * from sniff_csv(" + quoted + ")", "select (select max(column0) from read_csv(" + quoted + "))",
           "with a as (from read_csv(" + quoted + ")) select * from a", "describe select * from " + quoted,
           "summarize " + quoted, "select * from silver where ticker in (from " + quoted + ")",
           "select * from query('select * from ''" + secret_ + "''')", "select * from query_table('" + secret_ + "')",
           "select * from parquet_metadata(" + inside + ")", "select * from silver, lateral (from " + quoted + ")",
           "select * from (pivot " + quoted + " on a)", "select [x for x in (select list(a) from " + quoted + ")]",
           "select * from json_execute_serialized_sql(json_serialize_sql('select 1'))",
           "select json_serialize_plan('select * from ''" + secret_ + "''')",
           // The name of a CTE holds inside; outside the same name would be the file's.
           "select * from (with \"" + secret_ + "\" as (select 1) select 1), \"" + secret_ + "\""}) {
    Refuses(sql);
  }
}

TEST_F(VisitorSql, ChangesNothingAndTellsNothingOfTheProcess) {
  const std::string target = folder_.path() + "/lake/silver/quotes/out.csv";
  for (const std::string& sql : std::vector<std::string>{"copy silver to '" + target + "'",
                                                         "create table t as select 1",
                                                         "create or replace view silver as select 1",
                                                         "drop view silver",
                                                         "insert into silver values (1)",
                                                         "delete from silver",
                                                         "attach ':memory:' as x",
                                                         "install httpfs",
                                                         "load json",
                                                         "set memory_limit = '100GB'",
                                                         "pragma database_list",
                                                         "call pragma_version()",
                                                         "begin",
                                                         "select 1; drop view silver",
                                                         "explain analyze select 1",
                                                         "set variable x = 1",
                                                         "select 1; select 2",
                                                         "",
                                                         std::string("select 1\0, 2", 11),
                                                         "select * from duckdb_settings()",
                                                         "select * from duckdb_views()",
                                                         "select * from information_schema.tables",
                                                         "select * from pg_catalog.pg_class",
                                                         "select current_setting('temp_directory')",
                                                         "show tables",
                                                         "select getvariable('x')"}) {
    Refuses(sql);
  }
  EXPECT_FALSE(std::filesystem::exists(target));
  EXPECT_EQ(*Rows("select * from silver"), 10);
}

TEST_F(VisitorSql, NumbersKeepTheirDigitsAndWhatJsonHasNoNumberForIsText) {
  const auto row = [&](const std::string& values) {
    const auto rows = RunLimited(session_.get(), "SELECT " + values, {});
    return rows.ok() ? rows->rows : rows.status().ToString();
  };
  EXPECT_EQ(row("9007199254740993, 18446744073709551615::UBIGINT, 1.50::DECIMAL(9, 2)"),
            "[[9007199254740993,18446744073709551615,1.50]]");
  EXPECT_EQ(row("'nan'::DOUBLE, 'inf'::FLOAT, '-inf'::DOUBLE, NULL::DOUBLE"),
            R"([["NaN","Infinity","-Infinity",null]])");
  EXPECT_EQ(row("['nan'::DOUBLE, NULL], {'a': ['inf'::DOUBLE]}"), R"([[["NaN",null],{"a":["Infinity"]}]])");
}

TEST_F(VisitorSql, AnErrorShowsItsPlace) {
  EXPECT_THAT(Rows("select * form silver").status().message(), HasSubstr("LINE 1"));
  EXPECT_THAT(Rows("select nothing from silver").status().message(), HasSubstr("nothing"));
  EXPECT_THAT(Rows("select * from silvr").status().message(), HasSubstr("there is: bronze, silver"));
}

}  // namespace
}  // namespace pregao::query
