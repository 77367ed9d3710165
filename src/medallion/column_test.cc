#include "medallion/column.h"

#include <arrow/array/array_dict.h>
#include <functional>
#include <gtest/gtest.h>
#include <optional>
#include <random>
#include <rapidcheck/gtest.h>
#include <string>

namespace pregao::medallion {
namespace {

/// What Finish must give back, row by row.
template <class T>
using Rows = std::vector<std::optional<T>>;

/// Up to 3,000 rows, one in three of them null. (Values drawn one by one by RapidCheck would take minutes.)
template <class T>
Rows<T> AnyRows(const std::function<T(std::mt19937&)>& value) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  Rows<T> rows(*rc::gen::inRange<std::size_t>(0, 3'000));
  for (auto& row : rows) {
    if (random() % 3 != 0) row = value(random);
  }
  return rows;
}

template <class T>
void Fill(auto* column, const Rows<T>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i]) RC_ASSERT(column->Put(static_cast<std::int64_t>(i), *rows[i]).ok());
  }
}

RC_GTEST_PROP(FixedColumn, GivesBackWhatWasPutAndNullsBetween, ()) {
  FixedColumn<std::int64_t> column;
  for (int round = 0; round < 3; ++round) {  // it starts anew after Finish
    const auto rows = AnyRows<std::int64_t>([](auto& random) { return static_cast<std::int64_t>(random()); });
    Fill(&column, rows);
    const auto data = column.Finish(arrow::int64(), static_cast<std::int64_t>(rows.size())).ValueOrDie();
    const arrow::Int64Array array(data);
    RC_ASSERT(array.ValidateFull().ok());
    RC_ASSERT(array.length() == static_cast<std::int64_t>(rows.size()));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto at = static_cast<std::int64_t>(i);
      RC_ASSERT(array.IsValid(at) == rows[i].has_value());
      if (rows[i]) RC_ASSERT(array.Value(at) == *rows[i]);
    }
  }
}

TEST(FixedColumn, GrowsBeyondItsFirstRoom) {
  FixedColumn<std::int32_t> column;
  EXPECT_EQ(column.Finish(arrow::int32(), 0).ValueOrDie()->length, 0);
  for (std::int64_t row = 0; row < 10'000; row += 3) ASSERT_TRUE(column.Put(row, static_cast<std::int32_t>(row)).ok());
  const arrow::Int32Array array(column.Finish(arrow::int32(), 20'000).ValueOrDie());
  ASSERT_TRUE(array.ValidateFull().ok());
  for (std::int64_t row = 0; row < 20'000; ++row) {
    ASSERT_EQ(array.IsValid(row), row < 10'000 && row % 3 == 0) << row;
    if (array.IsValid(row)) {
      ASSERT_EQ(array.Value(row), row);
    }
  }
}

TEST(FixedColumn, KeepsNoBitmapBeforeItsFirstNullAndHasAllRowsInItFromThenOn) {
  FixedColumn<std::int64_t> column;
  for (std::int64_t row = 0; row < 5'000; ++row) ASSERT_TRUE(column.Put(row, row).ok());
  const auto whole = column.Finish(arrow::int64(), 5'000).ValueOrDie();
  EXPECT_EQ(whole->buffers[0], nullptr);
  EXPECT_EQ(whole->null_count, 0);
  for (std::int64_t row = 0; row < 20'000; ++row) {  // its one null comes late, and it grows once more
    if (row == 5'001) continue;
    ASSERT_TRUE(column.Put(row, row).ok());
  }
  const arrow::Int64Array array(column.Finish(arrow::int64(), 20'000).ValueOrDie());
  ASSERT_TRUE(array.ValidateFull().ok());
  EXPECT_EQ(array.null_count(), 1);
  for (std::int64_t row = 0; row < 20'000; ++row) ASSERT_EQ(array.IsValid(row), row != 5'001) << row;
}

RC_GTEST_PROP(WordColumn, GivesBackWhatWasPutAndStoresEachWordOnce, ()) {
  WordColumn column;
  for (int round = 0; round < 3; ++round) {
    const auto rows = AnyRows<std::string>(
        [](auto& random) { return std::string(random() % 9, static_cast<char>('a' + random() % 3)); });
    if (std::none_of(rows.begin(), rows.end(), [](const auto& row) { return row.has_value(); })) continue;
    Fill(&column, rows);
    const auto array = column.Finish(static_cast<std::int64_t>(rows.size())).ValueOrDie();
    RC_ASSERT(array->ValidateFull().ok());
    const auto& words = static_cast<const arrow::DictionaryArray&>(*array);
    const auto& dictionary = static_cast<const arrow::StringArray&>(*words.dictionary());
    std::set<std::optional<std::string>> distinct(rows.begin(), rows.end());
    distinct.erase(std::nullopt);
    RC_ASSERT(dictionary.length() == static_cast<std::int64_t>(distinct.size()));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto at = static_cast<std::int64_t>(i);
      RC_ASSERT(words.IsValid(at) == rows[i].has_value());
      if (rows[i]) RC_ASSERT(dictionary.GetView(words.GetValueIndex(at)) == *rows[i]);
    }
  }
}

TEST(Words, NumbersManyWordsInTheOrderTheyCame) {
  Words words;
  for (int round = 0; round < 2; ++round) {
    for (std::int32_t i = 0; i < 10'000; ++i) ASSERT_EQ(words.Index("w" + std::to_string(i), 0), i);
  }
  EXPECT_EQ(words.Index("", 0), 10'000);
  EXPECT_EQ(words.size(), 10'001);
  EXPECT_EQ(words[9'999], "w9999");
}

TEST(Words, AreFoundWhateverCameWithTheirKin) {
  Words words;
  for (std::int32_t i = 0; i < 5'000; ++i) {  // more kin than it keeps apart
    ASSERT_EQ(words.Index(i % 2 == 0 ? "BRL" : "USD", i * 7 % 1'000), i % 2) << i;
  }
  EXPECT_EQ(words.size(), 2);
}

}  // namespace
}  // namespace pregao::medallion
