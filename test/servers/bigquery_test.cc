/// The Storage Write API and queries, as the emulator of setup/services/bigquery.sh plays them.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/ipc/writer.h>
#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "bigquery/client.h"
#include "bigquery/registry.h"

namespace pregao::bigquery {
namespace {

const SystemClock kClock;
const auto kSchema = arrow::schema({arrow::field("n", arrow::int64(), false), arrow::field("x", arrow::float64()),
                                    arrow::field("date", arrow::date32(), false)});

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set: run `make test-servers`");
  return value;
}

class BigQueryServer : public testing::Test {
 protected:
  void SetUp() override {
    static int count = 0;
    Options options;
    options.project = "test";
    options.dataset = "unit_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
    options.emulator = Variable("PREGAO_TEST_BIGQUERY");
    options.endpoint = Variable("PREGAO_TEST_BIGQUERY_GRPC");
    client_ = Client::Open(options, &kClock).ValueOrDie();
    ASSERT_TRUE(client_->rest()->EnsureDataset().ok());
    ASSERT_TRUE(client_->rest()->EnsureDataset().ok());
    ASSERT_TRUE(client_->rest()->EnsureTable({"t", kSchema, "date", ""}).ok());
    schema_ = arrow::ipc::SerializeSchema(*kSchema).ValueOrDie()->ToString();
  }
  std::string NewStream() { return client_->write()->CreateStream(client_->rest()->Resource("t")).ValueOrDie(); }
  static std::string Rows(std::int64_t first, int count) {
    arrow::Int64Builder numbers;
    arrow::DoubleBuilder halves;
    arrow::Date32Builder dates;
    for (int i = 0; i < count; ++i) {
      EXPECT_TRUE(numbers.Append(first + i).ok() && halves.Append(0.1 + i).ok() && dates.Append(20'000).ok());
    }
    const auto batch = arrow::RecordBatch::Make(
        kSchema, count, {numbers.Finish().ValueOrDie(), halves.Finish().ValueOrDie(), dates.Finish().ValueOrDie()});
    return arrow::ipc::SerializeRecordBatch(*batch, arrow::ipc::IpcWriteOptions::Defaults()).ValueOrDie()->ToString();
  }
  Fault Append(AppendConnection* connection, std::int64_t offset, std::int64_t first, int count) {
    EXPECT_TRUE(connection->Send(offset, &schema_, Rows(first, count)));
    return connection->Receive().fault;
  }
  std::int64_t Count() {
    const auto rows = client_->rest()
                          ->Query("SELECT COUNT(*) AS n FROM " + client_->rest()->Sql("t"), {},
                                  arrow::schema({arrow::field("n", arrow::int64())}))
                          .ValueOrDie();
    return static_cast<const arrow::Int64Array&>(*rows.at(0)->column(0)).Value(0);
  }

  std::shared_ptr<Client> client_;
  std::string schema_;
};

TEST_F(BigQueryServer, AResendIsAlreadyThereAndAGapIsRefused) {
  const auto connection = client_->write()->Connect(NewStream());
  EXPECT_EQ(Append(connection.get(), 0, 0, 5), Fault::kNone);
  EXPECT_EQ(Append(connection.get(), 0, 0, 5), Fault::kAlreadyThere);
  EXPECT_EQ(Append(connection.get(), 6, 6, 5), Fault::kLost);
  EXPECT_EQ(Append(connection.get(), 5, 5, 5), Fault::kNone);
  EXPECT_EQ(Count(), 10);
}

TEST_F(BigQueryServer, AFinalisedStreamTakesNoMore) {
  const std::string stream = NewStream();
  const auto connection = client_->write()->Connect(stream);
  EXPECT_EQ(Append(connection.get(), 0, 0, 5), Fault::kNone);
  ASSERT_TRUE(client_->write()->Finalise(stream).ok());
  EXPECT_EQ(Append(connection.get(), 5, 5, 5), Fault::kFinalised);
  EXPECT_EQ(Count(), 5);
}

TEST_F(BigQueryServer, AnUnknownStreamOrTableIsLost) {
  const auto connection = client_->write()->Connect(client_->rest()->Resource("t") + "/streams/0123456789abcdef");
  EXPECT_EQ(Append(connection.get(), 0, 0, 5), Fault::kLost);
  EXPECT_TRUE(client_->write()->Finalise(client_->rest()->Resource("t") + "/streams/0123456789abcdef").ok());
  const auto stream = client_->write()->CreateStream(client_->rest()->Resource("absent"));
  EXPECT_TRUE(stream.status().IsIOError());
  EXPECT_THAT(stream.status().message(), testing::HasSubstr("absent"));
}

TEST_F(BigQueryServer, ANewOwnerEndsTheStreamsOfTheOld) {
  Registry registry(client_.get());
  ASSERT_TRUE(registry.Open().ok());
  const auto first = registry.TakeOver({"quotes", "g1"}, {"t"}, {0, 1}).ValueOrDie();
  ASSERT_EQ(first.size(), 2u);
  const auto old = client_->write()->Connect(first.at({"t", 0}));
  const auto kept = client_->write()->Connect(first.at({"t", 1}));
  EXPECT_EQ(Append(old.get(), 0, 0, 5), Fault::kNone);
  const auto second = registry.TakeOver({"quotes", "g1"}, {"t"}, {0}).ValueOrDie();
  EXPECT_EQ(Append(old.get(), 5, 5, 5), Fault::kFinalised);
  EXPECT_EQ(Append(kept.get(), 0, 10, 5), Fault::kNone);  // nobody took partition 1
  const auto fresh = client_->write()->Connect(second.at({"t", 0}));
  EXPECT_EQ(Append(fresh.get(), 0, 5, 5), Fault::kNone);
  EXPECT_EQ(Count(), 15);
}

TEST_F(BigQueryServer, ATopicThatWasCreatedAnewIsRefused) {
  Registry registry(client_.get());
  ASSERT_TRUE(registry.Open().ok());
  ASSERT_TRUE(registry.TakeOver({"quotes", "g1"}, {"t"}, {0}).ok());
  const auto other = registry.TakeOver({"quotes", "g2"}, {"t"}, {0});
  EXPECT_TRUE(other.status().IsInvalid());
  EXPECT_THAT(other.status().message(), testing::HasSubstr("bigquery.dataset"));
  EXPECT_TRUE(registry.TakeOver({"others", "g2"}, {"t"}, {0}).ok());
}

TEST_F(BigQueryServer, AnswersComeInPages) {
  const auto connection = client_->write()->Connect(NewStream());
  ASSERT_EQ(Append(connection.get(), 0, 0, 25'000), Fault::kNone);
  const auto pages =
      client_->rest()
          ->Query("SELECT n, x FROM " + client_->rest()->Sql("t") + " WHERE n >= @low ORDER BY n",
                  {{"low", "INT64", {"1000"}}},
                  arrow::schema({arrow::field("n", arrow::int64()), arrow::field("x", arrow::float64())}))
          .ValueOrDie();
  std::int64_t expected = 1'000;
  for (const auto& page : pages) {
    for (std::int64_t i = 0; i < page->num_rows(); ++i, ++expected) {
      ASSERT_EQ(static_cast<const arrow::Int64Array&>(*page->column(0)).Value(i), expected);
      ASSERT_EQ(static_cast<const arrow::DoubleArray&>(*page->column(1)).Value(i), 0.1 + static_cast<double>(expected));
    }
  }
  EXPECT_EQ(expected, 25'000);
  EXPECT_GT(pages.size(), 1u);
}

}  // namespace
}  // namespace pregao::bigquery
