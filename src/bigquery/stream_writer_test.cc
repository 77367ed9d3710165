/// Every row once and in order, whatever becomes of a request.
#include "bigquery/stream_writer.h"

#include <arrow/builder.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <numeric>

#include "test/write_server.h"

namespace pregao::bigquery {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;
using Whim = WriteServer::Whim;

const auto kSchema = arrow::schema({arrow::field("n", arrow::int64())});

std::vector<std::int64_t> Numbers(std::int64_t first, std::int64_t count) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(count));
  std::iota(out.begin(), out.end(), first);
  return out;
}

std::shared_ptr<arrow::RecordBatch> Rows(std::int64_t first, std::int64_t count) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(Numbers(first, count)).ok());
  return arrow::RecordBatch::Make(kSchema, count, {builder.Finish().ValueOrDie()});
}

class Writing : public testing::Test {
 protected:
  void Open(WriteServer::Plan plan = nullptr) {
    server_ = std::make_unique<WriteServer>(std::move(plan));
    WriteApi::Options options;
    options.endpoint = server_->endpoint();
    options.plain = true;
    options.timeout = std::chrono::seconds(20);
    options.retry.wait = [](auto) {};
    options.retry.max_attempts = 4;
    api_ = std::make_unique<WriteApi>(options, nullptr, &counters_);
    stream_ = api_->CreateStream("projects/p/datasets/d/tables/t").ValueOrDie();
    // About ten rows a request, three on their way.
    writer_ = std::make_unique<StreamWriter>(api_.get(), stream_, kSchema,
                                             StreamWriterOptions{.request_bytes = 200, .in_flight = 3});
  }
  Result<AppendEnd> Append(std::int64_t first, std::int64_t count) {
    TRY(writer_->Start(Rows(first, count)));
    return writer_->Finish([this](const arrow::RecordBatch& rows, const std::vector<RefusedRow>& refused) {
      for (const auto& row : refused) {
        quarantine_.push_back(static_cast<const arrow::Int64Array&>(*rows.column(0)).Value(row.row));
        there_then_ = server_->rows();
        why_ = row.why;
      }
      return Status::OK();
    });
  }

  cloud::HttpCounters counters_;
  std::unique_ptr<WriteServer> server_;
  std::unique_ptr<WriteApi> api_;
  std::string stream_, why_;
  std::unique_ptr<StreamWriter> writer_;
  std::vector<std::int64_t> quarantine_, there_then_;
};

TEST_F(Writing, CutsRowsIntoRequestsAndKeepsTheirOrder) {
  Open();
  ASSERT_EQ(Append(0, 100).ValueOrDie(), AppendEnd::kDone);
  EXPECT_GT(server_->appends(), 3);
  ASSERT_EQ(Append(100, 50).ValueOrDie(), AppendEnd::kDone);
  EXPECT_THAT(server_->rows(), ElementsAreArray(Numbers(0, 150)));
}

TEST_F(Writing, NoRequestIsLargerThanBigQueryTakes) {
  Open();
  StreamWriter writer(api_.get(), stream_, kSchema, {.request_bytes = 1 << 30});
  ASSERT_TRUE(writer.Start(Rows(0, 3'000'000)).ok());  // 24 MB
  ASSERT_EQ(writer.Finish([](const auto&, const auto&) { return Status::OK(); }).ValueOrDie(), AppendEnd::kDone);
  EXPECT_EQ(server_->rows().size(), 3'000'000u);
  EXPECT_LE(server_->largest(), 10'000'000u);
}

/// The faults that pass, at every request.
class EveryRequest : public Writing, public testing::WithParamInterface<std::tuple<Whim, int>> {};

TEST_P(EveryRequest, AFaultThatPassesLeavesEachRowOnce) {
  Open([whim = std::get<0>(GetParam()), at = std::get<1>(GetParam())](int number) {
    return number == at ? whim : Whim::kNone;
  });
  ASSERT_EQ(Append(0, 60).ValueOrDie(), AppendEnd::kDone);
  ASSERT_EQ(Append(60, 10).ValueOrDie(), AppendEnd::kDone);
  EXPECT_THAT(server_->rows(), ElementsAreArray(Numbers(0, 70)));
}

INSTANTIATE_TEST_SUITE_P(Faults, EveryRequest,
                         testing::Combine(testing::Values(Whim::kDropBefore, Whim::kDropAfter, Whim::kBusy),
                                          testing::Range(1, 8)));

TEST_F(Writing, AServiceThatStaysAwayIsAnErrorThatMayPass) {
  Open([](int) { return Whim::kDropBefore; });
  const auto end = Append(0, 10);
  EXPECT_TRUE(end.status().IsIOError()) << end.status();
  EXPECT_EQ(server_->appends(), 4);
}

TEST_F(Writing, AStreamThatIsGoneIsAnErrorThatMayPass) {
  Open([](int number) { return number == 2 ? Whim::kForgetAll : Whim::kNone; });
  EXPECT_TRUE(Append(0, 60).status().IsIOError());
}

TEST_F(Writing, AGapIsAnErrorThatMayPass) {
  Open();
  StreamWriter other(api_.get(), stream_, kSchema);
  ASSERT_TRUE(other.Start(Rows(0, 5)).ok());
  const auto nothing = [](const auto&, const auto&) { return Status::OK(); };
  ASSERT_TRUE(other.Finish(nothing).ok());
  const auto connection = api_->Connect(stream_);
  ASSERT_TRUE(connection->Send(7, nullptr, ""));
  EXPECT_EQ(connection->Receive().fault, Fault::kLost);
}

TEST_F(Writing, AFinalisedStreamTellsOfAnotherOwner) {
  Open([](int number) { return number == 2 ? Whim::kFinaliseAll : Whim::kNone; });
  EXPECT_EQ(Append(0, 60).ValueOrDie(), AppendEnd::kFinalised);
}

TEST_F(Writing, AfterFinaliseNobodyAppends) {
  Open();
  ASSERT_EQ(Append(0, 10).ValueOrDie(), AppendEnd::kDone);
  ASSERT_TRUE(api_->Finalise(stream_).ok());
  ASSERT_TRUE(api_->Finalise(stream_).ok());
  EXPECT_EQ(Append(10, 10).ValueOrDie(), AppendEnd::kFinalised);
  EXPECT_THAT(server_->rows(), ElementsAreArray(Numbers(0, 10)));
  EXPECT_TRUE(api_->Finalise("projects/p/datasets/d/tables/t/streams/none").ok());
}

TEST_F(Writing, RefusedRowsAreToldBeforeTheRestIsSentAgain) {
  Open();
  server_->Refuse({0, 25, 26, 59});
  ASSERT_EQ(Append(0, 60).ValueOrDie(), AppendEnd::kDone);
  EXPECT_THAT(quarantine_, testing::ElementsAre(0, 25, 26, 59));
  EXPECT_EQ(why_, "too old");
  EXPECT_THAT(there_then_, testing::Not(testing::Contains(58)));
  auto rest = Numbers(0, 60);
  std::erase_if(rest, [](auto n) { return n == 0 || n == 25 || n == 26 || n == 59; });
  EXPECT_THAT(server_->rows(), ElementsAreArray(rest));
  server_->Refuse({});
  ASSERT_EQ(Append(60, 10).ValueOrDie(), AppendEnd::kDone);
  EXPECT_EQ(server_->rows().size(), 66u);
}

TEST_F(Writing, ARequestOfRefusedRowsAloneIsLeftOut) {
  Open();
  server_->Refuse(Numbers(0, 60));
  ASSERT_EQ(Append(0, 60).ValueOrDie(), AppendEnd::kDone);
  EXPECT_THAT(quarantine_, ElementsAreArray(Numbers(0, 60)));
  EXPECT_TRUE(server_->rows().empty());
}

TEST_F(Writing, RefusedRowsOnALostConnectionAreToldAndTheStreamIsGivenUp) {
  Open([](int number) { return number == 1 ? Whim::kDropBefore : Whim::kNone; });
  server_->Refuse({25});
  const auto end = Append(0, 60);
  EXPECT_TRUE(end.status().IsIOError());
  EXPECT_THAT(quarantine_, testing::ElementsAre(25));
}

TEST_F(Writing, AMissingRightIsInvalidAndNamesTheRole) {
  Open();
  server_->Deny({grpc::StatusCode::PERMISSION_DENIED, "no bigquery.tables.updateData"});
  const auto end = Append(0, 10);
  EXPECT_TRUE(end.status().IsInvalid());
  EXPECT_THAT(end.status().message(), HasSubstr("roles/bigquery.dataEditor"));
  EXPECT_TRUE(api_->CreateStream("projects/p/datasets/d/tables/t").status().IsInvalid());
}

}  // namespace
}  // namespace pregao::bigquery
