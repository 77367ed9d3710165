#include "lake/file_stats.h"

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lake/data_file.h"

namespace pregao::lake {
namespace {

template <class Builder, class Value>
std::shared_ptr<arrow::RecordBatch> OneColumn(std::shared_ptr<arrow::DataType> type,
                                              const std::vector<std::optional<Value>>& values) {
  Builder builder(type, arrow::default_memory_pool());
  for (const auto& value : values) EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("c", type)}), std::ssize(values),
                                  {builder.Finish().ValueOrDie()});
}
std::string TextStats(const std::vector<std::optional<std::string>>& values) {
  return FileStats(*OneColumn<arrow::StringBuilder>(arrow::utf8(), values));
}
std::string DoubleStats(const std::vector<std::optional<double>>& values) {
  return FileStats(*OneColumn<arrow::DoubleBuilder>(arrow::float64(), values));
}
std::string TimeStats(const std::vector<std::optional<std::int64_t>>& micros) {
  return FileStats(*OneColumn<arrow::TimestampBuilder>(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), micros));
}
std::string Stats(int rows, const std::string& min, const std::string& max, int nulls) {
  return R"({"numRecords":)" + std::to_string(rows) + R"(,"minValues":{)" + min + R"(},"maxValues":{)" + max +
         R"(},"nullCount":{"c":)" + std::to_string(nulls) + "}}";
}

TEST(FileStats, CountsRowsAndNullsAndBoundsTheRest) {
  EXPECT_EQ(
      (FileStats(*OneColumn<arrow::Int64Builder, std::int64_t>(arrow::int64(), {5, std::nullopt, -3, INT64_MAX}))),
      Stats(4, R"("c":-3)", R"("c":9223372036854775807)", 1));
  EXPECT_EQ(DoubleStats({1.5, 0.1, std::nullopt}), Stats(3, R"("c":0.1)", R"("c":1.5)", 1));
  EXPECT_EQ(TextStats({"b", "a\"", std::nullopt}), Stats(3, R"("c":"a\"")", R"("c":"b")", 1));
  EXPECT_EQ((FileStats(*OneColumn<arrow::Date32Builder, std::int32_t>(arrow::date32(), {20'779, 0}))),
            Stats(2, R"("c":"1970-01-01")", R"("c":"2026-11-22")", 0));
}

TEST(FileStats, AColumnOfNullsHasNoBounds) {
  EXPECT_EQ(TextStats({std::nullopt, std::nullopt}), Stats(2, "", "", 2));
  EXPECT_EQ(DoubleStats({std::nullopt}), Stats(1, "", "", 1));
}

TEST(FileStats, ADictionaryIsBoundedByTheWordsThatAreUsed) {
  const auto words = arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["zz", "b", "aa", "a"])").ValueOrDie();
  const auto indices = arrow::json::ArrayFromJSONString(arrow::int32(), "[1, null, 3, 1]").ValueOrDie();
  const auto type = arrow::dictionary(arrow::int32(), arrow::utf8());
  const auto column = arrow::DictionaryArray::FromArrays(type, indices, words).ValueOrDie();
  EXPECT_EQ(FileStats(*arrow::RecordBatch::Make(arrow::schema({arrow::field("c", type)}), 4, {column})),
            Stats(4, R"("c":"a")", R"("c":"b")", 1));
}

TEST(FileStats, BinaryHasNoBounds) {
  EXPECT_EQ((FileStats(*OneColumn<arrow::BinaryBuilder, std::string>(arrow::binary(), {"x"}))), Stats(1, "", "", 0));
}

TEST(FileStats, FlagsHaveBounds) {
  const auto stats = [](const std::vector<std::optional<bool>>& flags) {
    return FileStats(*OneColumn<arrow::BooleanBuilder>(arrow::boolean(), flags));
  };
  EXPECT_EQ(stats({true, std::nullopt}), Stats(2, R"("c":true)", R"("c":true)", 1));
  EXPECT_EQ(stats({false, true}), Stats(2, R"("c":false)", R"("c":true)", 0));
  EXPECT_EQ(stats({false}), Stats(1, R"("c":false)", R"("c":false)", 0));
}

TEST(FileStats, TimestampsAreWidenedToWholeMilliseconds) {
  constexpr std::int64_t kTime = 1'795'367'120'123'000;  // 2026-11-22T17:05:20.123Z
  EXPECT_EQ(TimeStats({kTime}), Stats(1, R"("c":"2026-11-22T17:05:20.123Z")", R"("c":"2026-11-22T17:05:20.123Z")", 0));
  EXPECT_EQ(TimeStats({kTime + 1, kTime + 999}),
            Stats(2, R"("c":"2026-11-22T17:05:20.123Z")", R"("c":"2026-11-22T17:05:20.124Z")", 0));
  EXPECT_EQ(TimeStats({-1}), Stats(1, R"("c":"1969-12-31T23:59:59.999Z")", R"("c":"1970-01-01T00:00:00.000Z")", 0));
}

TEST(FileStats, TimesBeyondTheYears1To9999HaveNoBound) {
  EXPECT_EQ(TimeStats({INT64_MIN, INT64_MAX}), Stats(2, "", "", 0));
  EXPECT_EQ((FileStats(*OneColumn<arrow::Date32Builder, std::int32_t>(arrow::date32(), {INT32_MIN, INT32_MAX}))),
            Stats(2, "", "", 0));
}

TEST(FileStats, NanSortsAboveEveryNumberSoThereIsNoMax) {
  EXPECT_EQ(DoubleStats({NAN, 1.0, 2.0}), Stats(3, R"("c":1)", "", 0));
  EXPECT_EQ(DoubleStats({NAN}), Stats(1, "", "", 0));
  EXPECT_EQ(DoubleStats({-INFINITY, 1.0}), Stats(2, "", R"("c":1)", 0));
}

TEST(FileStats, LongTextIsCutAndStaysABound) {
  const std::string a32(32, 'a');
  EXPECT_EQ(TextStats({a32}), Stats(1, "\"c\":\"" + a32 + "\"", "\"c\":\"" + a32 + "\"", 0));
  EXPECT_EQ(TextStats({a32 + "z"}), Stats(1, "\"c\":\"" + a32 + "\"", "\"c\":\"" + std::string(31, 'a') + "b\"", 0));
}

TEST(FileStats, ACutMaxRaisesTheLastCharacterThatHasASuccessor) {
  const auto max_of = [](const std::string& text) {
    DataFile file;
    file.stats = TextStats({text});
    return StatBounds(file, "c")->max;
  };
  const auto times = [](int count, const std::string& character) {
    std::string text;
    for (int i = 0; i < count; ++i) text += character;
    return text;
  };
  EXPECT_EQ(max_of(times(33, "~")), times(31, "~") + "\x7f");
  EXPECT_EQ(max_of(times(33, "\x7f")), times(31, "\x7f") + "\u0080");
  EXPECT_EQ(max_of(times(33, "é")), times(31, "é") + "ê");
  EXPECT_EQ(max_of(times(33, "\uD7FF")), times(31, "\uD7FF") + "\uE000") << "surrogates are no characters";
  EXPECT_EQ(max_of(times(33, "\uFFFF")), times(31, "\uFFFF") + "\U00010000");
  EXPECT_EQ(max_of("a" + times(40, "\U0010FFFF")), "b");
  EXPECT_EQ(max_of(times(33, "\U0010FFFF")), times(33, "\U0010FFFF")) << "nothing is above: whole";
}

TEST(FileStats, TextThatIsNotUtf8HasNoBound) { EXPECT_EQ(TextStats({"\xff\xfe"}), Stats(1, "", "", 0)); }

TEST(StatBounds, GivesWhatTheStatisticsSay) {
  DataFile file;
  file.stats = DoubleStats({0.1, 1e22});
  EXPECT_EQ(StatBounds(file, "c")->min, "0.1");
  EXPECT_EQ(StatBounds(file, "c")->max, "1e+22");
  EXPECT_FALSE(StatBounds(file, "other").has_value());
  file.stats = TextStats({"a\"", "é"});
  EXPECT_EQ(StatBounds(file, "c")->min, "a\"");
  EXPECT_EQ(StatBounds(file, "c")->max, "é");
  file.stats = R"({"minValues":{"c":-9223372036854775808},"maxValues":{"c":9007199254740993}})";
  EXPECT_EQ(StatBounds(file, "c")->min, "-9223372036854775808");
  EXPECT_EQ(StatBounds(file, "c")->max, "9007199254740993");
}

TEST(StatBounds, SaysNothingWhenTheStatisticsDoNot) {
  DataFile file;
  for (const char* stats : {"", "{", "[]", "{}", R"({"minValues":{"c":1}})", R"({"minValues":7,"maxValues":{"c":1}})",
                            R"({"minValues":{"c":null},"maxValues":{"c":1}})"}) {
    file.stats = stats;
    EXPECT_FALSE(StatBounds(file, "c").has_value()) << stats;
  }
}

TEST(ParseStatTimestamp, UnderstandsTheFormsThatWritersUse) {
  constexpr std::int64_t kTime = 1'795'367'120'123'000;
  EXPECT_EQ(ParseStatTimestamp("2026-11-22T17:05:20.123Z"), kTime);
  EXPECT_EQ(ParseStatTimestamp("2026-11-22T17:05:20.123000Z"), kTime);
  EXPECT_EQ(ParseStatTimestamp("2026-11-22 17:05:20.123"), kTime);
  EXPECT_EQ(ParseStatTimestamp("2026-11-22T14:05:20.123-03:00"), kTime);
  EXPECT_EQ(ParseStatTimestamp("2026-11-22T17:05:20Z"), kTime - 123'000);
  EXPECT_EQ(ParseStatTimestamp("1969-12-31T23:59:59.999Z"), -1000);
}

TEST(ParseStatTimestamp, RefusesEverythingElse) {
  for (const char* text : {"", "2026", "2026-11-22", "2026-13-22T00:00:00Z", "2026-02-30T00:00:00Z",
                           "2026-11-22T24:00:00Z", "2026-11-22T17:05:20.Z", "2026-11-22T17:05:20Zx",
                           "2026-11-22T17:05:20+1", "-026-11-22T17:05:20Z", "2026-11-22T17:-5:20Z"}) {
    EXPECT_FALSE(ParseStatTimestamp(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace pregao::lake
