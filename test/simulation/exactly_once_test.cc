/// The rules under "Exactly once" in ARCHITECTURE.md, one by one: each test fails when its rule is taken out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "medallion/schema.h"

#include "test/engine_fixture.h"

namespace pregao::engine {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(ExactlyOnce, Rule1EachTableGoesOnFromItsOwnPosition) {
  Append({Message("A", kT0, 1), Reject(), Message("B", kT0, 2)});
  {
    auto engine = NewEngine();
    ASSERT_TRUE(engine->Begin().ok());
    auto batch = engine->ReadBatch().ValueOrDie();
    // Dead as soon as Bronze has it.
    engine->store->set_hook([store = engine->store.get()](const lake::StoreCall& call) {
      if (call.path.starts_with("silver/") && !store->dead())
        store->FailAt(call.number + 1, lake::StoreFault::kDieBefore);
    });
    ASSERT_FALSE(engine->Write(std::move(batch)).ok());
  }
  ASSERT_EQ(RowsOf(store_, kBronzeRoot).size(), 3u);
  ASSERT_EQ(RowsOf(store_, kSilverRoot).size(), 0u);
  Append({Message("C", kT0, 3)});
  ASSERT_TRUE(NewEngine()->RunToEnd().ok());
  ExpectAllIsWell();
}

TEST_F(ExactlyOnce, Rule1CommitsComeInTheOrderBronzeQuarantineSilver) {
  Append({Message("A", kT0, 1), Reject()});
  auto engine = NewEngine();
  ASSERT_TRUE(engine->Begin().ok());
  std::vector<std::string> log;
  engine->store->set_hook([&](const lake::StoreCall& call) {
    if (call.operation == "PutIfAbsent" && call.path.find("_delta_log/") != std::string_view::npos) {
      log.emplace_back(call.path.substr(0, call.path.find("/_delta_log")));
    }
  });
  ASSERT_TRUE(engine->Write(engine->ReadBatch().ValueOrDie()).ok());
  EXPECT_THAT(log, testing::ElementsAre(kBronzeRoot, kQuarantineRoot, kSilverRoot));
}

TEST_F(ExactlyOnce, Rule1ABatchOfNothingButRejectsAndDuplicatesMovesThePosition) {
  Append({Message("A", kT0, 1)});
  ASSERT_TRUE(NewEngine()->RunToEnd().ok());
  Append({Message("A", kT0, 1), Reject()});
  ASSERT_TRUE(NewEngine()->RunToEnd().ok());
  auto engine = NewEngine();
  ASSERT_TRUE(engine->Begin().ok());
  EXPECT_TRUE(engine->reader->Poll(10, std::chrono::milliseconds(0)).ValueOrDie().records.empty());
  ExpectAllIsWell();
}

TEST_F(ExactlyOnce, Rule1OffsetsMayHaveHoles) {
  Append({Message("A", kT0, 1)});
  for (int p = 0; p < 2; ++p) topic_.SkipOffsets(Partition(p), 7);
  Append({Message("A", kT0 + 1, 1), Message("B", kT0 + 1, 1)});
  ASSERT_TRUE(NewEngine()->RunToEnd().ok());
  Append({Message("A", kT0 + 2, 1), Message("B", kT0 + 2, 1)});
  ASSERT_TRUE(NewEngine()->RunToEnd().ok());
  ExpectAllIsWell();
}

TEST_F(ExactlyOnce, Rule1WhatSilverHoldsIsNotJudgedAgainForABronzeThatComesLater) {
  LakeSinkOptions without;
  without.bronze = false;
  Append({Message("A", kT0, 1), Reject()});
  ASSERT_TRUE(NewEngine(without)->RunToEnd().ok());
  Append({Message("A", kT0 + 1, 1)});
  auto engine = NewEngine();
  ASSERT_TRUE(engine->Begin().ok());
  auto batch = engine->ReadBatch().ValueOrDie();
  EXPECT_EQ(batch.picks.size(), 1u);
  EXPECT_EQ(batch.duplicates, 0);
  EXPECT_EQ(batch.quarantine->num_rows(), 0);
  ASSERT_TRUE(engine->Write(std::move(batch)).ok());
  EXPECT_EQ(RowsOf(store_, kBronzeRoot).size(), 3u);
  ExpectAllIsWell();
}

TEST_F(ExactlyOnce, Rule2AWriterWhosePositionHasMovedIsFenced) {
  Append({Message("A", kT0, 1), Message("B", kT0, 1), Reject()});
  auto slow = NewEngine({}, "one"), quick = NewEngine({}, "other");
  ASSERT_TRUE(slow->Begin().ok());
  ASSERT_TRUE(quick->Begin().ok());
  auto late = slow->ReadBatch().ValueOrDie();
  ASSERT_TRUE(quick->Write(quick->ReadBatch().ValueOrDie()).ok());
  EXPECT_TRUE(slow->Write(std::move(late)).ValueOrDie().fenced);
  ExpectAllIsWell();
  Append({Message("A", kT0 + 1, 1)});
  ASSERT_TRUE(slow->RunToEnd().ok()) << "it goes on from the table's position";
  ExpectAllIsWell();
}

TEST_F(ExactlyOnce, Rule2EachTableIsFencedByItself) {
  // With Bronze off, Quarantine and Silver have to tell.
  LakeSinkOptions options;
  options.bronze = false;
  Append({Message("A", kT0, 1), Reject()});
  auto slow = NewEngine(options, "one"), quick = NewEngine(options, "other");
  ASSERT_TRUE(slow->Begin().ok());
  ASSERT_TRUE(quick->Begin().ok());
  auto late = slow->ReadBatch().ValueOrDie();
  ASSERT_TRUE(quick->Write(quick->ReadBatch().ValueOrDie()).ok());
  EXPECT_TRUE(slow->Write(std::move(late)).ValueOrDie().fenced);
  EXPECT_EQ(RowsOf(store_, kQuarantineRoot).size(), 1u);
  EXPECT_EQ(RowsOf(store_, kSilverRoot).size(), 1u);
}

/// Rule 3, and crashes anywhere: for every store call of a batch's three commits, all four ways of going wrong there.
TEST_F(ExactlyOnce, Rule3AnAnswerLostOrACrashAtAnyStoreCallLosesAndDoublesNothing) {
  const std::vector<topic::NewRecord> first = {Message("A", kT0, 1), Reject(), Message("B", kT0, 2)};
  const std::vector<topic::NewRecord> second = {Message("A", kT0, 1), Message("A", kT0 + 1, 2), Reject(),
                                                Message("B", kT0 + 86'400'000, 3)};
  bool struck = true;
  for (std::int64_t call = 1; struck; ++call) {
    ASSERT_LT(call, 300) << "a batch should not need so many calls";
    struck = false;
    for (const auto fault : {lake::StoreFault::kDieBefore, lake::StoreFault::kDieAfter, lake::StoreFault::kDoneButError,
                             lake::StoreFault::kError}) {
      topic_.Recreate();
      store_ = std::make_shared<lake::MemoryStore>();
      Append(first);
      LakeSinkOptions options;
      options.table.checkpoint_every = 2;  // so that checkpoints are among the calls
      ASSERT_TRUE(NewEngine(options)->RunToEnd().ok());
      Append(second);
      {
        auto engine = NewEngine(options);
        ASSERT_TRUE(engine->Begin().ok());
        auto batch = engine->ReadBatch().ValueOrDie();
        engine->store->Reset();
        engine->store->FailAt(call, fault);
        (void)engine->Write(std::move(batch));  // an error, or not: the oracle judges
        struck = struck || engine->store->calls() >= call || engine->store->dead();
      }
      auto again = NewEngine(options);
      ASSERT_TRUE(again->Begin().ok()) << "call " << call;
      Append({Message("Z", kT0, 1)});
      ASSERT_TRUE(again->Write(again->ReadBatch().ValueOrDie()).ok()) << "call " << call;
      ASSERT_THAT(Wrong(&topic_, store_), IsEmpty()) << "call " << call << ", fault " << static_cast<int>(fault);
    }
  }
}

TEST_F(ExactlyOnce, Rule4KeysOfABatchThatWasNotCommittedAreForgotten) {
  Append({Message("A", kT0, 1)});
  auto engine = NewEngine();
  ASSERT_TRUE(engine->Begin().ok());
  auto batch = engine->ReadBatch().ValueOrDie();
  engine->store->Reset();
  engine->store->FailAt(1, lake::StoreFault::kDieBefore);
  ASSERT_FALSE(engine->Write(std::move(batch)).ok());
  engine->store->Reset();
  ASSERT_TRUE(engine->RunToEnd().ok());
  ExpectAllIsWell();
}

TEST_F(ExactlyOnce, Rule5WhatOthersWroteSinceIsJudgedAgain) {
  // The same quote under two keys, so that two engines read it from partitions of their own.
  auto quote = Message("A", kT0, 1);
  const auto in_partition = [&](std::int32_t wanted) {
    for (int i = 0;; ++i) {
      topic::MemoryTopic probe(2);
      auto record = quote;
      record.key = "k" + std::to_string(i);
      (void)probe.NewWriter()->Append(std::vector{record});
      const auto ranges = probe.NewReader()->Ranges().ValueOrDie();
      if (ranges.at(Partition(wanted)).high.value == 1) return record;
    }
  };
  auto one = NewEngine(), two = NewEngine();
  ASSERT_TRUE(one->Begin().ok());
  ASSERT_TRUE(two->Begin().ok());
  ASSERT_EQ(one->assigned.size() + two->assigned.size(), 2u);

  Append({in_partition(0), in_partition(1)});
  auto first = one->ReadBatch().ValueOrDie();
  auto second = two->ReadBatch().ValueOrDie();
  Append({in_partition(0), in_partition(1)});
  auto third = two->ReadBatch().ValueOrDie();  // in the pipe behind `second`, judged before `first` was there
  ASSERT_EQ(second.picks.size(), 1u);
  EXPECT_EQ(one->Write(std::move(first)).ValueOrDie().rows, 1);
  const auto written = two->Write(std::move(second)).ValueOrDie();
  EXPECT_EQ(written.rows, 0);
  EXPECT_EQ(written.duplicates, 1);
  EXPECT_EQ(two->Write(std::move(third)).ValueOrDie().rows, 0);
  EXPECT_EQ(one->Write(one->ReadBatch().ValueOrDie()).ValueOrDie().rows, 0);
  ExpectAllIsWell();
}

TEST_F(ExactlyOnce, Rule5ABatchInThePipeIsJudgedAgainToo) {
  auto one = NewEngine();
  Append({Message("A", kT0, 1)});
  ASSERT_TRUE(one->Begin().ok());
  auto batch = one->ReadBatch().ValueOrDie();
  // Another topic's engine writes the same quote to the same tables.
  topic::MemoryTopic other(1, "other");
  ASSERT_TRUE(other.NewWriter()->Append(std::vector{Message("A", kT0, 1), Message("B", kT0, 1)}).ok());
  Engine foreign;
  foreign.reader = other.NewReader();
  foreign.sink = NewSink(store_, &foreign.clock);
  ASSERT_TRUE(foreign.RunToEnd().ok());
  EXPECT_EQ(one->Write(std::move(batch)).ValueOrDie().rows, 0);
  // And the memory has learnt of the other's rows.
  Append({Message("B", kT0, 1)});
  EXPECT_EQ(one->ReadBatch().ValueOrDie().picks.size(), 0u);
}

TEST_F(ExactlyOnce, Rule5ALateRowIsLookedUpInTheTable) {
  LakeSinkOptions options;
  options.dedupe_keys = 1;  // a window of 16 rows a ticker
  options.remember_rows = 1;
  std::vector<topic::NewRecord> all;
  for (int i = 0; i < 200; ++i) all.push_back(Message("A", kT0 + i * 1000, i));
  Append(all);
  ASSERT_TRUE(NewEngine(options)->RunToEnd().ok());
  auto engine = NewEngine(options);
  ASSERT_TRUE(engine->Begin().ok());
  all.resize(50);
  all.push_back(Message("A", kT0 + 500, 7));  // late and new
  all.push_back(Message("A", kT0 + 500, 7));
  Append(all);
  auto batch = engine->ReadBatch().ValueOrDie();
  EXPECT_EQ(batch.picks.size(), 1u);
  EXPECT_EQ(batch.duplicates, 51);
  ASSERT_TRUE(engine->Write(std::move(batch)).ok());
  Append({Message("A", kT0 + 500, 7)});
  batch = engine->ReadBatch().ValueOrDie();
  EXPECT_EQ(batch.picks.size(), 0u) << "late, and committed a moment ago";
  ASSERT_TRUE(engine->Write(std::move(batch)).ok());
  ExpectAllIsWell();
}

TEST_F(ExactlyOnce, Rule5ALateRowInThePipeIsKnown) {
  LakeSinkOptions options;
  options.dedupe_keys = 1;
  options.remember_rows = 1;
  std::vector<topic::NewRecord> all;
  for (int i = 0; i < 100; ++i) all.push_back(Message("A", kT0 + i * 1000, i));
  Append(all);
  ASSERT_TRUE(NewEngine(options)->RunToEnd().ok());
  auto engine = NewEngine(options);
  ASSERT_TRUE(engine->Begin().ok());
  Append({Message("A", kT0 + 1, 5)});
  auto waiting = engine->ReadBatch().ValueOrDie();
  ASSERT_EQ(waiting.picks.size(), 1u);
  std::vector<topic::NewRecord> more;
  for (int i = 0; i < 100; ++i) more.push_back(Message("A", kT0 + 200'000 + i, i));
  more.push_back(Message("A", kT0 + 1, 5));
  Append(more);
  auto next = engine->ReadBatch().ValueOrDie();
  EXPECT_EQ(next.picks.size(), 100u);
  ASSERT_TRUE(engine->Write(std::move(waiting)).ok());
  ASSERT_TRUE(engine->Write(std::move(next)).ok());
  ExpectAllIsWell();
}

TEST_F(ExactlyOnce, Rule7ATopicThatWasCreatedAnewIsAnErrorUntilAccepted) {
  Append({Message("A", kT0, 1)});
  ASSERT_TRUE(NewEngine()->RunToEnd().ok());
  topic_.Recreate();
  Append({Message("B", kT0, 1)});
  const Status status = NewEngine()->Begin();
  EXPECT_TRUE(status.IsInvalid());
  EXPECT_THAT(status.message(), HasSubstr("--accept-new-topic"));
  LakeSinkOptions accept;
  accept.accept_new_topic = true;
  ASSERT_TRUE(NewEngine(accept)->RunToEnd().ok());
  EXPECT_EQ(RowsOf(store_, kSilverRoot).size(), 2u);
}

TEST_F(ExactlyOnce, Rule7PositionsBehindTheTopicsEndAreAnError) {
  Append({Message("A", kT0, 1)});
  ASSERT_TRUE(NewEngine()->RunToEnd().ok());
  topic::MemoryTopic shorter(2);
  auto engine = NewEngine();
  // The same generation, with less in it: a topic restored from an old backup.
  class Restored final : public topic::TopicReader {
   public:
    Restored(std::unique_ptr<topic::TopicReader> inner, topic::TopicInfo info)
        : inner_(std::move(inner)), info_(std::move(info)) {}
    Result<topic::Polled> Poll(std::size_t n, std::chrono::milliseconds t, std::stop_token s) override {
      return inner_->Poll(n, t, s);
    }
    Status Seek(const topic::Positions& p) override { return inner_->Seek(p); }
    Status Commit(const topic::Positions& p) override { return inner_->Commit(p); }
    Result<std::map<Partition, topic::OffsetRange>> Ranges() override { return inner_->Ranges(); }
    const topic::TopicInfo& info() const override { return info_; }

   private:
    std::unique_ptr<topic::TopicReader> inner_;
    topic::TopicInfo info_;
  };
  engine->reader = std::make_unique<Restored>(shorter.NewReader(), topic_.info());
  const Status status = engine->Begin();
  EXPECT_TRUE(status.IsInvalid()) << status.ToString();
  EXPECT_THAT(status.message(), HasSubstr("ends at offset 0"));
}

TEST_F(ExactlyOnce, RetentionThatOvertookIsCountedAndSaid) {
  Append({Message("A", kT0, 1), Message("A", kT0 + 1, 1)});
  ASSERT_TRUE(NewEngine()->RunToEnd().ok());
  Append({Message("A", kT0 + 2, 1), Message("A", kT0 + 3, 1), Message("A", kT0 + 4, 1)});
  const auto ranges = topic_.NewReader("look")->Ranges().ValueOrDie();
  for (const auto& [partition, range] : ranges) {
    if (range.high.value > 0) topic_.DropBelow(partition, Offset(range.high.value - 1));
  }
  auto engine = NewEngine();
  ASSERT_TRUE(engine->RunToEnd().ok());
  EXPECT_EQ(engine->stats.Get().lost, 2);
  EXPECT_EQ(RowsOf(store_, kSilverRoot).size(), 3u);
}

TEST_F(ExactlyOnce, WhatRetentionTookIsCountedOnceHoweverManySessionsFindIt) {
  Append({Message("A", kT0, 1)});
  ASSERT_TRUE(NewEngine()->RunToEnd().ok());
  Append({Message("A", kT0 + 1, 1), Message("A", kT0 + 2, 1), Message("A", kT0 + 3, 1)});
  const auto drop = [&](std::int64_t low) {
    for (const auto& [partition, range] : topic_.NewReader("look")->Ranges().ValueOrDie()) {
      if (range.high.value > 0) topic_.DropBelow(partition, Offset(low));
    }
  };
  drop(2);
  auto engine = NewEngine();
  for (int session = 0; session < 3; ++session) ASSERT_TRUE(engine->Begin().ok());
  EXPECT_EQ(engine->stats.Get().lost, 1);
  drop(3);
  ASSERT_TRUE(engine->RunToEnd().ok());
  EXPECT_EQ(engine->stats.Get().lost, 2) << "retention went on before a commit had passed the gap";
}

TEST_F(ExactlyOnce, Rule9ATableOfAnotherOwnerIsNotTouched) {
  lake::TableSpec spec{medallion::SilverSchema(), {"date"}, {{"pregao.schema", "1"}, {"pregao.owner", "spark:query"}}};
  SystemClock clock;
  ASSERT_TRUE(lake::Table::OpenOrCreate(store_, kSilverRoot, spec, &clock).ok());
  Append({Message("A", kT0, 1)});
  const Status status = NewEngine()->Begin();
  EXPECT_TRUE(status.IsInvalid());
  EXPECT_THAT(status.message(), HasSubstr("spark:query"));
  EXPECT_EQ(RowsOf(store_, kSilverRoot).size(), 0u);
}

}  // namespace
}  // namespace pregao::engine
