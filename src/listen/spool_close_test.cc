/// How a spool ends while its topic does not answer.
#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "listen/listen_testing.h"
#include "listen/spool.h"

#include "test/lake_tools.h"
#include "test/wait_testing.h"

namespace pregao::listen {
namespace {

using std::chrono::milliseconds;

/// A topic that is silent until it is told to answer, or is abandoned.
struct SilentTopic {
  KeepingTopic topic;
  std::atomic<bool> answers = false, abandoned = false;

  class Writer final : public topic::TopicWriter {
   public:
    explicit Writer(SilentTopic* topic) : topic_(topic) {}
    Status Append(std::span<const topic::NewRecord> records) override {
      EXPECT_TRUE(Eventually([&] { return topic_->answers || topic_->abandoned; }));
      return topic_->answers ? topic_->topic.Append(records) : Status::IOError("no word");
    }
    void Abandon() override { topic_->abandoned = true; }
    const topic::TopicInfo& info() const override { return topic_->topic.info(); }

   private:
    SilentTopic* const topic_;
  };
};

class SpoolCloseTest : public ::testing::Test {
 protected:
  std::unique_ptr<Spool> Open(milliseconds close_grace) {
    SpoolOptions options;
    options.address = "kafka://host:9092/quotes";
    options.patience = milliseconds(20);
    options.close_grace = close_grace;
    auto room = SpoolRoom::Open(folder_.path() + "/spool.db", 1 << 20).ValueOrDie();
    const auto open = [this]() -> Result<std::unique_ptr<topic::TopicWriter>> {
      return std::make_unique<SilentTopic::Writer>(&topic_);
    };
    return Spool::Create(std::move(options), std::move(room), open, &clock_).ValueOrDie();
  }
  static std::vector<topic::NewRecord> Quote() { return {{"A", "1", TimestampMs(1'700'000'000'000), {}}}; }

  lake::test::TemporaryFolder folder_;
  SystemClock clock_;
  SilentTopic topic_;
};

TEST_F(SpoolCloseTest, ATopicThatDoesNotAnswerIsAbandonedAndWhatItWasSentWaitsForTheNextStart) {
  ASSERT_TRUE(Open(milliseconds(20))->Append(Quote()).ok());
  EXPECT_TRUE(topic_.abandoned);
  EXPECT_EQ(topic_.topic.size(), 0U);
  topic_.answers = true;
  const auto spool = Open(milliseconds(20));
  ASSERT_TRUE(Eventually([&] { return spool->stats().waiting == 0; }));
  EXPECT_EQ(topic_.topic.size(), 1U);
}

TEST_F(SpoolCloseTest, ATopicThatIsOnlySlowIsWaitedFor) {
  std::jthread answer;
  {
    const auto spool = Open(std::chrono::minutes(1));
    ASSERT_TRUE(spool->Append(Quote()).ok());
    answer = std::jthread([this] { topic_.answers = true; });
  }
  EXPECT_FALSE(topic_.abandoned);
  EXPECT_EQ(topic_.topic.size(), 1U);
}

}  // namespace
}  // namespace pregao::listen
