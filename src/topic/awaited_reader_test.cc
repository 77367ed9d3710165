#include "topic/awaited_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "topic/memory_topic.h"

#include "test/topic_tools.h"

namespace pregao::topic::test {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

TEST(AwaitedReader, IsTheReaderThatWasOpenedOnceTheTopicIsThere) {
  MemoryTopic topic(2);
  ASSERT_OK(topic.NewWriter()->Append({{Record("key", "value")}}));
  Status away = Status::IOError("no broker answers");
  int opened = 0;
  AwaitedReader reader("quotes", [&]() -> Result<std::unique_ptr<TopicReader>> {
    ++opened;
    TRY(away);
    return topic.NewReader();
  });
  EXPECT_EQ(reader.info().name, "quotes");
  EXPECT_TRUE(reader.Ranges().status().IsInvalid()) << "nobody has opened it";
  for (int i = 0; i < 3; ++i) {
    const Status status = reader.Poll(1, milliseconds(0)).status();
    EXPECT_TRUE(status.IsIOError());
    EXPECT_THAT(status.message(), HasSubstr("no broker answers"));
  }
  away = Status::OK();
  Start(reader);
  EXPECT_EQ(ReadSome(reader, 1).at(0).record.value, "value");
  EXPECT_EQ(reader.info().generation, topic.info().generation);
  EXPECT_EQ(opened, 4) << "and not again";
}

TEST(AwaitedReader, WaitsAlsoWhileTheClusterRefusesUsAndGivesUpWhenStopped) {
  for (const Status& refusal : {Status::Invalid("check sasl.password"), Status::KeyError("no such topic")}) {
    AwaitedReader reader("quotes", [&]() -> Result<std::unique_ptr<TopicReader>> { return refusal; });
    const Status status = reader.Poll(1, milliseconds(0)).status();
    EXPECT_TRUE(status.IsIOError());
    EXPECT_EQ(status.message(), refusal.message());
  }
  AwaitedReader stopped("quotes",
                        []() -> Result<std::unique_ptr<TopicReader>> { return Status::Cancelled("stopped"); });
  EXPECT_TRUE(Get(stopped.Poll(1, milliseconds(0))).records.empty()) << "a stop is no error";
}

}  // namespace
}  // namespace pregao::topic::test
