#include <gtest/gtest.h>
#include <random>
#include <string>

#include "topic/topic.h"

namespace pregao::topic {
namespace {

using std::nullopt;

TEST(RecordBatch, GivesBackWhatWasAdded) {
  RecordBatch batch;
  const Header headers[] = {{"reason", "bad_price"}, {"", std::string("\0\n", 2)}};
  batch.Add(Partition(3), Offset(7), TimestampMs(-1), "PETR4.SA", "{}", headers);
  ASSERT_EQ(batch.size(), 1U);
  EXPECT_EQ(batch[0].partition, Partition(3));
  EXPECT_EQ(batch[0].offset, Offset(7));
  EXPECT_EQ(batch[0].timestamp, TimestampMs(-1));
  EXPECT_EQ(batch.Key(0), "PETR4.SA");
  EXPECT_EQ(batch.Value(0), "{}");
  ASSERT_EQ(batch.Headers(0).size(), 2U);
  EXPECT_EQ(batch.Headers(0)[0], headers[0]);
  EXPECT_EQ(batch.Headers(0)[1], headers[1]);
  EXPECT_EQ(batch.bytes(), 10U);
}

TEST(RecordBatch, TellsAbsentFromEmpty) {
  RecordBatch batch;
  batch.Add(Partition(0), Offset(0), TimestampMs(0), nullopt, nullopt);
  batch.Add(Partition(0), Offset(1), TimestampMs(0), "", nullopt);
  batch.Add(Partition(0), Offset(2), TimestampMs(0), nullopt, "");
  EXPECT_EQ(batch.Key(0), nullopt);
  EXPECT_EQ(batch.Value(0), nullopt);
  EXPECT_EQ(batch.Key(1), "");
  EXPECT_EQ(batch.Value(1), nullopt);
  EXPECT_EQ(batch.Key(2), nullopt);
  EXPECT_EQ(batch.Value(2), "");
  EXPECT_EQ(batch.bytes(), 0U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(batch.Headers(i).empty());
}

TEST(RecordBatch, EndsInZeroedPaddingThatAParserMayRead) {
  RecordBatch batch;
  for (int i = 0; i < 100; ++i) {
    batch.Add(Partition(0), Offset(i), TimestampMs(0), "k", std::string(static_cast<std::size_t>(i), '\xff'));
    const std::string_view value = *batch.Value(static_cast<std::size_t>(i));
    const char* end = value.data() + value.size();
    for (std::size_t p = 0; p < RecordBatch::kPadding; ++p) ASSERT_EQ(end[p], '\0') << i << " " << p;
  }
}

TEST(RecordBatch, KeepsEveryRecordAsItGrows) {
  std::mt19937 random(1);
  const auto text = [&]() -> std::optional<std::string> {
    if (random() % 4 == 0) return nullopt;
    std::string s(random() % 50, '\0');
    for (char& c : s) c = static_cast<char>(random());
    return s;
  };
  std::vector<std::pair<std::optional<std::string>, std::optional<std::string>>> model;
  RecordBatch batch;
  for (int i = 0; i < 2000; ++i) {
    model.emplace_back(text(), text());
    batch.Add(Partition(0), Offset(i), TimestampMs(i), model.back().first, model.back().second);
  }
  for (std::size_t i = 0; i < model.size(); ++i) {
    ASSERT_EQ(batch.Key(i), model[i].first) << i;
    ASSERT_EQ(batch.Value(i), model[i].second) << i;
  }
}

TEST(RecordBatch, MovesWithItsViews) {
  RecordBatch batch;
  batch.Add(Partition(0), Offset(0), TimestampMs(0), "key", std::string(1000, 'v'));
  const std::string_view value = *batch.Value(0);
  const RecordBatch moved = std::move(batch);
  EXPECT_EQ(moved.Value(0)->data(), value.data());
}

}  // namespace
}  // namespace pregao::topic
