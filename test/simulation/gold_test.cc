/// Gold on a lake in memory: what it writes is a function of Silver's rows, however they came and whatever died.
#include "engine/gold.h"

#include <cstdlib>
#include <fmt/format.h>
#include <random>
#include <set>

#include "engine/gold_session.h"
#include "engine/gold_tables.h"
#include "lake/optimize.h"
#include "lake/vacuum.h"
#include "medallion/bar_schema.h"

#include "test/engine_fixture.h"

namespace pregao::engine {
namespace {

using lake::MemoryStore;
using market::Bar;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t kMinuteMs = 60'000, kHourMs = 60 * kMinuteMs, kDayMs = 24 * kHourMs;
using BarName = std::pair<std::string, std::int64_t>;

std::string Volume(std::int64_t volume) { return fmt::format(R"(,"day_volume":{})", volume); }

GoldOptions Quick() {
  GoldOptions options;
  options.until_end = true;
  options.retry_min = options.retry_max = std::chrono::milliseconds(0);
  options.table.retry_backoff = std::chrono::milliseconds(0);
  return options;
}

/// All rows of gold/bars.
std::vector<Bar> AllBars(const std::shared_ptr<lake::ObjectStore>& store) {
  const SystemClock clock;
  const auto table = lake::Table::Open(store, kBarsRoot, &clock);
  if (!table.ok()) return {};
  std::vector<Bar> all;
  const auto snapshot = (*table)->snapshot();
  for (const auto& file : snapshot->files) {
    const auto rows = lake::ReadDataFile(store.get(), kBarsRoot, *file, *snapshot->schema, medallion::BarColumns());
    for (auto& bar : medallion::BarsOf(**rows).ValueOrDie()) all.push_back(std::move(bar));
  }
  return all;
}

/// The last revisions, with 0 for the revision.
std::map<BarName, Bar> LastBars(const std::shared_ptr<lake::ObjectStore>& store) {
  std::map<BarName, Bar> last;
  for (auto& bar : AllBars(store)) {
    Bar& held = last[{bar.ticker, bar.start_us}];
    if (held.ticker.empty() || held.revision < bar.revision) held = bar;
  }
  for (auto& [name, bar] : last) bar.revision = 0;
  return last;
}

/// What is wrong with the revisions: each is there once, and none is left out.
std::vector<std::string> WrongRevisions(const std::shared_ptr<lake::ObjectStore>& store) {
  std::map<BarName, std::map<std::int64_t, Bar>> revisions;
  std::vector<std::string> wrong;
  for (auto& bar : AllBars(store)) {
    if (!revisions[{bar.ticker, bar.start_us}].emplace(bar.revision, bar).second) {
      wrong.push_back(fmt::format("{} {} has revision {} twice", bar.ticker, bar.start_us, bar.revision));
    }
  }
  for (auto& [name, of_bar] : revisions) {
    if (of_bar.rbegin()->first != static_cast<std::int64_t>(of_bar.size())) {
      wrong.push_back(fmt::format("{} {} lacks a revision", name.first, name.second));
    }
    std::optional<Bar> before;
    for (auto [revision, bar] : of_bar) {
      bar.revision = 0;
      if (before == bar) wrong.push_back(fmt::format("{} {}: {} changes nothing", name.first, name.second, revision));
      before = bar;
    }
  }
  return wrong;
}

class GoldTest : public ExactlyOnce {
 protected:
  void ToSilver(const std::vector<topic::NewRecord>& records) {
    Append(records);
    ASSERT_OK_(NewEngine()->RunToEnd());
  }
  static void ASSERT_OK_(const Status& status) { ASSERT_TRUE(status.ok()) << status.ToString(); }

  Status RunGold(const std::shared_ptr<lake::ObjectStore>& store, GoldOptions options = Quick()) {
    Gold gold(store, &clock_, std::move(options));
    const Status status = gold.Run({});
    stats_ = gold.stats();
    return status;
  }

  /// A lake with this Silver alone, and its bars.
  std::shared_ptr<MemoryStore> Batch(GoldOptions options = Quick()) {
    auto copy = CopyOf(store_.get(), "silver/");
    ASSERT_OK_(RunGold(copy, std::move(options)));
    return copy;
  }

  static std::shared_ptr<MemoryStore> CopyOf(lake::ObjectStore* store, const std::string& prefix) {
    auto copy = std::make_shared<MemoryStore>();
    for (const auto& object : store->List(prefix).ValueOrDie()) {
      EXPECT_TRUE(copy->Put(object.path, store->Get(object.path).ValueOrDie()).ok());
    }
    return copy;
  }

  SystemClock clock_;
  GoldStats stats_;
};

TEST_F(GoldTest, ARowOfSilverIsInOneBarHoweverOftenItRuns) {
  ToSilver({Message("A", kT0, 10, Volume(100)), Message("A", kT0 + 30'000, 11, Volume(130))});
  ASSERT_OK_(RunGold(store_));
  ToSilver({Message("A", kT0 + kMinuteMs, 12, Volume(150))});
  ASSERT_OK_(RunGold(store_));
  ASSERT_OK_(RunGold(store_));
  EXPECT_EQ(stats_.bars, 0);
  const auto bars = LastBars(store_);
  ASSERT_EQ(bars.size(), 2u);
  EXPECT_EQ(bars.begin()->second.volume, 30);
  EXPECT_EQ(bars.rbegin()->second.volume, 20);
  EXPECT_THAT(AllBars(store_), SizeIs(2)) << "the first bar did not change";
}

TEST_F(GoldTest, ALateRowRevisesItsBarAndTheNextAcrossARestart) {
  ToSilver({Message("A", kT0, 10, Volume(100)), Message("A", kT0 + kHourMs, 12, Volume(150)),
            Message("A", kT0 + 5 * kDayMs, 12, Volume(90))});
  ASSERT_OK_(RunGold(store_));
  ToSilver({Message("A", kT0 + kMinuteMs, 20, Volume(140))});
  ASSERT_OK_(RunGold(store_));
  EXPECT_EQ(stats_.bars, 2);
  EXPECT_EQ(stats_.revisions, 1);
  const auto bars = LastBars(store_);
  EXPECT_EQ(bars.at({"A", (kT0 + kMinuteMs) * 1000}).volume, 40);
  EXPECT_EQ(bars.at({"A", (kT0 + kHourMs) * 1000}).volume, 10);
  EXPECT_EQ(bars, LastBars(Batch()));
}

TEST_F(GoldTest, ALateLastVolumeOfADayIsPassedToTheNextDayThatHasOne) {
  ToSilver({Message("A", kT0, 10, Volume(100)), Message("A", kT0 + kDayMs, 1),
            Message("A", kT0 + 2 * kDayMs, 12, Volume(150)), Message("A", kT0 + 3 * kDayMs, 12)});
  ASSERT_OK_(RunGold(store_));
  ToSilver({Message("A", kT0 + 2 * kDayMs - 60'000, 20, Volume(140))});
  ASSERT_OK_(RunGold(store_));
  EXPECT_EQ(LastBars(store_).at({"A", (kT0 + 2 * kDayMs) * 1000}).volume, 10);
  EXPECT_EQ(LastBars(store_), LastBars(Batch()));
}

TEST_F(GoldTest, BarsBecomeFinalWhenTheTickerSpeaksAgain) {
  ToSilver({Message("A", kT0, 10), Message("B", kT0 + kDayMs, 10)});
  ASSERT_OK_(RunGold(store_));
  EXPECT_FALSE(LastBars(store_).at({"A", kT0 * 1000}).is_final) << "another ticker's time says nothing";
  ToSilver({Message("A", kT0 + 40 * kDayMs, 11)});
  ASSERT_OK_(RunGold(store_));
  EXPECT_TRUE(LastBars(store_).at({"A", kT0 * 1000}).is_final);
}

TEST_F(GoldTest, PackedFilesAreNotReadAgain) {
  for (int i = 0; i < 3; ++i) ToSilver({Message("A", kT0 + i, 1)});
  ASSERT_OK_(RunGold(store_));
  const auto silver = lake::Table::Open(store_, kSilverRoot, &clock_).ValueOrDie();
  ASSERT_EQ(lake::Optimize(silver.get(), clock_, {})->files_before, 3);
  const auto faulty = std::make_shared<lake::FaultyStore>(store_);
  faulty->set_hook([](const lake::StoreCall& call) {
    EXPECT_FALSE(call.operation.starts_with("Get") && call.path.ends_with(".parquet")) << call.path;
  });
  ASSERT_OK_(RunGold(faulty));
  EXPECT_EQ(stats_.ticks, 0);
  EXPECT_EQ(stats_.commits, 0);
}

TEST_F(GoldTest, VersionsThatAreGoneFromSilversLogAreMadeUpForFromTheTable) {
  ToSilver({Message("A", kT0, 1)});
  ASSERT_OK_(RunGold(store_));
  ToSilver({Message("A", kT0 + kMinuteMs, 2)});
  ToSilver({Message("A", kT0 + 2 * kMinuteMs, 3)});
  const auto silver = lake::Table::Open(store_, kSilverRoot, &clock_).ValueOrDie();
  ASSERT_OK_(silver->Checkpoint());
  ASSERT_OK_(
      store_->Delete(fmt::format("{}/_delta_log/{:020}.json", kSilverRoot, silver->snapshot()->version.value - 1)));
  ASSERT_OK_(RunGold(store_));
  EXPECT_EQ(stats_.rebuilds, 1);
  EXPECT_EQ(LastBars(store_), LastBars(Batch()));
  EXPECT_THAT(WrongRevisions(store_), IsEmpty());
}

TEST_F(GoldTest, RebuildingMendsWhatIsWrongAndTouchesNothingElse) {
  ToSilver({Message("A", kT0, 1), Message("A", kT0 + kDayMs, 2), Message("B", kT0, 3)});
  ASSERT_OK_(RunGold(store_));
  auto rebuild = Quick();
  rebuild.rebuild = true;
  ASSERT_OK_(RunGold(store_, rebuild));
  EXPECT_EQ(stats_.bars, 0);
  EXPECT_EQ(stats_.ticks, 3);

  const auto wanted = LastBars(store_);
  Bar wrong = wanted.at({"B", kT0 * 1000});
  wrong.close = 99;
  wrong.revision = 2;
  const auto table = OpenGold(store_, kBarsRoot, &clock_).ValueOrDie();
  lake::Transaction txn;
  txn.adds.push_back(lake::WriteDataFile(store_.get(), kBarsRoot, clock_, *medallion::BarRows({{wrong}}).ValueOrDie(),
                                         {{"date", "2026-01-01"}})
                         .ValueOrDie());
  ASSERT_OK_(table->Commit(table->snapshot(), txn).status());
  EXPECT_NE(LastBars(store_), wanted);
  ASSERT_OK_(RunGold(store_, rebuild));
  EXPECT_EQ(stats_.bars, 1);
  EXPECT_EQ(LastBars(store_), wanted);
}

TEST_F(GoldTest, BarsOfTheChartAreNoneOfItsBusiness) {
  ToSilver({Message("A", kT0, 1)});
  Bar chart{"A", "1m", kT0 * 1000, 5, 5, 5, 5, 5, {}, {}, market::BarSource::kChart, 7, true};
  const auto table = OpenGold(store_, kBarsRoot, &clock_).ValueOrDie();
  lake::Transaction txn;
  txn.adds.push_back(lake::WriteDataFile(store_.get(), kBarsRoot, clock_, *medallion::BarRows({{chart}}).ValueOrDie(),
                                         {{"date", "2026-01-01"}})
                         .ValueOrDie());
  ASSERT_OK_(table->Commit(table->snapshot(), txn).status());
  ASSERT_OK_(RunGold(store_));
  ASSERT_THAT(AllBars(store_), SizeIs(2));
  EXPECT_EQ(AllBars(store_)[1].revision, 1);
}

TEST_F(GoldTest, ASecondWriterIsFencedAndNothingIsDoubled) {
  ToSilver({Message("A", kT0, 1)});
  ASSERT_OK_(RunGold(store_));
  ToSilver({Message("A", kT0 + kMinuteMs, 2)});
  const auto rival = std::make_shared<lake::FaultyStore>(store_);
  bool raced = false;
  rival->set_hook([&](const lake::StoreCall& call) {
    if (call.operation != "PutIfAbsent" || std::exchange(raced, true)) return;
    ASSERT_OK_(Gold(store_, &clock_, Quick()).Run({}));
  });
  ASSERT_OK_(RunGold(rival));
  EXPECT_EQ(stats_.fencings, 1);
  EXPECT_THAT(WrongRevisions(store_), IsEmpty());
  EXPECT_EQ(LastBars(store_), LastBars(Batch()));
}

TEST_F(GoldTest, AnotherSilverIsAnErrorUntilItIsRebuilt) {
  ToSilver({Message("A", kT0, 1)});
  ASSERT_OK_(RunGold(store_));
  for (const auto& object : store_->List("silver/quotes").ValueOrDie()) ASSERT_OK_(store_->Delete(object.path));
  ToSilver({Message("A", kT0 + 1, 2)});
  const Status status = RunGold(store_);
  EXPECT_TRUE(status.IsInvalid());
  EXPECT_THAT(status.message(), HasSubstr("--rebuild"));
  auto rebuild = Quick();
  rebuild.rebuild = true;
  ASSERT_OK_(RunGold(store_, rebuild));
  EXPECT_EQ(stats_.rebuilds, 1);
}

TEST_F(GoldTest, AFallOfTheVolumeWithinASessionIsCounted) {
  ToSilver({Message("A", kT0, 1, Volume(100)), Message("A", kT0 + 1000, 1, Volume(90))});
  ASSERT_OK_(RunGold(store_));
  EXPECT_EQ(stats_.falls, 1);
}

TEST_F(GoldTest, StoppedInTheMiddleItCommitsNothing) {
  ToSilver({Message("A", kT0, 1), Message("A", kT0 + kDayMs, 1)});
  std::stop_source stop;
  auto options = Quick();
  options.progress = [&](std::int64_t, std::int64_t) { stop.request_stop(); };
  Gold gold(store_, &clock_, options);
  ASSERT_OK_(gold.Run(stop.get_token()));
  EXPECT_THAT(AllBars(store_), IsEmpty());
  ASSERT_OK_(RunGold(store_));
  EXPECT_THAT(AllBars(store_), SizeIs(2));
}

TEST_F(GoldTest, ACrashAtAnyCallNeitherLosesNorDoubles) {
  ToSilver({Message("A", kT0, 1, Volume(5)), Message("A", kT0 + kDayMs, 2, Volume(9))});
  ASSERT_OK_(RunGold(store_));
  ToSilver({Message("A", kT0 + kMinuteMs, 3, Volume(7)), Message("A", kT0 + kDayMs + 1, 2, Volume(10))});
  const auto wanted = LastBars(Batch());
  for (const auto fault :
       {lake::StoreFault::kDieBefore, lake::StoreFault::kDieAfter, lake::StoreFault::kDoneButError}) {
    for (std::int64_t at = 1;; ++at) {
      const auto store = CopyOf(store_.get(), "");
      const auto faulty = std::make_shared<lake::FaultyStore>(store);
      faulty->FailAt(at, fault);
      auto options = Quick();
      options.max_retries = 1;
      (void)RunGold(faulty, options);
      const bool struck = faulty->dead() || faulty->calls() >= at;
      ASSERT_OK_(RunGold(store));
      EXPECT_THAT(WrongRevisions(store), IsEmpty()) << "call " << at;
      EXPECT_EQ(LastBars(store), wanted) << "call " << at;
      if (struck) continue;
      EXPECT_GT(at, 10);
      break;
    }
  }
}

/// Streams with late and out-of-order rows, a writer that dies and comes back, tables that are packed.
class RandomStream : public GoldTest, public testing::WithParamInterface<std::uint64_t> {
 protected:
  std::int64_t Below(std::int64_t n) { return std::uniform_int_distribution<std::int64_t>(0, n - 1)(random_); }

  topic::NewRecord Next() {
    Ticker& t = tickers_[static_cast<std::size_t>(Below(std::ssize(tickers_)))];
    static constexpr std::array kSteps{1000L,          1000L,       7000L,      kMinuteMs,
                                       40 * kMinuteMs, 9 * kHourMs, 2 * kDayMs, 8 * kDayMs};
    const std::int64_t pick = Below(100);
    t.now += Below(kSteps[pick < 92 ? static_cast<std::size_t>(Below(4)) : static_cast<std::size_t>(Below(8))]);
    t.volume = Below(25) == 0 ? Below(t.volume + 1) : t.volume + Below(50);
    std::int64_t time = t.now;
    if (Below(5) == 0) time -= Below(20'000);
    if (Below(30) == 0) time -= Below(kSteps[static_cast<std::size_t>(Below(8))]);
    std::string more = fmt::format(R"(,"quote_type":"{}")", t.name == "C-USD" ? "CRYPTOCURRENCY" : "EQUITY");
    if (Below(4) != 0) more += Volume(t.volume);
    return Message(t.name, std::max(time, kT0), 10 + static_cast<double>(Below(1000)) / 100, more);
  }

  void Disturb() {
    const auto kind = Below(12);
    for (const char* root : {kSilverRoot, kBarsRoot}) {
      const auto table = lake::Table::Open(store_, root, &clock_);
      if (!table.ok()) continue;
      if (kind == 0) ASSERT_OK_(lake::Optimize(table->get(), clock_, {}).status());
      if (kind == 1) ASSERT_OK_((*table)->Checkpoint());
    }
  }

  void Run(std::uint64_t seed) {
    random_.seed(seed);
    tickers_ = {{"A", kT0}, {"B", kT0 + kHourMs}, {"C-USD", kT0}, {"D", kT0 + 3 * kDayMs}};
    std::shared_ptr<lake::FaultyStore> faulty;
    std::unique_ptr<GoldSession> session;
    auto options = Quick();
    options.max_ticks = 1 + Below(60);
    options.rebuild_ticks = 1 + Below(200);
    constexpr int kSteps = 20;
    for (int step = 0; step < kSteps; ++step) {
      std::vector<topic::NewRecord> records;
      for (auto n = Below(60); n >= 0; --n) records.push_back(Next());
      ToSilver(records);
      Disturb();
      if (Below(4) == 0) session.reset();  // the process is another one
      if (session == nullptr) {
        faulty = std::make_shared<lake::FaultyStore>(store_);
        auto silver = lake::Table::Open(faulty, kSilverRoot, &clock_).ValueOrDie();
        session = GoldSession::Open(std::move(silver), &clock_, options).ValueOrDie();
      }
      if (Below(6) == 0) faulty->FailAt(faulty->calls() + 1 + Below(30), lake::StoreFault::kDieAfter);
      for (auto n = Below(4); n > 0 && session != nullptr; --n) {
        const bool alive = session->Behind().ok() && session->Next({}).ok() && !faulty->dead();
        if (!alive) session.reset();
      }
    }
    ASSERT_OK_(RunGold(store_, options));
    EXPECT_THAT(WrongRevisions(store_), IsEmpty());
    auto batch_options = Quick();
    batch_options.rebuild_ticks = 1 + Below(500);
    EXPECT_EQ(LastBars(store_), LastBars(Batch(batch_options)));
    auto rebuild = Quick();
    rebuild.rebuild = true;
    ASSERT_OK_(RunGold(store_, rebuild));
    EXPECT_EQ(stats_.bars, 0) << "a rebuild finds nothing to mend";
  }

  struct Ticker {
    std::string name;
    std::int64_t now = 0, volume = 1000;
  };
  std::mt19937_64 random_;
  std::vector<Ticker> tickers_;
};

TEST_P(RandomStream, IncrementalAndBatchAreEqualButForTheRevision) { Run(GetParam()); }

/// PREGAO_SIM_RUNS=n runs so many seeds.
std::uint64_t Seeds() {
  const char* runs = std::getenv("PREGAO_SIM_RUNS");
  return runs != nullptr ? std::stoull(runs) : 6;
}
INSTANTIATE_TEST_SUITE_P(Seed, RandomStream, testing::Range<std::uint64_t>(1, 1 + Seeds()));

}  // namespace
}  // namespace pregao::engine
