#include "query/format.h"

#include <arrow/table.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/database.h"

namespace pregao::query {
namespace {

using ::testing::HasSubstr;

class FormatTest : public ::testing::Test {
 protected:
  std::string Show(const std::string& sql, FormatOptions options) {
    std::string out;
    const auto statements = database_->Parse(sql).ValueOrDie();
    const auto result = statements->Run(0);
    if (!result.ok()) return result.status().ToString();
    const auto rows = Print(result->get(), options, [&](std::string_view text) {
      out += text;
      return Status::OK();
    });
    return rows.ok() ? out : rows.status().ToString();
  }
  /// One value as CSV writes it.
  std::string Cell(const std::string& expression) {
    return Show("SELECT " + expression + " AS x", {.format = Format::kCsv, .header = false});
  }
  std::string Json(const std::string& expression) {
    return Show("SELECT " + expression + " AS x", {.format = Format::kNdjson});
  }

  std::unique_ptr<Database> database_ = Database::Open().ValueOrDie();
};

TEST_F(FormatTest, TableAlignsNumbersAndShowsNull) {
  EXPECT_EQ(Show("SELECT * FROM (VALUES ('PETR4.SA', 36.5, 1), ('São', NULL, 1200)) t(ticker, price, n)", {}),
            "ticker    price     n\n"
            "────────  ─────  ────\n"
            "PETR4.SA   36.5     1\n"
            "São        NULL  1200\n"
            "(2 rows)\n");
}

TEST_F(FormatTest, TableShowsNoMoreRowsThanAskedForAndCountsTheRest) {
  const std::string text = Show("SELECT range AS n FROM range(12345)", {.max_rows = 2});
  EXPECT_EQ(text,
            "n\n─\n0\n1\n"
            "… 12,343 more\n"
            "(12,345 rows)\n");
}

TEST_F(FormatTest, TableCutsLongCellsAndDisarmsControlCharacters) {
  EXPECT_THAT(Show("SELECT 'a' || chr(27) || 'b' AS x", {}), HasSubstr("a\\x1bb"));
  EXPECT_THAT(Show("SELECT 'preço muito longo' AS x", {.max_width = 6}), HasSubstr("\npreço…\n"));
}

TEST_F(FormatTest, TableWithoutRowsStillHasItsColumns) {
  EXPECT_EQ(Show("SELECT 1 AS a WHERE false", {}), "a\n─\n(0 rows)\n");
}

TEST_F(FormatTest, AFollowedTableHasOneHeaderAndRowsAsTheyCome) {
  std::string out;
  const auto result = QueryAll(database_.get(), "SELECT 'ab' AS name, 1 AS n").ValueOrDie();
  const auto batch = arrow::TableBatchReader(*result).Next().ValueOrDie();
  const auto printer = MakePrinter({.max_rows = 1, .following = true}, batch->schema(), [&](std::string_view text) {
    out += text;
    return Status::OK();
  });
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(printer->Rows(*batch).ok());
  ASSERT_TRUE(printer->End().ok());
  EXPECT_EQ(out, "name  n\n────  ─\nab    1\nab    1\nab    1\n");
}

TEST_F(FormatTest, APlanKeepsItsLines) { EXPECT_THAT(Show("EXPLAIN SELECT 1", {}), HasSubstr("│\n")); }

TEST_F(FormatTest, JsonIsAnArrayOfObjectsAndEmptyIsOneToo) {
  EXPECT_EQ(Show("SELECT 1 AS a, 'x\"y' AS b UNION ALL SELECT 2, NULL ORDER BY a", {.format = Format::kJson}),
            "[\n{\"a\":1,\"b\":\"x\\\"y\"},\n{\"a\":2,\"b\":null}\n]\n");
  EXPECT_EQ(Show("SELECT 1 AS a WHERE false", {.format = Format::kJson}), "[]\n");
}

TEST_F(FormatTest, JsonNumbersAreExact) {
  EXPECT_EQ(Json("9223372036854775807"), "{\"x\":9223372036854775807}\n");
  EXPECT_EQ(Json("170141183460469231731687303715884105727::HUGEINT"),
            "{\"x\":170141183460469231731687303715884105727}\n");
  EXPECT_EQ(Json("(SELECT sum(9223372036854775807::BIGINT) FROM range(2))"), "{\"x\":18446744073709551614}\n");
  EXPECT_EQ(Json("232.35::DOUBLE"), "{\"x\":232.35}\n");
  EXPECT_EQ(Json("12.340::DECIMAL(9,3)"), "{\"x\":12.340}\n");
  EXPECT_EQ(Json("'nan'::DOUBLE"), "{\"x\":null}\n");
  EXPECT_EQ(Json("true"), "{\"x\":true}\n");
}

TEST_F(FormatTest, JsonNestsWhatIsNested) {
  EXPECT_EQ(Json("[1, NULL, 3]"), "{\"x\":[1,null,3]}\n");
  EXPECT_EQ(Json("{'a': 1, 'b': ['x']}"), "{\"x\":{\"a\":1,\"b\":[\"x\"]}}\n");
  EXPECT_EQ(Json("MAP {'k': 2}"), "{\"x\":[{\"key\":\"k\",\"value\":2}]}\n");
}

TEST_F(FormatTest, CsvQuotesWhatRfc4180Says) {
  EXPECT_EQ(
      Show("SELECT 'a,b' AS \"x,y\", 'say \"hi\"' AS q, NULL AS n, '' AS e, E'l1\\nl2' AS l", {.format = Format::kCsv}),
      "\"x,y\",q,n,e,l\r\n\"a,b\",\"say \"\"hi\"\"\",,\"\",\"l1\nl2\"\r\n");
  EXPECT_EQ(Show("SELECT 1 AS a WHERE false", {.format = Format::kCsv}), "a\r\n");
}

TEST_F(FormatTest, TimestampsArePrintedInUtcWhateverTheirZone) {
  EXPECT_EQ(Cell("TIMESTAMPTZ '2026-11-22 14:05:20.123-03'"), "2026-11-22 17:05:20.123+00\r\n");
  EXPECT_EQ(Cell("TIMESTAMPTZ '1969-12-31 23:59:59.000001+00'"), "1969-12-31 23:59:59.000001+00\r\n");
  EXPECT_EQ(Cell("TIMESTAMP '2026-11-22 17:05:20'"), "2026-11-22 17:05:20\r\n");
  EXPECT_EQ(Cell("TIMESTAMP_NS '2026-11-22 17:05:20.000000001'"), "2026-11-22 17:05:20.000000001\r\n");
  EXPECT_EQ(Cell("'infinity'::TIMESTAMPTZ"), "infinity\r\n");
}

TEST_F(FormatTest, OtherTypesReadAsInDuckDB) {
  EXPECT_EQ(Cell("DATE '2026-02-28'"), "2026-02-28\r\n");
  EXPECT_EQ(Cell("TIME '01:02:03.5'"), "01:02:03.500\r\n");
  EXPECT_EQ(Cell("'ab'::ENUM('ab', 'c')"), "ab\r\n");
  EXPECT_EQ(Cell("'a\\x00'::BLOB"), "a\\x00\r\n");
  EXPECT_EQ(Cell("'\\xFF'::BLOB"), "\\xFF\r\n");
  EXPECT_EQ(Cell("encode('preço')"), "preço\r\n");
  EXPECT_EQ(Cell("INTERVAL '1 month 2 days 3 hours'"), "1 months 2 days 03:00:00\r\n");
  EXPECT_EQ(Cell("INTERVAL '0 seconds'"), "00:00:00\r\n");
  EXPECT_EQ(Cell("'00000000-0000-0000-0000-000000000001'::UUID"), "00000000-0000-0000-0000-000000000001\r\n");
  EXPECT_EQ(Cell("0.1::FLOAT"), "0.1\r\n");
  EXPECT_EQ(Cell("255::UTINYINT"), "255\r\n");
}

TEST_F(FormatTest, AFailingSinkEndsThePrinting) {
  const auto statements = database_->Parse("SELECT * FROM range(100000)").ValueOrDie();
  const auto result = statements->Run(0).ValueOrDie();
  int calls = 0;
  const auto printed = Print(result.get(), {.format = Format::kCsv}, [&](std::string_view) {
    ++calls;
    return Status::IOError("full");
  });
  EXPECT_TRUE(printed.status().IsIOError());
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace pregao::query
