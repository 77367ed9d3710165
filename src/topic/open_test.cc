#include "topic/open.h"

#include <gtest/gtest.h>

#include "topic/local_test_file.h"

namespace pregao::topic::test {
namespace {

TEST(ParseTopic, TakesAFileAndAName) {
  EXPECT_EQ(Get(ParseTopic("local:data/topic.db")), (TopicUri{"data/topic.db", "quotes"}));
  EXPECT_EQ(Get(ParseTopic("local:/var/lib/t.db#other")), (TopicUri{"/var/lib/t.db", "other"}));
  EXPECT_EQ(Get(ParseTopic("local:a#b.db#quotes")), (TopicUri{"a#b.db", "quotes"}));
}

TEST(ParseTopic, ReadsBackWhatToStringWrites) {
  for (const TopicUri& uri :
       {TopicUri{"data/topic.db", "quotes"}, TopicUri{"t", "x.dead-letter"}, TopicUri{"a#b", "quotes"}}) {
    EXPECT_EQ(Get(ParseTopic(ToString(uri))), uri) << ToString(uri);
  }
  EXPECT_EQ(ToString({"data/topic.db", "quotes"}), "local:data/topic.db");
}

TEST(ParseTopic, SaysWhatItExpects) {
  for (const std::string text : {"", "data/topic.db", "local:", "local:#quotes", "local:x#", "local:x#a b", "file:x"}) {
    const Status status = ParseTopic(text).status();
    EXPECT_TRUE(status.IsInvalid()) << text;
  }
  EXPECT_THAT(ParseTopic("data/topic.db").status().message(), ::testing::HasSubstr("local:data/topic.db"));
}

TEST(ParseTopic, KnowsBrokersAndTheirPort) {
  const std::pair<std::string, TopicUri> uris[] = {
      {"kafka://localhost:9093/quotes", {"", "quotes", "localhost:9093"}},
      {"kafka://localhost/q", {"", "q", "localhost:9092"}},
      {"kafka://a:1,b,c:3/quotes.dead-letter", {"", "quotes.dead-letter", "a:1,b:9092,c:3"}},
      {"kafka://[::1]:1,[::1]/q", {"", "q", "[::1]:1,[::1]:9092"}},
  };
  for (const auto& [text, uri] : uris) {
    EXPECT_EQ(Get(ParseTopic(text)), uri) << text;
    EXPECT_EQ(Get(ParseTopic(ToString(uri))), uri) << text;
    EXPECT_TRUE(uri.kafka());
  }
}

TEST(ParseTopic, SaysWhatIsWrongWithBrokers) {
  const std::pair<std::string, std::string> wrong[] = {
      {"kafka://localhost:9092", "kafka://host:port/NAME"},
      {"kafka://localhost/", "kafka://host:port/NAME"},
      {"kafka:///quotes", "'' is no broker"},
      {"kafka://a,,b/q", "'' is no broker"},
      {"kafka://a:port/q", "'a:port' is no broker"},
      {"kafka://a:/q", "'a:' is no broker"},
      {"kafka://a:0/q", "1 to 65535"},
      {"kafka://a:65536/q", "'a:65536' is no broker"},
      {"kafka://a:99999/q", "'a:99999' is no broker"},
      {"kafka://user:word@a:1/q", "belong into [kafka]"},
      {"kafka://a/b/q", "is no broker"},
      {"kafka://a:9092/two words", "topic name 'two words'"},
  };
  for (const auto& [text, part] : wrong) {
    const Status status = ParseTopic(text).status();
    EXPECT_TRUE(status.IsInvalid()) << text;
    EXPECT_THAT(status.message(), ::testing::HasSubstr(part)) << text;
  }
}

TEST(DeadLetter, LiesBesideTheTopic) {
  EXPECT_EQ(DeadLetter({"t.db", "quotes"}), (TopicUri{"t.db", "quotes.dead-letter"}));
}

TEST(Open, WritesAndReadsByUri) {
  LocalTestFile file;
  const TopicUri uri = Get(ParseTopic("local:" + file.path()));
  EXPECT_TRUE(OpenReader(uri).status().IsKeyError()) << "a reader creates nothing unasked";
  const auto writer = Get(OpenWriter(uri, {.partitions = kPartitions}));
  EXPECT_EQ(writer->info().partitions, kPartitions);
  ASSERT_OK(writer->Append(Records("key", 5)));
  const auto reader = Get(OpenReader(uri));
  Start(*reader);
  EXPECT_EQ(ReadSome(*reader, 5).size(), 5U);
  EXPECT_TRUE(OpenReader(DeadLetter(uri)).status().IsKeyError());
  EXPECT_EQ(Get(OpenReader(DeadLetter(uri), {.partitions = 1}))->info().partitions, 1);
}

}  // namespace
}  // namespace pregao::topic::test
