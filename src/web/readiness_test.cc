#include "web/readiness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pregao::web {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr TimestampMs kNow{1'800'000'000'000};

/// A process that does everything and does it well.
Snapshot Healthy() {
  Snapshot s;
  s.now = kNow;
  s.listener.emplace();
  s.listener->connections = s.listener->connections_open = 2;
  s.engine.emplace();
  s.engine->reading = kNow + -1'000'000;
  s.engine->last_commit = kNow + -500;
  s.engine->commits = 7;
  s.lake = LakeProbe::Answer{Status::OK(), kNow + -1'000};
  return s;
}

/// The names of the checks that fail, with their details.
std::string Failures(const Snapshot& snapshot) {
  std::string out;
  for (const Check& check : JudgeReadiness(snapshot, {})) {
    if (!check.ok) out += check.name + ": " + check.detail + "\n";
  }
  return out;
}

TEST(Readiness, AllIsWell) {
  const auto checks = JudgeReadiness(Healthy(), {});
  EXPECT_EQ(Failures(Healthy()), "");
  EXPECT_EQ(checks.size(), 4u);
  EXPECT_TRUE(AllOk(checks));
}

TEST(Readiness, PartsThatAProcessHasNotAreLeftOut) {
  Snapshot listen = Healthy();
  listen.engine.reset();
  listen.lake.reset();
  ASSERT_EQ(JudgeReadiness(listen, {}).size(), 2u);
  EXPECT_EQ(JudgeReadiness(listen, {})[0].name, "listener");
  EXPECT_EQ(JudgeReadiness(listen, {})[1].name, "topic");
  Snapshot silver = Healthy();
  silver.listener.reset();
  ASSERT_EQ(JudgeReadiness(silver, {}).size(), 3u);
  EXPECT_THAT(JudgeReadiness(Snapshot{}, {}), IsEmpty());
}

TEST(Readiness, TablesThatAreNoLakesHaveTheirOwnName) {
  Snapshot silver = Healthy();
  silver.lake->status = Status::IOError("no answer");
  ReadinessLimits limits;
  limits.tables = "bigquery";
  const auto checks = JudgeReadiness(silver, limits);
  ASSERT_EQ(checks.size(), 4u);
  EXPECT_EQ(checks[2].name, "bigquery");
  EXPECT_FALSE(checks[2].ok);
}

TEST(Readiness, AListenerNeedsOneOpenConnection) {
  Snapshot s = Healthy();
  s.listener->connections_open = 1;
  EXPECT_EQ(Failures(s), "");
  s.listener->connections_open = 0;
  s.listener->last_problem = "connection 1 is down: refused";
  EXPECT_EQ(Failures(s), "listener: 0 of 2 connections are open: connection 1 is down: refused\n");
}

TEST(Readiness, ATopicThatRefusesIsNamedWhetherReadOrWritten) {
  Snapshot s = Healthy();
  s.listener->last_problem = "connection 1 is down: at nine";
  s.listener->refusal = "disk full";
  EXPECT_EQ(Failures(s), "topic: it cannot be written: disk full\n");
  s.engine->topic_problem = "no broker";
  EXPECT_EQ(Failures(s), "topic: it cannot be read: no broker\n");
}

TEST(Readiness, ATopicThatIsSpooledForIsNamed) {
  Snapshot s = Healthy();
  s.spool.emplace();
  EXPECT_EQ(Failures(s), "");
  s.spool->since = kNow;
  s.spool->waiting = 1'234;
  s.spool->problem = "no broker";
  EXPECT_EQ(Failures(s), "topic: it is away, 1,234 records wait in the spool: no broker\n");
}

TEST(Readiness, ALakeThatCannotBeOpenedReadOrWrittenIsNamed) {
  Snapshot s = Healthy();
  s.engine->open_problem = "gone";
  EXPECT_EQ(Failures(s), "lake: it cannot be opened: gone\n");
  s = Healthy();
  s.lake->status = Status::IOError("the folder has gone");
  EXPECT_EQ(Failures(s), "lake: the folder has gone\n");
  s = Healthy();
  s.engine->write_problem = "disk full";
  EXPECT_EQ(Failures(s), "") << "the batch went to another engine: nothing waits here";
  s.engine->lag = 1;
  EXPECT_EQ(Failures(s), "lake: it cannot be written: disk full\n");
}

TEST(Readiness, ALakeThatHangsIsNamed) {
  Snapshot s = Healthy();
  s.lake->at = kNow + -30'000;
  EXPECT_EQ(Failures(s), "");
  s.lake->at = kNow + -31'000;
  EXPECT_EQ(Failures(s), "lake: no answer for 31 s\n");
}

TEST(Readiness, AnEngineThatDoesNotReadIsNotReady) {
  Snapshot s = Healthy();
  s.engine->reading.reset();
  EXPECT_EQ(Failures(s), "engine: it has not begun to read yet\n");
  s.engine->last_problem = "cannot write x";
  EXPECT_EQ(Failures(s), "engine: it waits before it tries again: cannot write x\n");
  s.engine->topic_problem = "no broker";
  EXPECT_EQ(Failures(s), "topic: it cannot be read: no broker\nengine: it waits for the topic\n");
}

TEST(Readiness, AnEngineThatCommitsNothingWhileRecordsWaitIsNotReady) {
  Snapshot s = Healthy();
  s.engine->last_commit = kNow + -61'000;
  EXPECT_EQ(Failures(s), "") << "an idle market";
  s.engine->lag = 1'234;
  EXPECT_EQ(Failures(s), "engine: 1,234 records wait, and nothing was committed for 61 s\n");
  s.engine->partitions[Partition(0)] = {Offset(0), Offset(1'234), kNow + -2'000};
  EXPECT_EQ(Failures(s), "") << "they have only just come";
  s.engine->partitions[Partition(0)].oldest = kNow + -61'000;
  EXPECT_THAT(Failures(s), HasSubstr("nothing was committed"));
  s.engine->reading = kNow + -10'000;
  EXPECT_EQ(Failures(s), "") << "it began to read after that";
}

TEST(Readiness, JsonSaysWhatFailsAndWhy) {
  EXPECT_EQ(ReadinessJson({{"topic", true, "it answers"}, {"lake", false, "no \"space\"\n"}}),
            R"({"ready":false,"checks":[{"check":"topic","ok":true,"detail":"it answers"},)"
            R"({"check":"lake","ok":false,"detail":"no \"space\"\\n"}]})"
            "\n");
  EXPECT_EQ(ReadinessJson({}), "{\"ready\":true,\"checks\":[]}\n");
}

}  // namespace
}  // namespace pregao::web
