#include "lake/log_path.h"

#include <gtest/gtest.h>

#include "lake/partition_path.h"
#include "lake/store_path.h"

namespace pregao::lake {
namespace {

TEST(LogPath, VersionsHaveTwentyDigits) {
  EXPECT_EQ(LogEntryPath("silver/quotes", TableVersion(7)), "silver/quotes/_delta_log/00000000000000000007.json");
  EXPECT_EQ(LogEntryPath("", TableVersion(0)), "_delta_log/00000000000000000000.json");
  EXPECT_EQ(CheckpointPartPath("t", TableVersion(10), 2, 3),
            "t/_delta_log/00000000000000000010.checkpoint.0000000002.0000000003.parquet");
  EXPECT_LT(LogPrefix("t", TableVersion(9)), CheckpointPath("t", TableVersion(9)));
  EXPECT_LT(CheckpointPath("t", TableVersion(9)), LogPrefix("t", TableVersion(10)));
}

TEST(LogPath, NamesAreUnderstood) {
  const auto entry = ParseLogFile("00000000000000000012.json");
  EXPECT_EQ(entry->kind, LogFileKind::kEntry);
  EXPECT_EQ(entry->version, TableVersion(12));
  EXPECT_EQ(ParseLogFile("00000000000000000012.checkpoint.parquet")->kind, LogFileKind::kCheckpoint);
  const auto part = ParseLogFile("00000000000000000012.checkpoint.0000000002.0000000003.parquet");
  EXPECT_EQ(part->kind, LogFileKind::kCheckpoint);
  EXPECT_EQ(part->part, 2);
  EXPECT_EQ(part->parts, 3);
  for (const char* other : {"00000000000000000012.crc", "00000000000000000012.checkpoint.80a083e8-7026.parquet",
                            "00000000000000000012.checkpoint.0000000004.0000000003.parquet",
                            "00000000000000000012.checkpoint.0000000000.0000000003.parquet"}) {
    EXPECT_EQ(ParseLogFile(other)->kind, LogFileKind::kOther) << other;
  }
  for (const char* none : {"_last_checkpoint", "", "7.json", "99999999999999999999.json", "0000000000000000001x.json",
                           "-0000000000000000001.json", "000000000000000000012.json"}) {
    EXPECT_FALSE(ParseLogFile(none).has_value()) << none;
  }
}

TEST(PartitionPath, EscapesAsHiveDoesAndKeepsUnicode) {
  EXPECT_EQ(*PartitionPath({}), "");
  EXPECT_EQ(*PartitionPath({{"ticker", "BRK/B:1%"}, {"date", "2026-11-22"}}), "date=2026-11-22/ticker=BRK%2FB%3A1%25");
  EXPECT_EQ(*PartitionPath({{"t", "a b\x01+é"}}), "t=a b%01+é");
  EXPECT_EQ(*PartitionPath({{"t", std::nullopt}}), "t=__HIVE_DEFAULT_PARTITION__");
  EXPECT_TRUE(PartitionPath({{"t", ""}}).status().IsInvalid());
}

TEST(PartitionPath, UrlEncodingGoesThereAndBackForEveryByte) {
  std::string all;
  for (int c = 1; c < 256; ++c) all.push_back(static_cast<char>(c));
  EXPECT_EQ(UrlDecodePath(UrlEncodePath(all)), all);
  EXPECT_EQ(UrlEncodePath("t=A%3A/é p+q.parquet"), "t=A%253A/%C3%A9%20p%2Bq.parquet");
  EXPECT_EQ(UrlDecodePath("100%/%zz%4"), "100%/%zz%4") << "no escape, so kept";
}

TEST(StorePath, RefusesWhatLeavesTheRoot) {
  for (const char* bad : {"", "/a", "a/", "a//b", "..", "a/../b", "."})
    EXPECT_TRUE(CheckStorePath(bad).IsInvalid()) << bad;
  for (const char* good : {"a", "a/b", ".hidden", "..a", "a b/%"}) EXPECT_TRUE(CheckStorePath(good).ok()) << good;
  EXPECT_TRUE(CheckStorePath(std::string_view("a\0b", 3)).IsInvalid());
}

TEST(StorePath, UuidsHaveTheirFormAndDiffer) {
  const std::string uuid = NewUuid();
  ASSERT_EQ(uuid.size(), 36u);
  EXPECT_EQ(uuid[14], '4');
  EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
  for (const std::size_t dash : {8u, 13u, 18u, 23u}) EXPECT_EQ(uuid[dash], '-');
  EXPECT_NE(NewUuid(), uuid);
}

}  // namespace
}  // namespace pregao::lake
