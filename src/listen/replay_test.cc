#include "listen/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "listen/frame_judge.h"
#include "listen/frame_writer.h"
#include "listen/listen_testing.h"
#include "yahoo/frame.h"

#include "test/wait_testing.h"

namespace pregao::listen {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using topic::Header;

constexpr TimestampMs kNow(1'800'000'000'000);

std::string Frame(const std::string& ticker, std::int64_t time = 1'760'000'000'000) {
  market::Quote quote;
  if (!ticker.empty()) quote[market::kTicker] = ticker;
  quote[market::kPrice] = 32.1;
  quote[market::kEventTime] = time;
  return yahoo::EncodeFrame(quote, yahoo::Envelope::kBare);
}

// --- JudgeFrame ------------------------------------------------------------------------------------------------------

TEST(JudgeFrame, MakesTheContractsMessageKeyedByTicker) {
  const JudgedFrame judged = JudgeFrame(Frame("PETR4.SA"), TimestampMs(1'760'000'000'250), kNow, "yahoo");
  EXPECT_EQ(judged.kind, JudgedFrame::Kind::kMessage);
  EXPECT_EQ(judged.record.key, "PETR4.SA");
  EXPECT_EQ(judged.record.value,
            R"({"ticker":"PETR4.SA","price":32.1,"time":1760000000000,"change_percent":0,"change":0,)"
            R"("market_hours":"PRE_MARKET","received_at":1760000000250,"source":"yahoo"})");
  EXPECT_EQ(judged.record.timestamp, TimestampMs(1'760'000'000'250));
  EXPECT_EQ(judged.event_time, TimestampMs(1'760'000'000'000));
}

TEST(JudgeFrame, WithoutATimeOfReceptionTheMessageHasNoneAndTheRecordTheEvents) {
  const JudgedFrame judged = JudgeFrame(Frame("A"), std::nullopt, kNow, "replay");
  EXPECT_THAT(*judged.record.value, Not(HasSubstr("received_at")));
  EXPECT_EQ(judged.record.timestamp, TimestampMs(1'760'000'000'000));
  for (const std::int64_t no_time : {0, -5}) {
    EXPECT_EQ(JudgeFrame(Frame("A", no_time), std::nullopt, kNow, "replay").record.timestamp, kNow);
  }
}

TEST(JudgeFrame, SendsWhatItCannotUseToTheDeadLettersRawWithReasonAndTime) {
  for (const auto& [frame, reason] :
       {std::pair{std::string("\xFFnot base64"), "not base64"}, {Frame(""), "the frame names no ticker"}}) {
    const JudgedFrame judged = JudgeFrame(frame, TimestampMs(77), kNow, "yahoo");
    EXPECT_EQ(judged.kind, JudgedFrame::Kind::kDeadLetter);
    EXPECT_EQ(judged.record.key, std::nullopt);
    EXPECT_EQ(judged.record.value, frame);
    EXPECT_EQ(judged.record.timestamp, TimestampMs(77));
    EXPECT_THAT(judged.record.headers, ElementsAre(Header{"reason", reason}, Header{"time", "77"}));
  }
}

TEST(JudgeFrame, IgnoresAnotherTypeThanPricing) {
  const JudgedFrame judged = JudgeFrame(R"({"type":"heartbeat"})", TimestampMs(1), kNow, "yahoo");
  EXPECT_EQ(judged.kind, JudgedFrame::Kind::kIgnored);
  EXPECT_EQ(judged.ignored_type, "heartbeat");
}

// --- FrameWriter -----------------------------------------------------------------------------------------------------

struct Written {
  KeepingTopic quotes, dead;
  FrameWriter writer;
  explicit Written(RetryPolicy policy) : writer(&quotes, &dead, policy) {
    writer.Add(JudgeFrame(Frame("A"), kNow, kNow, "yahoo"));
    writer.Add(JudgeFrame("!", kNow, kNow, "yahoo"));
  }
};

TEST(FrameWriter, InsistsOnATopicThatRefusesAndLosesNothing) {
  Written w({milliseconds(1), milliseconds(2), std::chrono::minutes(10), milliseconds(0)});
  w.quotes.Refuse(Status::IOError("disk full"));
  std::jthread later([&] {
    EXPECT_TRUE(Eventually([&] { return w.quotes.calls() > 3; }));
    w.quotes.Refuse(Status::OK());
  });
  EXPECT_TRUE(w.writer.Flush({}).ok());
  EXPECT_EQ(w.quotes.size(), 1U);
  EXPECT_EQ(w.dead.size(), 1U);
  EXPECT_EQ(w.writer.pending(), 0U);
  EXPECT_GE(w.writer.counts().write_errors, 3U);
  EXPECT_EQ(w.writer.counts().messages, 1U);
  EXPECT_EQ(w.writer.last_error(), "disk full");
}

TEST(FrameWriter, GivesUpInTheEndAndKeepsTheRecords) {
  Written w({milliseconds(1), milliseconds(2), milliseconds(20), milliseconds(0)});
  w.quotes.Refuse(Status::IOError("disk full"));
  EXPECT_TRUE(w.writer.Flush({}).IsIOError());
  EXPECT_EQ(w.writer.pending(), 2U);
  w.quotes.Refuse(Status::OK());
  EXPECT_TRUE(w.writer.Flush({}).ok());
  EXPECT_EQ(w.quotes.size() + w.dead.size(), 2U);
}

TEST(FrameWriter, DoesNotInsistOnWhatTheTopicWillNeverTake) {
  Written w({milliseconds(1), milliseconds(2), std::chrono::hours(1), milliseconds(0)});
  w.dead.Refuse(Status::Invalid("too large"));
  EXPECT_TRUE(w.writer.Flush({}).IsInvalid());
  EXPECT_EQ(w.dead.calls(), 1);
  EXPECT_EQ(w.quotes.size(), 1U);
}

TEST(FrameWriter, HasLittlePatienceOnceAskedToStop) {
  Written w({milliseconds(1), std::chrono::hours(1), std::chrono::hours(2), milliseconds(10)});
  w.quotes.Refuse(Status::IOError("disk full"));
  std::stop_source stop;
  std::jthread later([&] {
    EXPECT_TRUE(Eventually([&] { return w.quotes.calls() > 2; }));
    stop.request_stop();
  });
  EXPECT_TRUE(w.writer.Flush(stop.get_token()).IsIOError());
}

// --- Replay ----------------------------------------------------------------------------------------------------------

class ReplayTest : public ::testing::Test {
 protected:
  Result<ReplayCounts> Run(const std::string& text, ReplayOptions options = {}, std::stop_token stop = {}) {
    const TestFile file(text);
    options.file = file.path();
    return Replay(options, &quotes_, &dead_, ManualClock(kNow), stop);
  }
  std::vector<std::string> Keys() {
    std::vector<std::string> out;
    for (const auto& record : quotes_.records()) out.push_back(*record.key);
    return out;
  }
  KeepingTopic quotes_, dead_;
};

TEST_F(ReplayTest, SendsEveryFrameInOrderThroughTheListenersPath) {
  const auto counts = Run("\xEF\xBB\xBF# recorded\r\n" + Frame("A") + "\r\n\n" + Frame("B") +
                          "\nbroken\n{\"type\":\"x\"}\n" + R"({"type":"pricing","message":")" + Frame("C") + "\"}");
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_THAT(Keys(), ElementsAre("A", "B", "C"));
  EXPECT_EQ(counts->lines, 7U);
  EXPECT_EQ(counts->frames, 5U);
  EXPECT_EQ(counts->messages, 3U);
  EXPECT_EQ(counts->dead_letters, 1U);
  EXPECT_EQ(counts->ignored, 1U);
  EXPECT_EQ(dead_.records()[0].value, "broken");
  for (const auto& record : quotes_.records()) {
    EXPECT_THAT(*record.value, HasSubstr("\"source\":\"replay\""));
    EXPECT_THAT(*record.value, Not(HasSubstr("received_at")));
  }
}

TEST_F(ReplayTest, TakesTheRecordedTimeOfReceptionWhereThereIsOne) {
  ASSERT_TRUE(Run("1760000000999 " + Frame("A") + "\n1760000001000 {\"type\":\"pricing\", \"message\":\"" + Frame("B") +
                  "\"}\n-5 " + Frame("C"))
                  .ok());
  ASSERT_THAT(Keys(), ElementsAre("A", "B"));
  EXPECT_EQ(quotes_.records()[0].timestamp, TimestampMs(1'760'000'000'999));
  EXPECT_THAT(*quotes_.records()[1].value, HasSubstr("\"received_at\":1760000001000"));
  EXPECT_EQ(dead_.size(), 1U);
}

TEST_F(ReplayTest, KeepsTheRecordedPace) {
  ReplayOptions options;
  options.speed = 10;
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(
      Run("1000 " + Frame("A") + "\n2000 " + Frame("B") + "\n1500 " + Frame("C") + "\n3000 " + Frame("D"), options)
          .ok());
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(200));
  EXPECT_THAT(Keys(), ElementsAre("A", "B", "C", "D"));
}

TEST_F(ReplayTest, NeverWaitsLongerThanTheLongestWait) {
  ReplayOptions options;
  options.speed = 1;
  options.longest_wait = milliseconds(1);
  // Three centuries, which the test's time-out would notice.
  EXPECT_TRUE(Run("1000 " + Frame("A") + "\n9223372036854775807 " + Frame("B"), options).ok());
}

TEST_F(ReplayTest, StopsWhileItWaitsWithAllThatWasSentDurable) {
  ReplayOptions options;
  options.speed = 0.000001;
  std::stop_source stop;
  std::jthread later([&] {
    EXPECT_TRUE(Eventually([&] { return quotes_.size() == 1; }));
    stop.request_stop();
  });
  const auto counts =
      Run("1000 " + Frame("A") + "\n2000 " + Frame("B") + "\n3000 " + Frame("C"), options, stop.get_token());
  EXPECT_TRUE(counts.status().IsCancelled());
  EXPECT_THAT(Keys(), ElementsAre("A", "B"));  // B was read before the wait
}

TEST_F(ReplayTest, WritesInGroupsAndTellsOfEach) {
  std::string text;
  for (int i = 0; i < 25; ++i) text += Frame("T" + std::to_string(i)) + "\n";
  ReplayOptions options;
  options.batch_records = 10;
  std::vector<std::uint64_t> told;
  options.progress = [&](const ReplayCounts& counts) { told.push_back(counts.messages); };
  ASSERT_TRUE(Run(text, options).ok());
  EXPECT_THAT(told, ElementsAre(10, 20, 25));
  EXPECT_EQ(quotes_.largest(), 10U);
}

TEST_F(ReplayTest, SaysWhatIsWrongWithItsFileAndOptions) {
  ReplayOptions options;
  options.file = "/nonexistent/frames.txt";
  EXPECT_TRUE(Replay(options, &quotes_, &dead_, ManualClock(kNow)).status().IsKeyError());
  options.file = "/";
  EXPECT_TRUE(Replay(options, &quotes_, &dead_, ManualClock(kNow)).status().IsInvalid());
  const auto long_line = Run(Frame("A") + "\n" + std::string((1 << 20) + 1, 'A') + "\n");
  EXPECT_TRUE(long_line.status().IsInvalid());
  EXPECT_THAT(long_line.status().message(), HasSubstr(":2: the line is longer than 1048576 bytes"));
  options.speed = -1;
  EXPECT_THAT(Run("", options).status().message(), HasSubstr("speed -1"));
}

TEST_F(ReplayTest, OfNothingIsNothing) {
  const auto counts = Run("");
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->frames, 0U);
  EXPECT_EQ(quotes_.calls(), 0);
}

}  // namespace
}  // namespace pregao::listen
