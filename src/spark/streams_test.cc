#include "spark/streams.h"

#include <gmock/gmock.h>

namespace pregao::spark {
namespace {

TEST(Streams, BeginWhereTheTablesAre) {
  EXPECT_EQ(StartingOffsets("quotes", 3, {}), "earliest");
  EXPECT_EQ(StartingOffsets("quotes", 3, {{0, 17}, {2, 0}}), R"({"quotes":{"0":17,"1":-2,"2":0}})");
}

TEST(Streams, LiveInASessionOfTheirLakeAndTopic) {
  const std::string session = SessionOf("data/lake", "quotes");
  EXPECT_THAT(session, ::testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_EQ(session, SessionOf("data/lake", "quotes"));
  EXPECT_NE(session, SessionOf("data/lake2", "quotes"));
  EXPECT_NE(session, SessionOf("data/lake", "quotes2"));
}

TEST(Streams, HaveACheckpointOfTheirOwnForEachTableAndStart) {
  const std::string name = CheckpointName("silver", "id", "g1", {{0, 17}, {1, 0}});
  EXPECT_THAT(name, ::testing::MatchesRegex("silver-[0-9a-f]{16}"));
  EXPECT_EQ(name, CheckpointName("silver", "id", "g1", {{0, 17}, {1, 0}}));
  EXPECT_NE(name, CheckpointName("bronze", "id", "g1", {{0, 17}, {1, 0}}));
  EXPECT_NE(name, CheckpointName("silver", "made anew", "g1", {{0, 17}, {1, 0}}));
  EXPECT_NE(name, CheckpointName("silver", "id", "g2", {{0, 17}, {1, 0}}));
  EXPECT_NE(name, CheckpointName("silver", "id", "g1", {{0, 17}, {1, 1}}));
  EXPECT_NE(name, CheckpointName("silver", "id", "g1", {{0, 17}}));
}

}  // namespace
}  // namespace pregao::spark
