#include "spark/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lake/memory_store.h"

namespace pregao::spark {
namespace {

// As Spark 4.2.0 writes it, its configuration shortened.
std::string File(const std::string& offsets) {
  return "v1\n{\"batchWatermarkMs\":0,\"batchTimestampMs\":1795590351267,\"conf\":{}}\n" + offsets;
}

TEST(Checkpoint, AFileOfOffsetsTellsWhereABatchEnds) {
  EXPECT_EQ(ParseOffsets(File(R"({"quotes":{"0":382,"1":724,"11":5}})"), "quotes").ValueOrDie(),
            (Offsets{{0, 382}, {1, 724}, {11, 5}}));
  EXPECT_EQ(ParseOffsets(File(R"({"quotes":{"0":382}})"), "others").ValueOrDie(), Offsets{});
}

TEST(Checkpoint, AnotherFormatIsNotGuessedAt) {
  for (const auto& file : {std::string(), std::string("v1"), std::string("v1\n{}"), std::string("v2\n{}\n{}"),
                           File("-"), File(""), File(R"({"quotes":{"a":1}})"), File(R"({"quotes":{"0":"1"}})")}) {
    EXPECT_TRUE(ParseOffsets(file, "quotes").status().IsInvalid()) << file;
  }
}

TEST(Checkpoint, TheLastCommittedBatchCountsAndNotTheOneThatRuns) {
  lake::MemoryStore store;
  for (int batch = 0; batch <= 11; ++batch) {
    const std::string number = std::to_string(batch);
    ASSERT_TRUE(store
                    .Put("_spark/silver/offsets/" + number,
                         File(R"({"quotes":{"0":)" + std::to_string(100 * (batch + 1)) + "}}"))
                    .ok());
    if (batch < 11) {
      ASSERT_TRUE(store.Put("_spark/silver/commits/" + number, "v1\n{}").ok());
    }
    ASSERT_TRUE(store.Put("_spark/silver/commits/." + number + ".crc", "crc").ok());
  }
  EXPECT_EQ(CommittedOffsets(&store, "_spark/silver", "quotes").ValueOrDie(), (Offsets{{0, 1100}}));
  const Stand stand = StandOf(&store, "_spark/silver", "quotes").ValueOrDie();
  EXPECT_EQ(stand.committed, (Offsets{{0, 1100}}));
  EXPECT_EQ(stand.planned, (Offsets{{0, 1200}}));
}

TEST(Checkpoint, BeforeTheFirstBatchThereAreNoOffsets) {
  lake::MemoryStore store;
  EXPECT_EQ(CommittedOffsets(&store, "_spark/silver", "quotes").ValueOrDie(), Offsets{});
  ASSERT_TRUE(store.Put("_spark/silver/offsets/0", File(R"({"quotes":{"0":9}})")).ok());
  EXPECT_EQ(CommittedOffsets(&store, "_spark/silver", "quotes").ValueOrDie(), Offsets{});
  EXPECT_EQ(StandOf(&store, "_spark/silver", "quotes").ValueOrDie().planned, (Offsets{{0, 9}}));
}

TEST(Checkpoint, ADamagedFileIsNamed) {
  lake::MemoryStore store;
  ASSERT_TRUE(store.Put("c/commits/0", "v1\n{}").ok());
  EXPECT_TRUE(CommittedOffsets(&store, "c", "quotes").status().IsKeyError());
  ASSERT_TRUE(store.Put("c/offsets/0", "v1\nhalf").ok());
  EXPECT_THAT(CommittedOffsets(&store, "c", "quotes").status().message(), ::testing::HasSubstr("c/offsets/0"));
}

}  // namespace
}  // namespace pregao::spark
