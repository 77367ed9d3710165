#include "medallion/silver_builder.h"

#include <arrow/array.h>
#include <arrow/array/array_dict.h>
#include <arrow/compute/cast.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include "medallion/schema.h"

namespace pregao::medallion {
namespace {

/// The batch with its dictionaries written out, as a file has them.
std::shared_ptr<arrow::RecordBatch> Plain(const arrow::RecordBatch& batch) {
  arrow::ArrayVector columns;
  for (const auto& field : SilverSchema()->fields()) {
    if (field->name() == "date") continue;
    const auto column = batch.GetColumnByName(field->name());
    columns.push_back(arrow::compute::Cast(*column, field->type()).ValueOrDie());
  }
  return arrow::RecordBatch::Make(SilverSchema()->RemoveField(kDate).ValueOrDie(), batch.num_rows(), columns);
}

/// Judges `jsons`, builds their rows, and returns them with the keys that were computed while decoding.
std::pair<std::shared_ptr<arrow::RecordBatch>, std::vector<RowKey>> Build(const std::vector<std::string>& jsons) {
  Judge judge;
  SilverRow row;
  SilverBuilder builder;
  RowHasher hasher;
  std::vector<RowKey> keys;
  std::int64_t offset = 100;
  for (std::string json : jsons) {
    const std::size_t size = json.size();
    json.resize(size + 64);
    EXPECT_FALSE(judge.Decide({3, offset, 0, std::nullopt, std::string_view(json.data(), size)}, &row)) << json;
    keys.push_back(KeyOf(row, &hasher));
    EXPECT_TRUE(builder.Append(row, 3, offset++).ok());
  }
  const auto batch = builder.Finish("quotes").ValueOrDie();
  EXPECT_TRUE(batch->ValidateFull().ok());
  return {Plain(*batch), keys};
}

const std::vector<std::string> kMessages = {
    R"({"ticker":"A","price":1.5,"time":1000})",
    R"({"ticker":"B","price":2,"time":2000,"received_at":2500,"source":"yahoo","day_volume":9,"currency":"BRL"})",
    R"({"ticker":"A","price":-0.0,"time":3000,"quote_type":99,"change":0.1,"market_cap":1e12})"};

TEST(SilverBuilder, HasTheContractsColumnsAndFillsAbsentOnesWithNulls) {
  const auto batch = Build(kMessages).first;
  ASSERT_TRUE(batch->ValidateFull().ok());
  ASSERT_EQ(batch->num_columns(), SilverSchema()->num_fields() - 1);
  const auto text = [&](const char* name, std::int64_t row) {
    return batch->GetColumnByName(name)->GetScalar(row).ValueOrDie()->ToString();
  };
  EXPECT_EQ(text("currency", 0), "null");
  EXPECT_EQ(text("currency", 1), "BRL");
  EXPECT_EQ(text("day_volume", 1), "9");
  EXPECT_EQ(text("quote_type", 2), "99");
  EXPECT_EQ(text("topic", 2), "quotes");
  EXPECT_EQ(text("partition", 2), "3");
  EXPECT_EQ(text("offset", 2), "102");
  EXPECT_EQ(text("received_at", 0), "null");
  EXPECT_EQ(text("source", 1), "yahoo");
  EXPECT_EQ(batch->GetColumnByName("bid")->null_count(), 3);
}

TEST(SilverBuilder, StartsAnewAfterFinish) {
  SilverBuilder builder;
  EXPECT_EQ(builder.Finish("t").ValueOrDie()->num_rows(), 0);
  EXPECT_EQ(builder.Finish("t").ValueOrDie()->num_rows(), 0);
}

TEST(HashRows, AgreesWithTheKeysOfDecoding) {
  const auto [batch, keys] = Build(kMessages);
  const auto table = arrow::Table::FromRecordBatches({batch}).ValueOrDie();
  std::vector<int> columns(market::kFieldCount);
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = static_cast<int>(i);
  const auto rows = HashRows(*table->SelectColumns(columns).ValueOrDie()).ValueOrDie();
  ASSERT_EQ(rows.size(), keys.size());
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i].key, keys[i]) << i;
  EXPECT_EQ(rows[1].ticker, "B");
  EXPECT_EQ(rows[1].event_time_us, 2'000'000);
}

}  // namespace
}  // namespace pregao::medallion
