/// Optimize and vacuum die at every store call, and run beside writers and readers: no row is lost or doubled, no live
/// file goes.
#include <atomic>
#include <spdlog/spdlog.h>
#include <thread>

#include "lake/faulty_store.h"

#include "test/maintenance_tools.h"

namespace pregao::lake {
namespace {

using std::chrono::hours;
using test::AppendRows;
using test::Impatient;
using test::kNoon;
using test::Quotes;
using test::QuoteSpec;
using test::Rows;

constexpr StoreFault kFaults[] = {StoreFault::kDieBefore, StoreFault::kDieAfter, StoreFault::kDoneButError,
                                  StoreFault::kError};

/// Six small files of three days, of which some were packed and are old enough to go; then more.
struct World {
  ManualClock clock{kNoon};
  std::shared_ptr<MemoryStore> disk = std::make_shared<MemoryStore>(&clock);
  std::shared_ptr<FaultyStore> store = std::make_shared<FaultyStore>(disk);
  TableOptions options = [] {
    TableOptions o = Impatient(3);
    o.checkpoint_every = 4;
    o.log_retention = hours(24);
    return o;
  }();
  std::vector<std::string> rows;

  World() {
    const auto table = Table::OpenOrCreate(disk, "t", QuoteSpec(), &clock, options).ValueOrDie();
    Fill(table.get());
    EXPECT_TRUE(Optimize(table.get(), clock, {}).ok());
    clock.Advance(hours(24 * 20));
    Fill(table.get());
    rows = Rows(disk.get(), *table->snapshot());
  }
  void Fill(Table* table) {
    for (int i = 0; i < 6; ++i) {
      const std::string date = "2026-11-2" + std::to_string(i % 3);
      ASSERT_OK(AppendRows(table, clock, *Quotes(i % 2 == 0 ? "A" : "B", 2, i * 10), {{"date", date}}));
      clock.Advance(hours(2));
    }
  }
  /// What a process does that maintains the table.
  Status Maintain() {
    TRY_ASSIGN(const auto table, Table::Open(store, "t", &clock, options));
    TRY(Optimize(table.get(), clock, {}).status());
    VacuumOptions vacuum;
    vacuum.retention = std::chrono::days(2);
    TRY(Vacuum(table.get(), clock, vacuum).status());
    return table->Checkpoint();
  }
  void ExpectSameRows() {
    const auto table = Table::Open(disk, "t", &clock);
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_EQ(Rows(disk.get(), *(*table)->snapshot()), rows);
    EXPECT_EQ((*table)->snapshot()->positions.at("app"), 12);
  }
};

class Maintenance : public testing::Test {
 protected:
  Maintenance() { spdlog::set_level(spdlog::level::err); }
  ~Maintenance() override { spdlog::set_level(level_); }

 private:
  const spdlog::level::level_enum level_ = spdlog::get_level();
};

TEST_F(Maintenance, DyingAtAnyStoreCallChangesNoRowAndTheNextRunCompletesIt) {
  World whole;
  ASSERT_OK(whole.Maintain());
  whole.ExpectSameRows();
  const std::int64_t calls = whole.store->calls();
  ASSERT_GT(calls, 40) << "it packed and deleted";
  for (std::int64_t call = 1; call <= calls; ++call) {
    for (const StoreFault fault : kFaults) {
      SCOPED_TRACE(testing::Message() << "call " << call << " of " << calls << ", fault " << static_cast<int>(fault));
      World world;
      world.store->FailAt(call, fault);
      const Status first = world.Maintain();
      EXPECT_TRUE(first.ok() || first.IsIOError()) << first;
      ASSERT_NO_FATAL_FAILURE(world.ExpectSameRows());
      world.store->Reset();
      ASSERT_OK(world.Maintain());
      ASSERT_NO_FATAL_FAILURE(world.ExpectSameRows());
      if (HasFailure()) return;
    }
  }
}

TEST_F(Maintenance, RandomFaultsChangeNoRow) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    World world;
    world.store->FailAtRandom(seed, 0.1);
    for (int run = 0; run < 200; ++run) {
      const Status status = world.Maintain();
      ASSERT_TRUE(status.ok() || status.IsIOError()) << status;
      ASSERT_NO_FATAL_FAILURE(world.ExpectSameRows());
      if (status.ok()) break;
    }
  }
}

/// Appenders, two optimizers, a vacuum and readers at once. Readers hold their snapshots for as long as the retention
/// allows and read every file of them.
TEST_F(Maintenance, BesideWritersAndReadersNothingBreaks) {
  ManualClock clock(kNoon);
  const auto store = std::make_shared<MemoryStore>(&clock);
  TableOptions options = Impatient(1000);
  options.checkpoint_every = 7;
  const auto open = [&] { return Table::OpenOrCreate(store, "t", QuoteSpec(), &clock, options).ValueOrDie(); };
  open();
  constexpr int kCommits = 150;
  std::atomic<bool> done = false;
  std::atomic<std::int64_t> packed = 0, deleted = 0, reads = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&] {
        const auto table = open();
        while (!done) {
          const auto report = Optimize(table.get(), clock, {});
          ASSERT_TRUE(report.ok()) << report.status();
          packed += report->bins;
        }
      });
    }
    threads.emplace_back([&] {
      const auto table = open();
      while (!done) {
        VacuumOptions vacuum;
        vacuum.retention = std::chrono::days(2);
        const auto report = Vacuum(table.get(), clock, vacuum);
        ASSERT_TRUE(report.ok()) << report.status();
        deleted += std::ssize(report->files);
      }
    });
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&] {
        const auto table = open();
        while (!done) {
          const TimestampMs start = clock.Now();
          const auto snapshot = table->Refresh().ValueOrDie();
          for (const auto& file : snapshot->files) {
            const auto rows = ReadDataFile(store.get(), "t", *file, *snapshot->schema, {"ticker"});
            if (!rows.ok() && clock.Now() - start < std::chrono::milliseconds(hours(40)).count()) {
              FAIL() << rows.status();
            }
          }
          ++reads;
        }
      });
    }
    const auto writer = open();
    for (int i = 0; i < kCommits; ++i) {
      ASSERT_OK(
          AppendRows(writer.get(), clock, *Quotes("A", 2, i * 2), {{"date", "2026-11-2" + std::to_string(i % 4)}}));
      clock.Advance(hours(i % 3));
      if (i % 10 == 0) {  // so that the others get their turns on a busy machine
        const auto seen = reads.load();
        for (int spin = 0; spin < 100'000 && reads == seen; ++spin) std::this_thread::yield();
      }
    }
    done = true;
  }
  EXPECT_EQ(Rows(store.get(), *open()->snapshot()).size(), 2u * kCommits);
  EXPECT_GT(packed, 0);
  EXPECT_GT(deleted, 0);
  EXPECT_GT(reads, 0);
}

}  // namespace
}  // namespace pregao::lake
