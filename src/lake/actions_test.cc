#include "lake/actions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pregao::lake {
namespace {

using testing::HasSubstr;

constexpr char kName[] = "lake/_delta_log/00000000000000000007.json";

LogEntry FullEntry() {
  LogEntry entry;
  entry.info = CommitInfo{TimestampMs(1763831120123), "STREAMING UPDATE", {{"written", "3"}}, "0c0f-uuid"};
  entry.protocol = Protocol{};
  entry.metadata = Metadata{"id-1",
                            "name",
                            "what \"it\" is",
                            R"({"type":"struct","fields":[]})",
                            {"date", "ticker"},
                            {{"pregao.schema", "1"}},
                            TimestampMs(5)};
  DataFile file{"date=2026-11-22/ticker=%C3%A9/part-1.parquet",
                {{"date", "2026-11-22"}, {"ticker", std::nullopt}},
                1234,
                TimestampMs(77),
                R"({"numRecords":3})"};
  entry.adds.push_back({std::make_shared<DataFile>(file), false});
  entry.removes.push_back({"old.parquet", {{"date", "2026-11-21"}}, 99, TimestampMs(88), false});
  entry.transactions.push_back({"pregao:quotes:g:0", 9'007'199'254'740'993, TimestampMs(99)});
  return entry;
}

TEST(LogEntryJson, ReadsBackWhatItWrote) {
  const std::string json = WriteLogEntry(FullEntry());
  const auto read = ParseLogEntry(json, kName);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(WriteLogEntry(*read), json);
  EXPECT_EQ(read->info->id, "0c0f-uuid");
  EXPECT_EQ(*read->metadata, *FullEntry().metadata);
  EXPECT_EQ(*read->protocol, *FullEntry().protocol);
  EXPECT_EQ(read->adds.at(0).file->partition_values, FullEntry().adds.at(0).file->partition_values);
  EXPECT_FALSE(read->adds.at(0).data_change);
  EXPECT_EQ(read->transactions.at(0).version, 9'007'199'254'740'993) << "53 bits are not enough";
}

TEST(LogEntryJson, IsOneActionALineWithTheCommitsInfoFirst) {
  const std::string json = WriteLogEntry(FullEntry());
  EXPECT_TRUE(json.starts_with(R"({"commitInfo":{"timestamp":1763831120123,"operation":"STREAMING UPDATE")"));
  EXPECT_THAT(json, HasSubstr(R"("engineInfo":"pregao/)"));
  EXPECT_THAT(json, HasSubstr(R"("txnId":"0c0f-uuid")"));
  EXPECT_THAT(json, HasSubstr(R"({"protocol":{"minReaderVersion":1,"minWriterVersion":2}})"));
  EXPECT_EQ(std::count(json.begin(), json.end(), '\n'), 6);
  EXPECT_EQ(json.back(), '\n');
}

TEST(LogEntryJson, IgnoresActionsAndFieldsThatItDoesNotKnow) {
  const auto entry = ParseLogEntry(
      "{\"cdc\":{\"path\":\"x\"}}\n{\"domainMetadata\":{\"domain\":\"d\"}}\r\n\n"
      "{\"txn\":{\"appId\":\"a\",\"version\":4,\"later\":[1,{}]}}\n{\"sidecar\":null}\n"
      "{\"commitInfo\":{\"timestamp\":\"yesterday\",\"operation\":7,\"operationMetrics\":[]}}",
      kName);
  ASSERT_TRUE(entry.ok()) << entry.status();
  EXPECT_TRUE(entry->adds.empty());
  EXPECT_EQ(entry->transactions.at(0).version, 4);
  EXPECT_EQ(entry->info->id, "");
}

struct Damaged {
  const char* json;
  const char* message;
};

class DamagedLogEntry : public testing::TestWithParam<Damaged> {};

TEST_P(DamagedLogEntry, IsInvalidNamingFileLineAndFault) {
  const auto entry = ParseLogEntry(std::string("{\"commitInfo\":{}}\n") + GetParam().json, kName);
  ASSERT_TRUE(entry.status().IsInvalid()) << entry.status();
  EXPECT_THAT(entry.status().message(), HasSubstr(std::string(kName) + ", line 2: "));
  EXPECT_THAT(entry.status().message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, DamagedLogEntry,
    testing::Values(
        Damaged{R"({"add":{"path":"x","partitionVal)", "not JSON"}, Damaged{"not json", "not JSON"},
        Damaged{"\xff\xfe", "not JSON"}, Damaged{"[1]", "not a JSON object"},
        Damaged{R"({"add":7})", "add is not an object"}, Damaged{R"({"add":{"path":"x"}})", "add.size is missing"},
        Damaged{R"({"add":{"path":7}})", "add.path is not a string"},
        Damaged{R"({"add":{"path":"x","partitionValues":[]}})", "add.partitionValues is not an object"},
        Damaged{R"({"add":{"path":"x","partitionValues":{"d":7}}})", "add.partitionValues is not an object of strings"},
        Damaged{R"({"add":{"path":"x","size":1.5}})", "add.size is not a whole number"},
        Damaged{R"({"add":{"path":"x","size":18446744073709551615}})", "add.size is not a whole number"},
        Damaged{R"({"add":{"path":"x","size":99999999999999999999999}})", "not JSON"},
        Damaged{R"({"add":{"path":"x","size":-1}})", "add.size is negative"},
        Damaged{R"({"add":{"path":"x","size":1,"modificationTime":1,"dataChange":"yes"}})", "add.dataChange is not"},
        Damaged{R"({"remove":{"path":"x"}})", "remove.dataChange is missing"},
        Damaged{R"({"txn":{"version":1}})", "txn.appId is missing"},
        Damaged{R"({"txn":{"appId":"a","version":"1"}})", "txn.version is not a whole number"},
        Damaged{R"({"protocol":{"minReaderVersion":1}})", "protocol.minWriterVersion is missing"},
        Damaged{R"({"metaData":{"id":"1","schemaString":"{}","partitionColumns":[1]}})", "partitionColumns is not"},
        Damaged{"{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2},"
                "\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}",
                "a second protocol"}));

TEST(LogEntryJson, AnEmptyFileIsATornOne) {
  for (const char* bytes : {"", "\n", "  \n\n"}) {
    const auto entry = ParseLogEntry(bytes, kName);
    EXPECT_TRUE(entry.status().IsInvalid());
    EXPECT_THAT(entry.status().message(), HasSubstr(std::string(kName) + " is empty"));
  }
}

TEST(LogEntryJson, EveryTruncationIsReadAsLessOrRefused) {
  const std::string json = WriteLogEntry(FullEntry());
  for (std::size_t size = 0; size < json.size(); ++size) {
    const auto entry = ParseLogEntry(std::string_view(json).substr(0, size), kName);
    const bool whole_lines = size > 0 && (json[size] == '\n' || json[size - 1] == '\n');
    EXPECT_EQ(entry.ok(), whole_lines) << size;
  }
}

TEST(LogEntryJson, DeletionVectorsAndOtherFormatsAreNotImplemented) {
  const auto vector = ParseLogEntry(R"({"add":{"path":"x","deletionVector":{"storageType":"u"}}})", kName);
  EXPECT_TRUE(vector.status().IsNotImplemented());
  EXPECT_THAT(vector.status().message(), HasSubstr("REORG TABLE"));
  const auto orc = ParseLogEntry(R"({"metaData":{"id":"1","schemaString":"{}","format":{"provider":"orc"}}})", kName);
  EXPECT_TRUE(orc.status().IsNotImplemented());
}

}  // namespace
}  // namespace pregao::lake
