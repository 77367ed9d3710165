#include "lake/data_file.h"

#include <arrow/io/memory.h>
#include <arrow/json/from_string.h>
#include <parquet/arrow/writer.h>
#include <parquet/file_reader.h>

#include "lake/faulty_store.h"
#include "lake/memory_store.h"

#include "test/lake_tools.h"

namespace pregao::lake {
namespace {

using test::Quotes;
using test::QuoteSchema;
using testing::HasSubstr;

class DataFileTest : public testing::Test {
 protected:
  DataFile Write(const arrow::RecordBatch& rows, const PartitionValues& values = {{"date", "2026-11-22"}},
                 const WriteOptions& options = {}) {
    return WriteDataFile(store_.get(), "silver/quotes", clock_, rows, values, options).ValueOrDie();
  }
  Result<std::shared_ptr<arrow::Table>> Read(const DataFile& file, const std::vector<std::string>& columns) {
    return ReadDataFile(store_.get(), "silver/quotes", file, *QuoteSchema(), columns);
  }
  ManualClock clock_{TimestampMs(1234)};
  std::shared_ptr<MemoryStore> store_ = std::make_shared<MemoryStore>();
};

TEST_F(DataFileTest, ReadsBackWhatItWroteInTheOrderAskedFor) {
  const auto rows = Quotes("PETR4.SA", 1000);
  const DataFile file = Write(*rows);
  const auto table = Read(file, {"price", "date", "ticker", "event_time", "day_volume"});
  ASSERT_TRUE(table.ok()) << table.status();
  ASSERT_OK((*table)->ValidateFull());
  EXPECT_EQ((*table)->num_rows(), 1000);
  EXPECT_EQ((*table)->schema()->field_names(),
            (std::vector<std::string>{"price", "date", "ticker", "event_time", "day_volume"}));
  for (const char* column : {"price", "ticker", "event_time", "day_volume"}) {
    EXPECT_TRUE((*table)->GetColumnByName(column)->Equals(arrow::ChunkedArray(rows->GetColumnByName(column))))
        << column;
  }
  EXPECT_EQ((*(*table)->GetColumnByName("date")->GetScalar(999))->ToString(), "2026-11-22");
}

TEST_F(DataFileTest, TheAddSaysWhatTheFileIs) {
  const DataFile file = Write(*Quotes("A", 3));
  EXPECT_THAT(file.path, testing::MatchesRegex("date=2026-11-22/part-[0-9a-f-]{36}\\.parquet"));
  EXPECT_EQ(file.modified, TimestampMs(1234));
  EXPECT_EQ(file.size, std::ssize(*store_->Get("silver/quotes/" + file.path)));
  EXPECT_EQ(StatBounds(file, "ticker")->min, "A");
  EXPECT_EQ(ParseStatTimestamp(StatBounds(file, "event_time")->max), 2'000'000);
}

TEST_F(DataFileTest, TwoFilesNeverShareAPath) { EXPECT_NE(Write(*Quotes("A", 1)).path, Write(*Quotes("A", 1)).path); }

TEST_F(DataFileTest, ParquetIsWhatForeignReadersExpect) {
  for (const char* codec : {"zstd", "snappy"}) {
    const DataFile file = Write(*Quotes("A", 3), {{"date", "2026-11-22"}}, {codec});
    const auto bytes = arrow::Buffer::FromString(*store_->Get("silver/quotes/" + file.path));
    const auto reader = parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(bytes));
    const auto& schema = *reader->metadata()->schema();
    EXPECT_TRUE(schema.Column(0)->schema_node()->is_required()) << "ticker is never null";
    EXPECT_TRUE(schema.Column(2)->schema_node()->is_required()) << "the table allows nulls, but the file has none";
    EXPECT_EQ(schema.Column(1)->physical_type(), parquet::Type::INT64) << "no INT96";
    EXPECT_THAT(schema.Column(1)->logical_type()->ToString(), HasSubstr("isAdjustedToUTC=true, timeUnit=microseconds"));
    EXPECT_EQ(reader->metadata()->key_value_metadata(), nullptr) << "no Arrow schema";
    EXPECT_TRUE(reader->metadata()->RowGroup(0)->ColumnChunk(0)->is_stats_set());
    EXPECT_EQ(reader->metadata()->RowGroup(0)->ColumnChunk(0)->compression(),
              codec == std::string("zstd") ? parquet::Compression::ZSTD : parquet::Compression::SNAPPY);
  }
}

TEST_F(DataFileTest, AColumnWithANullIsNullableInTheFileAndReadBackWithIt) {
  auto rows = Quotes("A", 3);
  const auto prices = arrow::json::ArrayFromJSONString(arrow::float64(), "[1.5, null, 2.5]").ValueOrDie();
  rows = rows->SetColumn(2, rows->schema()->field(2), prices).ValueOrDie();
  const DataFile file = Write(*rows);
  const auto bytes = arrow::Buffer::FromString(*store_->Get("silver/quotes/" + file.path));
  const auto reader = parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(bytes));
  EXPECT_TRUE(reader->metadata()->schema()->Column(2)->schema_node()->is_optional());
  EXPECT_TRUE((*Read(file, {"price"}))->column(0)->Equals(arrow::ChunkedArray(prices)));
}

TEST_F(DataFileTest, OddPartitionValuesAreReadBackAsTheyWere) {
  const auto schema = arrow::schema({arrow::field("t", arrow::utf8()), arrow::field("x", arrow::int64())});
  const auto rows = Quotes("A", 1)->SelectColumns({3}).ValueOrDie()->RenameColumns({"x"}).ValueOrDie();
  for (const char* value : {"BRK/B", "a b", "50%", "%41", "é€", "a=b:c", "'\"\\", "+&?#", ".."}) {
    const DataFile file = Write(*rows, {{"t", value}});
    const auto table = ReadDataFile(store_.get(), "silver/quotes", file, *schema, {"t", "x"});
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_EQ((*(*table)->column(0)->GetScalar(0))->ToString(), value);
  }
  const DataFile file = Write(*rows, {{"t", std::nullopt}});
  EXPECT_FALSE((*ReadDataFile(store_.get(), "silver/quotes", file, *schema, {"t"}))
                   ->column(0)
                   ->GetScalar(0)
                   .ValueOrDie()
                   ->is_valid);
}

TEST_F(DataFileTest, AColumnThatTheFileLacksIsNull) {
  const auto rows = Quotes("A", 5)->RemoveColumn(3).ValueOrDie();
  const auto table = Read(Write(*rows), {"day_volume", "price"});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->column(0)->null_count(), 5);
  EXPECT_EQ((*table)->column(0)->type()->id(), arrow::Type::INT64);
}

TEST_F(DataFileTest, APartitionColumnAloneHasTheRowsOfTheFile) {
  EXPECT_EQ((*Read(Write(*Quotes("A", 7)), {"date"}))->num_rows(), 7);
}

TEST_F(DataFileTest, ForeignTypesOfTheSameMeaningAreConverted) {
  const auto rows = Quotes("A", 3);
  const auto large = rows->column(0)->View(arrow::utf8()).ValueOrDie();
  const auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto int96 = parquet::ArrowWriterProperties::Builder().enable_deprecated_int96_timestamps()->build();
  const auto table = arrow::Table::Make(rows->schema(), rows->columns());
  ASSERT_OK(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, 100,
                                       parquet::default_writer_properties(), int96));
  const auto bytes = sink->Finish().ValueOrDie();
  ASSERT_OK(store_->Put("silver/quotes/foreign.parquet", std::string_view(*bytes)));
  const DataFile file{"foreign.parquet", {{"date", "2026-11-22"}}, bytes->size(), TimestampMs(1), ""};
  const auto read = Read(file, {"event_time"});
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE((*read)->column(0)->Equals(arrow::ChunkedArray(rows->column(1))));
}

TEST_F(DataFileTest, WhatCannotBeWrittenIsInvalid) {
  const auto fails = [&](const std::shared_ptr<arrow::RecordBatch>& rows, const PartitionValues& values,
                         const WriteOptions& options, const std::string& message) {
    const auto file = WriteDataFile(store_.get(), "t", clock_, *rows, values, options);
    EXPECT_TRUE(file.status().IsInvalid()) << file.status();
    EXPECT_THAT(file.status().message(), HasSubstr(message));
  };
  const auto rows = Quotes("A", 1);
  fails(Quotes("A", 0), {}, {}, "needs rows");
  fails(rows, {{"ticker", "A"}}, {}, "'ticker' is a partition column");
  fails(rows, {{"date", ""}}, {}, "'date' has an empty value");
  fails(rows, {}, {"brotli"}, "compression 'brotli'");
  const auto null_tickers =
      rows->SetColumn(0, rows->schema()->field(0), arrow::MakeArrayOfNull(arrow::utf8(), 1).ValueOrDie());
  fails(*null_tickers, {}, {}, "'ticker' must not be null");
  EXPECT_TRUE(store_->List("")->empty());
}

TEST_F(DataFileTest, AMissingOrDamagedFileIsInvalidNamingIt) {
  const DataFile file = Write(*Quotes("A", 100));
  const std::string path = "silver/quotes/" + file.path;
  const std::string bytes = *store_->Get(path);
  const auto expect_damaged = [&](const std::string& what) {
    const auto table = Read(file, {"ticker"});
    EXPECT_TRUE(table.status().IsInvalid()) << what << table.status();
    EXPECT_THAT(table.status().message(), HasSubstr(path)) << what;
  };
  for (const std::size_t size : {std::size_t{0}, std::size_t{3}, bytes.size() / 2, bytes.size() - 1}) {
    ASSERT_OK(store_->Put(path, bytes.substr(0, size)));
    expect_damaged(std::to_string(size) + " bytes");
  }
  ASSERT_OK(store_->Put(path, std::string(bytes.size(), 'x')));
  expect_damaged("garbage");
  ASSERT_OK(store_->Delete(path));
  expect_damaged("missing");
}

TEST_F(DataFileTest, AStoreThatFailsIsAnIoErrorNotDamage) {
  const DataFile file = Write(*Quotes("A", 100));
  FaultyStore faulty(store_);
  ASSERT_TRUE(ReadDataFile(&faulty, "silver/quotes", file, *QuoteSchema(), {"ticker"}).ok());
  const std::int64_t calls = faulty.calls();
  for (std::int64_t call = 1; call <= calls; ++call) {
    faulty.Reset();
    faulty.FailAt(call, StoreFault::kError);
    const auto table = ReadDataFile(&faulty, "silver/quotes", file, *QuoteSchema(), {"ticker"});
    EXPECT_TRUE(table.status().IsIOError()) << call << " " << table.status();
  }
}

TEST_F(DataFileTest, ColumnsAndFilesOutsideTheTableAreRefused) {
  DataFile file = Write(*Quotes("A", 1));
  EXPECT_TRUE(Read(file, {"nothing"}).status().IsInvalid());
  for (const char* path : {"/etc/passwd", "file:///etc/passwd", "s3://bucket/x"}) {
    file.path = path;
    EXPECT_TRUE(Read(file, {"ticker"}).status().IsNotImplemented()) << path;
  }
  file.path = "../../other/x.parquet";
  EXPECT_TRUE(Read(file, {"ticker"}).status().IsInvalid());
}

}  // namespace
}  // namespace pregao::lake
