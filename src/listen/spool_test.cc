#include "listen/spool.h"

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <set>
#include <sys/resource.h>
#include <sys/wait.h>

#include "listen/listen_testing.h"

#include "test/lake_tools.h"
#include "test/wait_testing.h"

namespace pregao::listen {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using topic::NewRecord;

NewRecord Quote(const std::string& key, int number) {
  return {key, std::to_string(number), TimestampMs(1'700'000'000'000 + number), {}};
}

std::vector<std::string> Values(const std::vector<NewRecord>& records) {
  std::vector<std::string> values;
  for (const NewRecord& record : records) values.push_back(record.value.value_or(""));
  return values;
}

/// A topic that outlives the writers to it, and answers as it is told to.
struct Broker {
  KeepingTopic topic;
  Status opening;
  std::function<void()> before;  ///< runs in each Append; set it before there is a writer

  class Writer final : public topic::TopicWriter {
   public:
    explicit Writer(Broker* broker) : broker_(broker) {}
    Status Append(std::span<const NewRecord> records) override {
      if (broker_->before) broker_->before();
      return broker_->topic.Append(records);
    }
    const topic::TopicInfo& info() const override { return broker_->topic.info(); }

   private:
    Broker* const broker_;
  };

  Spool::OpenTopic Opener() {
    return [this]() -> Result<std::unique_ptr<topic::TopicWriter>> {
      TRY(opening);
      return std::make_unique<Writer>(this);
    };
  }
  void GoAway() { topic.Refuse(Status::IOError("no broker answers")); }
  void ComeBack() { topic.Refuse(Status::OK()); }
};

class SpoolTest : public ::testing::Test {
 protected:
  std::string Path() const { return folder_.path() + "/spool/spool.db"; }
  Result<std::unique_ptr<Spool>> TryOpen(SpoolOptions options = {}, std::int64_t max_bytes = 1 << 30) {
    TRY_ASSIGN(auto room, SpoolRoom::Open(Path(), max_bytes));
    options.name = "quotes";
    if (options.address.empty()) options.address = "kafka://host:9092/quotes";
    options.retry_min = milliseconds(1);
    options.retry_max = milliseconds(5);
    return Spool::Create(std::move(options), std::move(room), broker_.Opener(), &clock_);
  }
  std::unique_ptr<Spool> Open(SpoolOptions options = {}, std::int64_t max_bytes = 1 << 30) {
    auto spool = TryOpen(std::move(options), max_bytes);
    EXPECT_TRUE(spool.ok()) << spool.status();
    return spool.ok() ? std::move(*spool) : nullptr;
  }
  static bool Drained(const Spool& spool) {
    return Eventually([&] { return spool.stats().waiting == 0; });
  }

  lake::test::TemporaryFolder folder_;
  ManualClock clock_{TimestampMs(1'790'000'000'000)};
  Broker broker_;
};

TEST_F(SpoolTest, WhatTheTopicTakesNeverWaits) {
  const auto spool = Open();
  ASSERT_OK(spool->Append({{Quote("A", 1), Quote("B", 2)}}));
  EXPECT_THAT(Values(broker_.topic.records()), ElementsAre("1", "2"));
  EXPECT_EQ(spool->stats().spooled, 0U);
  EXPECT_FALSE(spool->stats().since);
}

TEST_F(SpoolTest, ATopicThatIsAwayCostsNothingAndGetsAllInOrderWithTimesAndHeaders) {
  const auto spool = Open();
  broker_.GoAway();
  std::vector<NewRecord> sent;
  for (int i = 0; i < 30; ++i) {
    sent.push_back(Quote(i % 2 == 0 ? "A" : "B", i));
    if (i % 7 == 0) sent.back().headers = {{"h", "x"}};
    ASSERT_OK(spool->Append({{sent.back()}}));
  }
  const SpoolStats away = spool->stats();
  EXPECT_EQ(away.waiting, 30U);
  EXPECT_GT(away.bytes, 30 * 20);
  EXPECT_EQ(away.since, clock_.Now());
  EXPECT_THAT(away.problem, HasSubstr("no broker answers"));
  clock_.Advance(std::chrono::hours(1));
  broker_.ComeBack();
  ASSERT_TRUE(Drained(*spool));
  const auto got = broker_.topic.records();
  ASSERT_THAT(got, SizeIs(30));
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].key, sent[i].key);
    EXPECT_EQ(got[i].value, sent[i].value);
    EXPECT_EQ(got[i].timestamp, sent[i].timestamp) << "of the reception, not of the sending";
    EXPECT_EQ(got[i].headers, sent[i].headers);
  }
  const SpoolStats back = spool->stats();
  EXPECT_EQ(back.bytes, 0);
  EXPECT_FALSE(back.since);
  EXPECT_EQ(back.drained, clock_.Now());
  ASSERT_OK(spool->Append({{Quote("A", 99)}}));
  EXPECT_EQ(spool->stats().spooled, 30U) << "the way is direct again";
}

TEST_F(SpoolTest, WhileAnythingWaitsNewRecordsGoBehindIt) {
  std::mutex mutex;
  std::mt19937 random(7);
  // Fails every other time, before or (the answer being lost) after the records are in.
  broker_.before = [&] {
    const std::lock_guard lock(mutex);
    broker_.topic.Refuse(random() % 2 == 0 ? Status::IOError("away") : Status::OK());
  };
  {
    const auto spool = Open({.batch_records = 7});
    for (int i = 0; i < 120; ++i) ASSERT_OK(spool->Append({{Quote("A", i)}}));
    ASSERT_TRUE(Drained(*spool));
  }
  std::vector<std::string> expected;
  for (int i = 0; i < 120; ++i) expected.push_back(std::to_string(i));
  EXPECT_THAT(Values(broker_.topic.records()), ElementsAreArray(expected));
}

TEST_F(SpoolTest, ABrokerThatIsAwayAtTheStartStopsNobody) {
  broker_.opening = Status::IOError("cannot reach host:9092");
  auto spool = Open();
  ASSERT_NE(spool, nullptr);
  EXPECT_TRUE(Eventually([&] { return spool->stats().since.has_value(); }));
  ASSERT_OK(spool->Append({{Quote("A", 1)}}));
  EXPECT_EQ(spool->stats().waiting, 1U);
  EXPECT_EQ(spool->info().name, "quotes");
  spool.reset();
  broker_.opening = Status::OK();
  spool = Open();
  ASSERT_TRUE(Drained(*spool));
  EXPECT_THAT(Values(broker_.topic.records()), ElementsAre("1"));
}

TEST_F(SpoolTest, ATopicThatCanBeOpenedAgainIsBackThoughNothingWaitsForIt) {
  std::atomic<bool> away = true;
  auto room = SpoolRoom::Open(Path(), 1 << 20).ValueOrDie();
  const auto open = [&]() -> Result<std::unique_ptr<topic::TopicWriter>> {
    if (away) return Status::IOError("cannot reach host:9092");
    return broker_.Opener()();
  };
  const auto spool =
      Spool::Create({.address = "a", .retry_min = milliseconds(1), .retry_max = milliseconds(2)}, room, open, &clock_)
          .ValueOrDie();
  ASSERT_TRUE(Eventually([&] { return spool->stats().since.has_value(); }));
  away = false;
  EXPECT_TRUE(Eventually([&] { return !spool->stats().since.has_value(); }));
  EXPECT_EQ(spool->stats().problem, "");
}

TEST_F(SpoolTest, WhatNoRetryMendsIsAnErrorAtTheStart) {
  for (const Status& status :
       {Status::Invalid("no such property"), Status::KeyError("no such topic"), Status::NotImplemented("too new")}) {
    broker_.opening = status;
    EXPECT_EQ(TryOpen().status().code(), status.code());
  }
}

TEST_F(SpoolTest, AProcessThatWasKilledLeavesItsSpoolToTheNext) {
  const pid_t child = fork();
  if (child == 0) {
    broker_.GoAway();
    auto spool = TryOpen();
    bool ok = spool.ok();
    for (int i = 0; ok && i < 2'500; ++i) ok = (*spool)->Append({{Quote("A", i)}}).ok();
    _exit(ok ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 0);
  const auto spool = Open();
  ASSERT_OK(spool->Append({{Quote("A", 2'500)}}));
  ASSERT_TRUE(Drained(*spool));
  std::vector<std::string> expected;
  for (int i = 0; i <= 2'500; ++i) expected.push_back(std::to_string(i));
  EXPECT_THAT(Values(broker_.topic.records()), ElementsAreArray(expected)) << "in order, the new one behind";
}

TEST_F(SpoolTest, WhatWasSentIsNotSentAgainByTheNextProcess) {
  std::atomic<int> allowed{3};
  broker_.GoAway();
  broker_.before = [&] { broker_.topic.Refuse(allowed-- > 0 ? Status::OK() : Status::IOError("away again")); };
  {
    allowed = 0;
    const auto spool = Open({.batch_records = 10});
    for (int i = 0; i < 100; ++i) ASSERT_OK(spool->Append({{Quote("A", i)}}));
    allowed = 3;
    ASSERT_TRUE(Eventually([&] { return allowed < 0; }));
    EXPECT_LT(spool->stats().waiting, 100U);
    EXPECT_GE(spool->stats().waiting, 70U);
  }
  allowed = 1'000;
  const auto spool = Open();
  ASSERT_TRUE(Drained(*spool));
  EXPECT_THAT(broker_.topic.records(), SizeIs(100));
}

/// Holds Append back until it is opened.
class Gate {
 public:
  void Pass() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return open_; });
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;  // guarded by mutex_
};

TEST_F(SpoolTest, ATopicThatIsSlowToAnswerIsNotWaitedForAndGetsNothingTwice) {
  Gate gate;
  broker_.before = [&] { gate.Pass(); };
  const auto spool = Open({.patience = milliseconds(20)});
  ASSERT_OK(spool->Append({{Quote("A", 1), Quote("A", 2)}}));  // in the file, and on its way
  ASSERT_OK(spool->Append({{Quote("A", 3)}}));
  EXPECT_EQ(spool->stats().waiting, 3U);
  EXPECT_THAT(spool->stats().problem, HasSubstr("does not answer"));
  gate.Open();
  ASSERT_TRUE(Drained(*spool));
  EXPECT_THAT(Values(broker_.topic.records()), ElementsAre("1", "2", "3"));
}

TEST_F(SpoolTest, AFullSpoolRefusesLoudlyAndGoesOnWhenThereIsRoom) {
  const auto spool = Open({}, 1'000);
  broker_.GoAway();
  int taken = 0;
  Status status;
  while (status.ok() && taken < 100) {
    status = spool->Append({{Quote("A", taken)}});
    if (status.ok()) ++taken;
  }
  EXPECT_TRUE(status.IsIOError()) << "the caller holds back and tries again";
  EXPECT_THAT(status.message(), AllOf(HasSubstr(Path()), HasSubstr("is full"), HasSubstr("listen.spool-bytes")));
  EXPECT_GT(taken, 10);
  EXPECT_LE(spool->stats().bytes, 1'000);
  EXPECT_EQ(spool->stats().refused, 1U);
  broker_.ComeBack();
  ASSERT_TRUE(Drained(*spool));
  ASSERT_OK(spool->Append({{Quote("A", taken)}}));
  EXPECT_THAT(broker_.topic.records(), SizeIs(taken + 1)) << "each that was acknowledged, and no other";
}

TEST_F(SpoolTest, TwoWritersShareTheRoom) {
  auto room = SpoolRoom::Open(Path(), 400).ValueOrDie();
  broker_.GoAway();
  auto one = Spool::Create({.name = "a", .address = "a"}, room, broker_.Opener(), &clock_).ValueOrDie();
  auto two = Spool::Create({.name = "b", .address = "b"}, room, broker_.Opener(), &clock_).ValueOrDie();
  ASSERT_OK(one->Append({{{"A", std::string(300, 'x'), TimestampMs(1), {}}}}));
  EXPECT_TRUE(two->Append({{{"A", std::string(300, 'x'), TimestampMs(1), {}}}}).IsIOError());
  ASSERT_OK(two->Append({{Quote("A", 1)}}));
}

TEST_F(SpoolTest, OneListenerASpool) {
  const auto spool = Open();
  const Status status = TryOpen().status();
  EXPECT_TRUE(status.IsInvalid());
  EXPECT_THAT(status.message(), AllOf(HasSubstr(Path()), HasSubstr("listen.spool")));
}

TEST_F(SpoolTest, WhatWaitsForOneBrokerIsNotSentToAnother) {
  broker_.GoAway();
  ASSERT_OK(Open({.address = "kafka://test:9092/quotes"})->Append({{Quote("A", 1)}}));
  broker_.ComeBack();
  ASSERT_OK(Open({.address = "kafka://production:9092/quotes"})->Append({{Quote("A", 2)}}));
  EXPECT_THAT(Values(broker_.topic.records()), ElementsAre("2"));
  EXPECT_THAT(WaitingForOthers(Path(), {"kafka://production:9092/quotes"}).ValueOrDie(),
              ElementsAre(std::pair("kafka___test_9092_quotes", 1)))
      << "and the user is told of it";
  EXPECT_THAT(WaitingForOthers(Path(), {"kafka://test:9092/quotes"}).ValueOrDie(), testing::IsEmpty());
}

TEST_F(SpoolTest, IsLookedAtFromOutsideWhileItIsUsed) {
  EXPECT_TRUE(LookAtSpool(Path()).status().IsKeyError());
  const auto spool = Open();
  ASSERT_OK(spool->Append({{Quote("A", 1)}}));
  EXPECT_THAT(LookAtSpool(Path()).ValueOrDie(), testing::IsEmpty());
  broker_.GoAway();
  ASSERT_OK(spool->Append({{Quote("A", 2), Quote("A", 3)}}));
  const auto seen = LookAtSpool(Path()).ValueOrDie();
  ASSERT_THAT(seen, SizeIs(1));
  EXPECT_EQ(seen[0].name, SpoolName("kafka://host:9092/quotes"));
  EXPECT_EQ(seen[0].records, 2);
  EXPECT_GT(seen[0].bytes, 0);
  EXPECT_EQ(seen[0].oldest, Quote("A", 2).timestamp);
  broker_.ComeBack();
  ASSERT_TRUE(Drained(*spool));
  EXPECT_TRUE(Eventually([&] { return LookAtSpool(Path()).ValueOrDie().empty(); }));
}

TEST_F(SpoolTest, ARecordThatTheTopicWillNeverTakeIsReturnedAndNothingIsDropped) {
  broker_.topic.Refuse(Status::Invalid("too large"));
  const auto spool = Open();
  EXPECT_TRUE(spool->Append({{Quote("A", 1)}}).IsInvalid());
  broker_.GoAway();
  ASSERT_OK(spool->Append({{Quote("A", 2)}}));
  broker_.topic.Refuse(Status::Invalid("too large"));
  Status status;
  ASSERT_TRUE(Eventually([&] { return (status = spool->Append({{Quote("A", 3)}})).IsInvalid(); }));
  EXPECT_THAT(status.message(), AllOf(HasSubstr("too large"), HasSubstr(Path())));
  broker_.ComeBack();
  ASSERT_TRUE(Drained(*spool));
  EXPECT_EQ(broker_.topic.records().front().value, "2");
}

TEST_F(SpoolTest, DeadLettersThatWaitedSaySo) {
  broker_.GoAway();
  const auto spool = Open({.mark = true});
  ASSERT_OK(spool->Append({{Quote("A", 1)}}));
  broker_.ComeBack();
  ASSERT_TRUE(Drained(*spool));
  EXPECT_THAT(broker_.topic.records().front().headers,
              ElementsAre(topic::Header{"spooled", std::to_string(clock_.Now().value)}));
}

/// A limit of the file's size stands in for a full disk, as in the tests of the local topic.
TEST_F(SpoolTest, AFullDiskLosesNothingThatWasAcknowledged) {
  const pid_t child = fork();
  if (child == 0) {
    (void)std::signal(SIGXFSZ, SIG_IGN);
    broker_.GoAway();
    auto spool = TryOpen();
    if (!spool.ok()) _exit(1);
    rlimit limit{2 << 20, RLIM_INFINITY};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(2);
    int taken = 0;
    Status status;
    while (status.ok() && taken < 100) {
      status = (*spool)->Append({{{"A", std::string(100'000, 'x'), TimestampMs(1), {}}}});
      if (status.ok()) ++taken;
    }
    if (!status.IsIOError() || status.message().find(Path()) == std::string::npos) _exit(3);
    if ((*spool)->stats().waiting != static_cast<std::uint64_t>(taken)) _exit(4);
    limit.rlim_cur = RLIM_INFINITY;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(5);
    if (!(*spool)->Append({{Quote("A", 7)}}).ok()) _exit(6);
    _exit(100 + taken);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  const int taken = WEXITSTATUS(status) - 100;
  ASSERT_GT(taken, 5) << "exit code " << WEXITSTATUS(status);
  ASSERT_LT(taken, 30);
  const auto spool = Open();
  ASSERT_TRUE(Drained(*spool));
  ASSERT_THAT(broker_.topic.records(), SizeIs(taken + 1));
  EXPECT_EQ(broker_.topic.records().back().value, "7");
}

}  // namespace
}  // namespace pregao::listen
