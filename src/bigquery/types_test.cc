#include "bigquery/types.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bigquery/query_answer.h"

namespace pregao::bigquery {
namespace {

using arrow::field;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const auto kOurs = arrow::schema({field("ticker", arrow::utf8(), false), field("price", arrow::float64(), false),
                                  field("volume", arrow::int64()), field("value", arrow::binary())});
const std::vector<Column> kTheirs = {{"ticker", "STRING", "REQUIRED"},
                                     {"price", "FLOAT", "REQUIRED"},
                                     {"volume", "INTEGER", "NULLABLE"},
                                     {"value", "BYTES", ""}};

TEST(TableColumns, ThoseOfOursFitByEitherNameOfAType) {
  EXPECT_THAT(Differences(*kOurs, kTheirs).ValueOrDie(), IsEmpty());
  auto standard = kTheirs;
  standard[1].type = "FLOAT64";
  standard[2].type = "INT64";
  EXPECT_THAT(Differences(*kOurs, standard).ValueOrDie(), IsEmpty());
}

TEST(TableColumns, FurtherOnesAreLeftAloneUnlessTheyWantAValue) {
  auto more = kTheirs;
  more.push_back({"desk", "STRING", "NULLABLE"});
  EXPECT_THAT(Differences(*kOurs, more).ValueOrDie(), IsEmpty());
  more.push_back({"book", "STRING", "REQUIRED"});
  EXPECT_THAT(Differences(*kOurs, more).ValueOrDie(), ElementsAre(HasSubstr("book is REQUIRED")));
}

TEST(TableColumns, EachDifferenceIsNamed) {
  const std::vector<Column> theirs = {
      {"ticker", "STRING", "REPEATED"}, {"price", "NUMERIC", "REQUIRED"}, {"volume", "INTEGER", "REQUIRED"}};
  EXPECT_THAT(Differences(*kOurs, theirs).ValueOrDie(),
              ElementsAre("column ticker is REPEATED STRING, not STRING", "column price is NUMERIC, not FLOAT64",
                          "column volume is REQUIRED, but may have no value", "column value BYTES is not there"));
}

TEST(TableColumns, AreDescribedForCreation) {
  EXPECT_EQ(FieldsJson(*arrow::schema({field("t", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), false),
                                       field("date", arrow::date32())}))
                .ValueOrDie(),
            R"([{"name":"t","type":"TIMESTAMP","mode":"REQUIRED"},{"name":"date","type":"DATE","mode":"NULLABLE"}])");
  EXPECT_TRUE(FieldsJson(*arrow::schema({field("x", arrow::list(arrow::int64()))})).status().IsNotImplemented());
}

TEST(WireRows, HaveNoDictionariesAndIntegersOf64Bits) {
  arrow::StringDictionary32Builder words;
  ASSERT_TRUE(words.Append("PETR4.SA").ok() && words.AppendNull().ok() && words.Append("VALE3.SA").ok());
  arrow::Int32Builder numbers;
  ASSERT_TRUE(numbers.AppendValues({3, 0, -1}).ok());
  const auto schema = arrow::schema(
      {field("ticker", arrow::dictionary(arrow::int32(), arrow::utf8())), field("partition", arrow::int32())});
  const auto rows = arrow::RecordBatch::Make(schema, 3, {words.Finish().ValueOrDie(), numbers.Finish().ValueOrDie()});
  const auto wire = ToWire(*rows, WireSchema(*schema)).ValueOrDie();
  EXPECT_TRUE(wire->ValidateFull().ok());
  EXPECT_EQ(wire->column(0)->ToString(), "[\n  \"PETR4.SA\",\n  null,\n  \"VALE3.SA\"\n]");
  EXPECT_EQ(wire->column(1)->type_id(), arrow::Type::INT64);
  EXPECT_EQ(static_cast<const arrow::Int64Array&>(*wire->column(1)).Value(2), -1);
}

const auto kAnswer =
    arrow::schema({field("s", arrow::utf8()), field("n", arrow::int64()), field("x", arrow::float64())});

TEST(QueryAnswers, BecomeColumns) {
  const auto answer = ParseQueryAnswer(
                          R"({"jobComplete":true,"jobReference":{"jobId":"j","location":"EU"},"pageToken":"2","rows":[
                             {"f":[{"v":"ã"},{"v":"9007199254740993"},{"v":"0.1"}]},
                             {"f":[{"v":null},{"v":"-1"},{"v":"1.7976931348623157E308"}]}]})",
                          kAnswer)
                          .ValueOrDie();
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.job + answer.location + answer.next_page, "jEU2");
  ASSERT_EQ(answer.rows->num_rows(), 2);
  EXPECT_EQ(static_cast<const arrow::StringArray&>(*answer.rows->column(0)).GetView(0), "ã");
  EXPECT_TRUE(answer.rows->column(0)->IsNull(1));
  EXPECT_EQ(static_cast<const arrow::Int64Array&>(*answer.rows->column(1)).Value(0), 9007199254740993);
  EXPECT_EQ(static_cast<const arrow::DoubleArray&>(*answer.rows->column(2)).Value(1), 1.7976931348623157E308);
}

TEST(QueryAnswers, BytesAndDatesAreRead) {
  const auto columns = arrow::schema({field("value", arrow::binary()), field("date", arrow::date32())});
  const auto parse = [&](const std::string& bytes, const std::string& date) {
    return ParseQueryAnswer(R"({"jobComplete":true,"rows":[{"f":[{"v":")" + bytes + R"("},{"v":")" + date + R"("}]}]})",
                            columns);
  };
  const auto rows = parse("AP8=", "1969-12-31").ValueOrDie().rows;
  EXPECT_EQ(static_cast<const arrow::BinaryArray&>(*rows->column(0)).GetView(0), std::string_view("\0\xff", 2));
  EXPECT_EQ(static_cast<const arrow::Date32Array&>(*rows->column(1)).Value(0), -1);
  EXPECT_TRUE(parse("AP8", "1969-12-31").status().IsInvalid());
  for (const char* date : {"", "2026-02-30", "2026-11", "2026-11-2x", "22-11-2026x"}) {
    EXPECT_TRUE(parse("AP8=", date).status().IsInvalid()) << date;
  }
}

TEST(QueryAnswers, OfAJobThatRunsOnHaveNoRows) {
  const auto answer = ParseQueryAnswer(R"({"jobComplete":false,"jobReference":{"jobId":"j"}})", kAnswer).ValueOrDie();
  EXPECT_FALSE(answer.complete);
  EXPECT_EQ(answer.rows, nullptr);
}

TEST(QueryAnswers, TellWhatAJobFailedOf) {
  const auto answer =
      ParseQueryAnswer(R"({"jobComplete":true,"rows":[],"errors":[{"message":"no column x"}]})", kAnswer).ValueOrDie();
  EXPECT_EQ(answer.error, "no column x");
}

TEST(QueryAnswers, ThatAreNotWhatWasAskedForAreErrors) {
  for (const char* body : {"", "[]", "<html>"})
    EXPECT_TRUE(ParseQueryAnswer(body, kAnswer).status().IsIOError()) << body;
  for (const char* row : {R"({"f":[{"v":"a"},{"v":"1"}]})", R"({"f":[{"v":"a"},{"v":"1"},{"v":"1"},{"v":"1"}]})",
                          R"({"f":[{"v":"a"},{"v":"one"},{"v":"1"}]})", R"({"f":[{"v":"a"},{"v":"1"},{"v":["1"]}]})",
                          R"({"f":[{"v":"a"},{"v":"1 "},{"v":"1"}]})", R"({})"}) {
    const std::string body = std::string(R"({"jobComplete":true,"rows":[)") + row + "]}";
    EXPECT_TRUE(ParseQueryAnswer(body, kAnswer).status().IsInvalid()) << row;
  }
}

}  // namespace
}  // namespace pregao::bigquery
