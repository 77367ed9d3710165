// Records that the broker has and nobody can read.
#include <fstream>

#include "test/servers/kafka_testing.h"
#include "test/topic_tools.h"

namespace pregao::topic::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// A topic of three batches of one record each, of which the second one has other bytes `at` its place.
class Damaged {
 public:
  Damaged(int at, const std::string& bytes) {
    const auto writer = Get(OpenKafkaWriter(topic_.options()));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(writer->Append({{Record("key", std::string(1'000, 'x'))}}).ok());
    const auto path = std::filesystem::path(ServiceVariable("PREGAO_TEST_KAFKA_KEYS")) / "data" /
                      (topic_.name() + "-0") / "00000000000000000000.log";
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(BatchStart(path, 1)) + at);
    file << bytes;
  }

  void ExpectToldAndPassedOnceRemoved(const std::map<std::string, std::string>& properties) {
    KafkaTopicOptions options = topic_.options();
    options.properties.insert(properties.begin(), properties.end());
    const auto reader = Get(OpenKafkaReader(options));
    Start(*reader);
    EXPECT_EQ(ReadSome(*reader, 1).front().offset, Offset(0));
    for (int i = 0; i < 2; ++i) {
      const Status status = reader->Poll(100, kPatience).status();
      EXPECT_TRUE(status.IsInvalid()) << status;
      EXPECT_THAT(status.message(), AllOf(HasSubstr("'" + topic_.name() + "', partition 0, offset 1"),
                                          HasSubstr("kafka-delete-records")));
    }
    topic_.admin().DeleteRecords(topic_.name(), 0, 2);
    ASSERT_OK(reader->Seek({{Partition(0), Offset(1)}}));
    std::map<Partition, OffsetRange> lost;
    EXPECT_EQ(ReadSome(*reader, 1, &lost).front().offset, Offset(2));
    EXPECT_EQ(lost[Partition(0)].low, Offset(1));
  }

 private:
  TestTopic topic_{1};
};

// A batch: 61 bytes of header, of which the 22nd tells the codec; then, compressed, its records.

TEST(KafkaDamage, WhatCannotBeUncompressedIsNamed) { Damaged(61, "????").ExpectToldAndPassedOnceRemoved({}); }

TEST(KafkaDamage, AChecksumThatDoesNotFitIsNamed) {
  Damaged(70, "????").ExpectToldAndPassedOnceRemoved({{"check.crcs", "true"}});
}

TEST(KafkaDamage, ACodecThatNobodyKnowsIsNamed) { Damaged(22, "\x07").ExpectToldAndPassedOnceRemoved({}); }

}  // namespace
}  // namespace pregao::topic::test
