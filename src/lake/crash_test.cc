/// The process dies at every store call: before it, after it, and with the answer lost. Whoever opens the table next
/// sees all of a commit or nothing, and a retry makes it exactly one.
#include <spdlog/spdlog.h>

#include "lake/faulty_store.h"
#include "lake/memory_store.h"

#include "test/lake_tools.h"

namespace pregao::lake {
namespace {

using test::FileNames;
using test::Impatient;

/// Failed checkpoints are warnings, and here there are hundreds of them.
class Quiet : public testing::Test {
 protected:
  Quiet() { spdlog::set_level(spdlog::level::err); }
  ~Quiet() override { spdlog::set_level(level_); }

 private:
  const spdlog::level::level_enum level_ = spdlog::get_level();
};
class CrashAtEveryStoreCall : public Quiet {};
class RandomFaults : public Quiet {};

constexpr StoreFault kFaults[] = {StoreFault::kDieBefore, StoreFault::kDieAfter, StoreFault::kDoneButError,
                                  StoreFault::kError};

/// A table on which the third commit writes a checkpoint and cleans the log, in a store that can fail.
struct World {
  ManualClock clock{TimestampMs(1'795'367'120'123)};
  std::shared_ptr<MemoryStore> disk = std::make_shared<MemoryStore>(&clock);
  std::shared_ptr<FaultyStore> store = std::make_shared<FaultyStore>(disk);
  TableOptions options = [] {
    TableOptions o = Impatient(3);
    o.checkpoint_every = 3;
    o.log_retention = std::chrono::hours(1);
    return o;
  }();

  /// What a process does that starts: opens the table, and commits what comes next until position `end`.
  Status Run(std::int64_t end) {
    TRY_ASSIGN(const auto table, Table::OpenOrCreate(store, "t", test::QuoteSpec(), &clock, options));
    auto snapshot = table->snapshot();
    const auto held = snapshot->positions.find("app");
    std::int64_t next = held == snapshot->positions.end() ? 0 : held->second;
    while (next < end) {
      TRY(CommitOne(table.get(), next));
      ++next;
      clock.Advance(std::chrono::minutes(40));
    }
    return Status::OK();
  }

  Status CommitOne(Table* table, std::int64_t next) {
    const auto rows = test::Quotes("A", 2, next * 2);
    Transaction txn;
    TRY_ASSIGN(txn.adds.emplace_back(), WriteDataFile(store.get(), "t", clock, *rows, {{"date", "2026-11-22"}}));
    txn.positions = {{"app", next == 0 ? std::nullopt : std::optional(next), next + 1}};
    TRY_ASSIGN(const auto result, table->Commit(table->snapshot(), std::move(txn)));
    return result.outcome == CommitOutcome::kCommitted ? Status::OK() : Status::AlreadyExists("fenced");
  }

  /// Reads everything with a fresh eye. @return the position.
  std::int64_t ExpectConsistent() {
    const auto table = Table::Open(disk, "t", &clock);
    if (table.status().IsKeyError()) return 0;
    EXPECT_TRUE(table.ok()) << table.status();
    if (!table.ok()) return -1;
    const auto snapshot = (*table)->snapshot();
    const std::int64_t position = snapshot->positions.contains("app") ? snapshot->positions.at("app") : 0;
    EXPECT_EQ(std::ssize(snapshot->files), position) << "one file a step of the position";
    std::set<std::int64_t> times;
    for (const auto& file : snapshot->files) {
      const auto rows = ReadDataFile(disk.get(), "t", *file, *snapshot->schema, {"event_time"});
      EXPECT_TRUE(rows.ok()) << rows.status();
      const auto& chunk = static_cast<const arrow::TimestampArray&>(*(*rows)->column(0)->chunk(0));
      for (std::int64_t i = 0; i < chunk.length(); ++i) times.insert(chunk.Value(i) / 1'000'000);
    }
    EXPECT_EQ(std::ssize(times), 2 * position) << "no row is lost or doubled";
    EXPECT_TRUE(times.empty() || *times.rbegin() == 2 * position - 1);
    return position;
  }
};

constexpr std::int64_t kSteps = 7;  // two checkpoints, of which the second cleans up

TEST_F(CrashAtEveryStoreCall, LeavesAllOrNothingOfACommitAndARestartCompletesIt) {
  World whole;
  ASSERT_OK(whole.Run(kSteps));
  ASSERT_EQ(whole.ExpectConsistent(), kSteps);
  const std::int64_t calls = whole.store->calls();
  ASSERT_GT(calls, 3 * kSteps);
  for (std::int64_t call = 1; call <= calls; ++call) {
    for (const StoreFault fault : kFaults) {
      SCOPED_TRACE(testing::Message() << "call " << call << " of " << calls << ", fault " << static_cast<int>(fault));
      World world;
      world.store->FailAt(call, fault);
      const Status first = world.Run(kSteps);
      EXPECT_FALSE(first.IsInvalid() || first.IsAlreadyExists()) << first;
      const std::int64_t reached = world.ExpectConsistent();
      ASSERT_LE(reached, kSteps);
      world.store->Reset();
      ASSERT_OK(world.Run(kSteps));
      ASSERT_EQ(world.ExpectConsistent(), kSteps);
    }
  }
}

TEST_F(CrashAtEveryStoreCall, TheRunMadeCheckpointsAndCleanedTheLog) {
  World world;
  ASSERT_OK(world.Run(kSteps));
  EXPECT_TRUE(world.disk->Get("t/_delta_log/00000000000000000006.checkpoint.parquet").ok());
  EXPECT_TRUE(world.disk->Get("t/_delta_log/00000000000000000000.json").status().IsKeyError());
}

TEST_F(RandomFaults, ALongRunWithRestartsLosesAndDoublesNothing) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    World world;
    constexpr std::int64_t kEnd = 30;
    int starts = 0;
    world.store->FailAtRandom(seed, 0.15);
    while (starts < 500) {
      ++starts;
      const Status status = world.Run(kEnd);
      if (status.ok()) break;
      ASSERT_TRUE(status.IsIOError()) << status;
    }
    ASSERT_EQ(world.ExpectConsistent(), kEnd) << starts << " starts";
  }
}

}  // namespace
}  // namespace pregao::lake
