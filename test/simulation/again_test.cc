/// Rule 10: what is sent again carries its mark, and is sent once, wherever the first time has got to.
#include "query/again.h"

#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/again_propose.h"
#include "engine/embedded.h"
#include "yahoo/frame.h"

#include "test/engine_testing.h"
#include "test/lake_tools.h"

namespace pregao::query {
namespace {

using engine::kT0;
using engine::Message;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

topic::NewRecord BadPrice(const std::string& ticker, std::int64_t time) {
  return Message(ticker, time, -1, R"(,"quote_type":"EQUITY")");
}

class AgainTest : public testing::Test {
 protected:
  void Append(const std::vector<topic::NewRecord>& records) { ASSERT_OK(topic_.NewWriter()->Append(records)); }
  void RunEngine() {
    engine::LakeSinkOptions options;
    options.bronze = bronze_;
    const auto reader = topic_.NewReader();
    const auto sink = engine::NewSink(store_, &clock_, options);
    engine::EngineOptions engine_options;
    engine_options.until_end = true;
    ASSERT_OK(engine::EmbeddedEngine(reader.get(), sink.get(), &clock_, engine_options).Run({}));
  }

  struct Run {
    Status status;
    std::map<Fate, std::int64_t> counts;
    std::vector<std::string> details;
    std::int64_t unseen = 0;
  };
  /// One run of `pregao replay --quarantine`, all of its memory new.
  Run Send(const std::vector<std::string>& sets, AgainOptions options = {}) {
    Run run;
    const auto session = Session::Open(store_, &clock_).ValueOrDie();
    const auto reader = topic_.NewReader("replay");
    std::vector<medallion::FieldEdit> edits;
    for (const auto& set : sets) edits.push_back(medallion::ParseFieldEdit(set).ValueOrDie());
    const auto extent = MeasureQuarantine(session.get(), "quotes", {}).ValueOrDie();
    ReplayMarks marks;
    run.status = marks.Find(session.get(), reader.get(), extent.oldest);
    run.unseen = marks.unseen();
    if (!run.status.ok()) return run;
    const auto writer = topic_.NewWriter();
    Again again(&marks, writer.get(), &clock_, options, cli::ProposeRepaired(edits, "", &clock_),
                [&](const Outcome& outcome) { run.details.push_back(outcome.detail); });
    run.status = VisitQuarantine(session.get(), "quotes", {}, [&](std::vector<Candidate> candidates) -> Result<bool> {
      TRY(again.Add(std::move(candidates)));
      return !again.done();
    });
    run.counts = again.counts();
    return run;
  }
  std::int64_t Rows(const char* root) { return std::ssize(engine::RowsOf(store_, root)); }
  std::int64_t Records() {
    std::int64_t count = 0;
    for (const auto& [partition, range] : topic_.NewReader("count")->Ranges().ValueOrDie()) {
      count += range.high - range.low;
    }
    return count;
  }

  lake::test::TemporaryFolder folder_;
  SystemClock clock_;
  bool bronze_ = true;
  topic::MemoryTopic topic_{2};
  std::shared_ptr<lake::ObjectStore> store_ = lake::OpenStore(folder_.path()).ValueOrDie();
};

TEST_F(AgainTest, ARepairedRecordIsARowAndIsSentOnce) {
  Append({Message("A", kT0, 1), BadPrice("B", kT0)});
  RunEngine();
  EXPECT_EQ(Send({"price=5"}).counts.at(Fate::kSent), 1);
  RunEngine();
  EXPECT_EQ(Rows(engine::kSilverRoot), 2);
  const Run second = Send({"price=6"});
  EXPECT_EQ(second.counts.at(Fate::kAlready), 1);
  EXPECT_EQ(second.counts.at(Fate::kSent), 0);
  EXPECT_THAT(engine::RowsOf(store_, engine::kQuarantineRoot), SizeIs(1)) << "what was rejected stays as it was";
}

TEST_F(AgainTest, OneThatIsSentAndNotYetARowIsSeenInTheTopic) {
  Append({BadPrice("B", kT0)});
  RunEngine();
  EXPECT_EQ(Send({"price=5"}).counts.at(Fate::kSent), 1);
  EXPECT_EQ(Send({"price=5"}).counts.at(Fate::kAlready), 1);
  EXPECT_EQ(Records(), 2);
}

TEST_F(AgainTest, ACrashInTheMiddleIsGoneOnFrom) {
  std::vector<topic::NewRecord> records;
  for (int i = 0; i < 20; ++i) records.push_back(BadPrice("B", kT0 + i));
  Append(records);
  RunEngine();
  for (const auto fault : {topic::AppendFault::kPart, topic::AppendFault::kNothing, topic::AppendFault::kAll}) {
    topic_.FailAppends(1, fault);
    const Run broken = Send({"price=5"});
    if (broken.status.ok()) break;  // all are sent: nothing was left to fail
    EXPECT_THAT(broken.status.message(), HasSubstr("run it again"));
  }
  topic_.FailAppends(0);
  ASSERT_OK(Send({"price=5"}).status);
  EXPECT_EQ(Records(), 40) << "each once";
  RunEngine();
  EXPECT_EQ(Rows(engine::kSilverRoot), 20);
}

TEST_F(AgainTest, WhatWouldBeRejectedAgainStaysUnlessItIsWanted) {
  Append({BadPrice("B", kT0)});
  RunEngine();
  const Run stays = Send({});
  EXPECT_EQ(stays.counts.at(Fate::kRejected), 1);
  EXPECT_THAT(stays.details, ElementsAre(HasSubstr("bad_price")));
  AgainOptions anyway;
  anyway.anyway = true;
  EXPECT_EQ(Send({}, anyway).counts.at(Fate::kSent), 1);
  RunEngine();
  // It is in quarantine again, with the mark of the first; it can be repaired from there, the first cannot.
  const Run chain = Send({"price=5"});
  EXPECT_EQ(chain.counts.at(Fate::kAlready), 1);
  EXPECT_EQ(chain.counts.at(Fate::kSent), 1);
  RunEngine();
  EXPECT_EQ(Rows(engine::kSilverRoot), 1);
  EXPECT_EQ(Send({"price=6"}).counts.at(Fate::kAlready), 2);
}

TEST_F(AgainTest, WhatCannotCarryItsMarkIsNotSent) {
  Append({{"X", "{not json", TimestampMs(kT0), {}}, {"Y", std::nullopt, TimestampMs(kT0), {}}});
  RunEngine();
  AgainOptions anyway;
  anyway.anyway = true;
  const Run run = Send({}, anyway);
  EXPECT_EQ(run.counts.at(Fate::kSent), 0);
  EXPECT_EQ(run.counts.at(Fate::kRejected), 1);
  EXPECT_EQ(run.counts.at(Fate::kSkipped), 1) << "a tombstone";
  EXPECT_EQ(Records(), 2);
}

TEST_F(AgainTest, WithoutBronzeTheTopicTellsAndWhereItCannotItIsSaid) {
  bronze_ = false;
  Append({BadPrice("B", kT0)});
  RunEngine();
  EXPECT_EQ(Send({"price=5"}).counts.at(Fate::kSent), 1);
  RunEngine();
  const Run seen = Send({"price=6"});
  EXPECT_EQ(seen.counts.at(Fate::kAlready), 1);
  EXPECT_EQ(seen.unseen, 0);
  for (int p = 0; p < 2; ++p) topic_.DropBelow(Partition(p), Offset(2));
  EXPECT_GT(Send({"price=6"}, {.prefix = "", .dry_run = true}).unseen, 0);
}

TEST_F(AgainTest, WithBronzeTheTopicMayForget) {
  Append({BadPrice("B", kT0)});
  RunEngine();
  EXPECT_EQ(Send({"price=5"}).counts.at(Fate::kSent), 1);
  RunEngine();
  for (int p = 0; p < 2; ++p) topic_.DropBelow(Partition(p), Offset(2));
  const Run run = Send({"price=6"});
  EXPECT_EQ(run.counts.at(Fate::kAlready), 1);
  EXPECT_EQ(run.unseen, 0);
}

TEST_F(AgainTest, ADryRunSendsNothingAndTheLimitHolds) {
  Append({BadPrice("B", kT0), BadPrice("B", kT0 + 1), BadPrice("B", kT0 + 2)});
  RunEngine();
  EXPECT_EQ(Send({"price=5"}, {.prefix = "", .dry_run = true}).counts.at(Fate::kSent), 3);
  EXPECT_EQ(Records(), 3);
  EXPECT_EQ(Send({"price=5"}, {.prefix = "", .limit = 2}).counts.at(Fate::kSent), 2);
  EXPECT_EQ(Records(), 5);
}

TEST_F(AgainTest, KeepsTheTimeThatTheVerdictDependsOn) {
  // Without received_at a record is judged by its timestamp: an event 300 s ahead of it is refused for ever.
  const topic::NewRecord early{
      "A", R"({"ticker":"A","price":1,"time":)" + std::to_string(kT0 + 400'000) + "}", TimestampMs(kT0), {}};
  Append({early});
  RunEngine();
  EXPECT_THAT(Send({}).details, ElementsAre(HasSubstr("bad_time")));
}

TEST_F(AgainTest, ATopicCreatedAnewIsNotMistakenForTheOld) {
  Append({BadPrice("B", kT0)});
  RunEngine();
  topic_.Recreate();
  EXPECT_TRUE(Send({"price=5"}).status.IsInvalid());
}

TEST(ProposeDecoded, MakesOfAFrameWhatTheListenerWouldHave) {
  const SystemClock clock;
  market::Quote quote;
  quote[market::kTicker] = std::string("PETR4.SA");
  quote[market::kPrice] = 38.5;
  quote[market::kEventTime] = kT0;
  const std::string frame = yahoo::EncodeFrame(quote, yahoo::Envelope::kBare);
  const std::vector<Candidate> letters = {
      {Partition(0), Offset(3), TimestampMs(kT0 + 9), std::nullopt, frame, "dead-letter", "an older decoder"},
      {Partition(0), Offset(4), TimestampMs(kT0 + 9), std::nullopt, "&&", "dead-letter", "not base64"}};
  const auto proposals = cli::ProposeDecoded({}, "yahoo", &clock)(letters).ValueOrDie();
  ASSERT_THAT(proposals, SizeIs(2));
  ASSERT_TRUE(proposals[0].record);
  EXPECT_EQ(proposals[0].record->key, "PETR4.SA");
  EXPECT_EQ(proposals[0].record->timestamp, TimestampMs(kT0 + 9)) << "when it was received";
  EXPECT_THAT(*proposals[0].record->value, HasSubstr("\"received_at\":" + std::to_string(kT0 + 9)));
  EXPECT_FALSE(proposals[1].record);
  EXPECT_THAT(proposals[1].refusal, HasSubstr("not base64"));
}

TEST(ProposeRepaired, AFilterSeesJsonLinesAndAnswersWithMessages) {
  signal(SIGPIPE, SIG_IGN);  // as main does: a filter that reads no more is no end of the program
  const SystemClock clock;
  const std::vector<Candidate> rows = {
      {Partition(0), Offset(3), TimestampMs(kT0), "A", R"({"price":"1"})", "wrong_type", "price"},
      {Partition(1), Offset(4), TimestampMs(kT0), "B", std::string("\xff\xfe"), "malformed", "no text"}};
  const auto lines = cli::ProposeRepaired({}, "tr '\\n' '\\n'", &clock)(rows).ValueOrDie();
  EXPECT_THAT(*lines[0].record->value,
              testing::AllOf(HasSubstr(R"("offset":3)"), HasSubstr(R"-("value":"{\"price\")-")));
  EXPECT_THAT(*lines[1].record->value, HasSubstr(R"("value_base64":"//4=")"));
  const auto answers =
      cli::ProposeRepaired({}, R"(sed -e '1s/.*/{"ticker":"Z"}/' -e '2s/.*//')", &clock)(rows).ValueOrDie();
  EXPECT_EQ(answers[0].record->value, R"({"ticker":"Z"})");
  EXPECT_EQ(answers[0].record->key, "Z") << "its partition is the new ticker's";
  EXPECT_FALSE(answers[1].record);
  for (const std::string wrong : {"exit 3", "head -1", "cat; echo", "kill -9 $$"}) {
    const Status status = cli::ProposeRepaired({}, wrong, &clock)(rows).status();
    EXPECT_TRUE(status.IsInvalid()) << wrong;
    EXPECT_THAT(status.message(), HasSubstr(wrong));
  }
}

}  // namespace
}  // namespace pregao::query
