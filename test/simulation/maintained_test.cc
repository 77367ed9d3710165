/// The rules under "Exactly once" where tables are packed and vacuumed: each test fails when its rule is taken out.
#include "lake/optimize.h"
#include "lake/vacuum.h"

#include "test/engine_fixture.h"

namespace pregao::engine {
namespace {

using testing::HasSubstr;

using Maintained = ExactlyOnce;

TEST_F(Maintained, Rule5PackedFilesAreNoNewRowsAndAreNotRead) {
  for (int i = 0; i < 3; ++i) {
    Append({Message("A", kT0 + i, 1)});
    ASSERT_TRUE(NewEngine()->RunToEnd().ok());
  }
  auto engine = NewEngine();
  ASSERT_TRUE(engine->Begin().ok());
  Append({Message("A", kT0 + 9, 1)});
  auto batch = engine->ReadBatch().ValueOrDie();
  const auto silver = lake::Table::Open(store_, kSilverRoot, &engine->clock).ValueOrDie();
  ASSERT_EQ(lake::Optimize(silver.get(), engine->clock, {})->files_before, 3);
  engine->store->set_hook([](const lake::StoreCall& call) {
    const bool reads = call.operation == "Get" || call.operation == "GetRange";
    EXPECT_FALSE(reads && call.path.ends_with(".parquet")) << call.path;
  });
  const auto written = engine->Write(std::move(batch)).ValueOrDie();
  EXPECT_TRUE(written.foreign.empty());
  EXPECT_EQ(written.rows, 1);
  ExpectAllIsWell();
}

TEST_F(Maintained, Rule6TheEngineAppendsWhileItsFilesArePacked) {
  Append({Message("A", kT0, 1), Reject()});
  ASSERT_TRUE(NewEngine()->RunToEnd().ok());
  Append({Message("A", kT0 + 1, 1), Reject()});
  ASSERT_TRUE(NewEngine()->RunToEnd().ok());
  Append({Message("A", kT0 + 2, 1), Message("A", kT0, 1)});
  SystemClock clock;
  for (const char* root : {kBronzeRoot, kQuarantineRoot, kSilverRoot}) {
    const auto faulty = std::make_shared<lake::FaultyStore>(store_);
    const auto table = lake::Table::Open(faulty, root, &clock).ValueOrDie();
    faulty->set_hook([&, root = std::string(root)](const lake::StoreCall& call) {
      if (call.operation != "PutIfAbsent" || root != kBronzeRoot) return;
      ASSERT_TRUE(NewEngine()->RunToEnd().ok());  // just before the packed file is committed
    });
    ASSERT_TRUE(lake::Optimize(table.get(), clock, {}).ok());
  }
  ExpectAllIsWell();
}

TEST_F(Maintained, Rule8FilesThatWaitedOutAnOutageAreWrittenAgain) {
  Append({Message("A", kT0, 1), Message("B", kT0, 1)});
  ManualClock clock(TimestampMs(kT0 + 500LL * 86'400'000));
  auto engine = NewEngine();
  engine->sink = NewSink(engine->store, &clock);
  ASSERT_TRUE(engine->Begin().ok());
  auto batch = engine->ReadBatch().ValueOrDie();
  // The commit of Silver fails, and when the store is back half a day has gone.
  engine->store->set_hook([&](const lake::StoreCall& call) {
    if (!call.path.starts_with(kSilverRoot)) return;
    if (call.operation == "Put") engine->store->FailAt(call.number + 1, lake::StoreFault::kError);
    if (call.operation == "PutIfAbsent") clock.Advance(lake::kMaxCommitDelay + std::chrono::seconds(1));
  });
  const Status status = engine->Write(std::move(batch)).status();
  EXPECT_TRUE(status.IsIOError()) << "the session is begun again";
  EXPECT_THAT(status.message(), HasSubstr("are to be written again"));
  EXPECT_EQ(RowsOf(store_, kSilverRoot).size(), 0u);
  engine->store->set_hook(nullptr);
  ASSERT_TRUE(engine->RunToEnd().ok());
  ExpectAllIsWell();
}

/// As above, and while the writer slept the vacuum took its files, which no log named: more than a day old.
TEST_F(Maintained, Rule8AVacuumThatTookTheFilesOfAWriterThatSleptHarmsNoRow) {
  ManualClock clock(TimestampMs(kT0 + 500LL * 86'400'000));
  store_ = std::make_shared<lake::MemoryStore>(&clock);
  Append({Message("A", kT0, 1), Reject()});
  {
    auto first = NewEngine();
    first->sink = NewSink(first->store, &clock);
    ASSERT_TRUE(first->RunToEnd().ok());
  }
  Append({Message("A", kT0 + 1, 1), Message("B", kT0, 1)});
  auto engine = NewEngine();
  engine->sink = NewSink(engine->store, &clock);
  ASSERT_TRUE(engine->Begin().ok());
  auto batch = engine->ReadBatch().ValueOrDie();
  std::size_t taken = 0;
  engine->store->set_hook([&](const lake::StoreCall& call) {
    if (!call.path.starts_with(kSilverRoot)) return;
    if (call.operation == "Put") engine->store->FailAt(call.number + 1, lake::StoreFault::kError);  // the commit
    if (call.operation != "PutIfAbsent") return;
    clock.Advance(std::chrono::hours(40));
    for (const char* root : {kBronzeRoot, kQuarantineRoot, kSilverRoot}) {
      const auto table = lake::Table::Open(store_, root, &clock).ValueOrDie();
      lake::VacuumOptions options;
      options.retention = std::chrono::days(1);
      const auto report = lake::Vacuum(table.get(), clock, options);
      ASSERT_TRUE(report.ok()) << report.status();
      taken += report->files.size();
    }
  });
  const Status status = engine->Write(std::move(batch)).status();
  EXPECT_TRUE(status.IsIOError()) << status;
  EXPECT_EQ(taken, 1U) << "the writer's file of Silver";
  engine->store->set_hook(nullptr);
  engine->store->Reset();
  ASSERT_TRUE(engine->RunToEnd().ok());
  ExpectAllIsWell();  // which reads every file that a log names
}

}  // namespace
}  // namespace pregao::engine
