#include "spark/progress.h"

#include <gmock/gmock.h>

namespace pregao::spark {
namespace {

TEST(Progress, HasWhatSparkReports) {
  const auto progress =
      ParseProgress(
          R"({"id":"a","runId":"b","name":"silver","batchId":7,"eventTime":{"watermark":"2026-11-25T06:00:00.000Z"},
    "stateOperators":[{"operatorName":"dedupeWithinWatermark","numRowsTotal":90,"numRowsDroppedByWatermark":3}],
    "sources":[{"description":"KafkaV2[Subscribe[quotes]]","startOffset":null,
      "endOffset":"{\"quotes\":{\"0\":600,\"1\":601}}","numInputRows":1200,"inputRowsPerSecond":400.5,
      "processedRowsPerSecond":350.25}]})")
          .ValueOrDie();
  EXPECT_EQ(progress.batch, 7);
  EXPECT_EQ(progress.rows, 1200);
  EXPECT_EQ(progress.input_rate, 400.5);
  EXPECT_EQ(progress.processed_rate, 350.25);
  EXPECT_EQ(progress.watermark, "2026-11-25T06:00:00.000Z");
  EXPECT_EQ(progress.state_rows, 90);
  EXPECT_EQ(progress.late_rows, 3);
  EXPECT_EQ(progress.end_offsets, R"({"quotes":{"0":600,"1":601}})");
}

TEST(Progress, LeavesOutWhatAQueryHasNot) {
  const auto progress = ParseProgress(R"({"batchId":0,"sources":[{"endOffset":null,"numInputRows":0}]})").ValueOrDie();
  EXPECT_EQ(progress.watermark, "");
  EXPECT_EQ(progress.end_offsets, "");
  EXPECT_EQ(progress.input_rate, 0);
}

TEST(Progress, RefusesWhatIsNone) {
  EXPECT_TRUE(ParseProgress("{").status().IsInvalid());
  EXPECT_TRUE(ParseProgress("{}").status().IsInvalid());
}

}  // namespace
}  // namespace pregao::spark
