/// What `pregao audit --repair` may and may not do to tables, against the oracle of the engine's tests.
#include "engine/repair.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "engine/embedded.h"
#include "lake/optimize.h"

#include "test/engine_testing.h"

namespace pregao::engine {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class RepairTest : public testing::Test {
 protected:
  RepairTest() {
    Append({Message("A", kT0, 1), Reject(), Message("B", kT0, 2), Message("A", kT0 + 1, 1), Message("A", kT0, 1)});
    RunEngine();
  }

  static topic::NewRecord Reject() { return {"X", "{not json", TimestampMs(kT0), {}}; }
  void Append(const std::vector<topic::NewRecord>& records) { ASSERT_TRUE(topic_.NewWriter()->Append(records).ok()); }
  void RunEngine() {
    const auto reader = topic_.NewReader();
    const auto sink = NewSink(store_, &clock_);
    EngineOptions options;
    options.until_end = true;
    ASSERT_TRUE(EmbeddedEngine(reader.get(), sink.get(), &clock_, options).Run({}).ok());
    ASSERT_THAT(Wrong(&topic_, store_), IsEmpty());
  }

  std::shared_ptr<lake::Table> Open(const char* root) { return lake::Table::Open(store_, root, &clock_).ValueOrDie(); }
  /// Every row of a table is lost, the positions are not.
  void Lose(const char* root) {
    const auto table = Open(root);
    lake::Transaction txn;
    txn.operation = "DELETE";
    for (const auto& file : table->snapshot()->files) txn.removes.push_back(*file);
    ASSERT_TRUE(table->Commit(table->snapshot(), std::move(txn)).ok());
  }
  RepairBase Base() {
    return {Open(kBronzeRoot)->snapshot(), Open(kQuarantineRoot)->snapshot(), Open(kSilverRoot)->snapshot()};
  }
  std::unique_ptr<Repair> NewRepair(const RepairBase& base, bool dry_run = false) {
    RepairOptions options;
    options.dry_run = dry_run;
    return LakeRepair::Open(store_, &clock_, base, options).ValueOrDie();
  }

  enum What { kRaw, kJudged };
  using Places = std::set<std::pair<std::int32_t, std::int64_t>>;
  Places PlacesOf(const char* root) {
    Places places;
    for (const auto& row : RowsOf(store_, root)) places.emplace(row.partition, row.offset);
    return places;
  }
  /// @return what was in the files that are lost
  Places LoseAllButTwoFiles(const char* root) {
    const Places before = PlacesOf(root);
    const auto table = Open(root);
    lake::Transaction txn;
    txn.operation = "DELETE";
    for (std::size_t i = 2; i < table->snapshot()->files.size(); ++i)
      txn.removes.push_back(*table->snapshot()->files[i]);
    EXPECT_TRUE(table->Commit(table->snapshot(), std::move(txn)).ok());
    const Places after = PlacesOf(root);
    Places lost;
    std::set_difference(before.begin(), before.end(), after.begin(), after.end(), std::inserter(lost, lost.end()));
    EXPECT_FALSE(lost.empty()) << root;
    return lost;
  }

  /// Gives every record of the topic to the repair, or those at these places.
  void Give(Repair* repair, What what, const Places* only = nullptr) {
    const auto reader = topic_.NewReader("all of it");
    ASSERT_TRUE(reader->Poll(1, std::chrono::milliseconds(0)).ok());
    topic::Positions seek;
    for (const auto& [partition, range] : reader->Ranges().ValueOrDie()) seek[partition] = range.low;
    ASSERT_TRUE(reader->Seek(seek).ok());
    const auto records = reader->Poll(1'000, std::chrono::milliseconds(0)).ValueOrDie().records;
    for (std::size_t i = 0; i < records.size(); ++i) {
      const auto& r = records[i];
      if (only != nullptr && !only->contains({r.partition.value, r.offset.value})) continue;
      const medallion::Record record{r.partition.value, r.offset.value, r.timestamp.value, records.Key(i),
                                     records.Value(i)};
      const Status status = what == kRaw ? repair->AddToBronze("quotes", record) : repair->AddJudged("quotes", record);
      ASSERT_TRUE(status.ok()) << status;
    }
  }

  SystemClock clock_;
  topic::MemoryTopic topic_{2};
  std::shared_ptr<lake::MemoryStore> store_ = std::make_shared<lake::MemoryStore>();
};

TEST_F(RepairTest, PutsBackWhatEachTableLacks) {
  for (const char* root : {kBronzeRoot, kQuarantineRoot, kSilverRoot}) Lose(root);
  ASSERT_THAT(Wrong(&topic_, store_), Not(IsEmpty()));
  const auto repair = NewRepair(Base());
  Give(repair.get(), kRaw);
  Give(repair.get(), kJudged);
  ASSERT_TRUE(repair->Flush().ok());
  EXPECT_EQ(repair->counts().bronze, 5);
  EXPECT_EQ(repair->counts().quarantine, 1);
  EXPECT_EQ(repair->counts().silver, 3);
  EXPECT_EQ(repair->counts().repeats, 1) << "two missing records of one quote are one row";
  EXPECT_THAT(Wrong(&topic_, store_), IsEmpty());
}

TEST_F(RepairTest, MovesNoPosition) {
  Lose(kSilverRoot);
  const auto before = Open(kSilverRoot)->snapshot()->positions;
  const auto repair = NewRepair(Base());
  Give(repair.get(), kJudged);
  ASSERT_TRUE(repair->Flush().ok());
  EXPECT_EQ(Open(kSilverRoot)->snapshot()->positions, before);
}

TEST_F(RepairTest, ADryRunCountsAndWritesNothing) {
  Lose(kSilverRoot);
  const auto version = Open(kSilverRoot)->snapshot()->version;
  const auto repair = NewRepair(Base(), /*dry_run=*/true);
  Give(repair.get(), kJudged);
  ASSERT_TRUE(repair->Flush().ok());
  EXPECT_EQ(repair->counts().silver, 3);
  EXPECT_EQ(Open(kSilverRoot)->snapshot()->version, version);
}

TEST_F(RepairTest, OfTwoRepairsOneAppends) {
  for (const char* root : {kBronzeRoot, kQuarantineRoot, kSilverRoot}) Lose(root);
  const RepairBase base = Base();
  const auto one = NewRepair(base), two = NewRepair(base);
  for (Repair* repair : {one.get(), two.get()}) {
    Give(repair, kRaw);
    Give(repair, kJudged);
  }
  ASSERT_TRUE(one->Flush().ok());
  ASSERT_TRUE(two->Flush().ok());
  EXPECT_THAT(Wrong(&topic_, store_), IsEmpty());
  EXPECT_EQ(two->counts().bronze + two->counts().quarantine + two->counts().silver, 0);
  EXPECT_EQ(two->counts().overtaken, 5 + 1 + 3);
}

TEST_F(RepairTest, ARowThatARunningEngineBringsMeanwhileIsNotDoubled) {
  Lose(kSilverRoot);
  Lose(kQuarantineRoot);
  const auto repair = NewRepair(Base());
  Give(repair.get(), kJudged);
  // The same quote again, from a second listener: for the engine it is new, since Silver has lost it.
  Append({Message("A", kT0, 1), Message("D", kT0, 7)});
  {
    const auto reader = topic_.NewReader();
    const auto sink = NewSink(store_, &clock_);
    EngineOptions options;
    options.until_end = true;
    ASSERT_TRUE(EmbeddedEngine(reader.get(), sink.get(), &clock_, options).Run({}).ok());
  }
  ASSERT_TRUE(repair->Flush().ok());
  EXPECT_EQ(repair->counts().overtaken, 1);
  EXPECT_THAT(Wrong(&topic_, store_), IsEmpty());
}

TEST_F(RepairTest, FilesThatWereOnlyRewrittenDoNotMatter) {
  Append({Message("E", kT0, 1)});
  RunEngine();
  // One file of two is lost, the other is rewritten while the repair is under way.
  const auto table = Open(kSilverRoot);
  const auto files = table->snapshot()->files;
  ASSERT_EQ(files.size(), 2U);
  lake::Transaction lose;
  lose.removes = {*files.front()};
  ASSERT_TRUE(table->Commit(table->snapshot(), std::move(lose)).ok());
  const auto rows = RowsOf(store_, kSilverRoot);
  const auto repair = NewRepair(Base());
  Give(repair.get(), kJudged);
  const auto optimizer = Open(kSilverRoot);
  lake::Transaction rewrite;
  rewrite.data_change = false;
  const auto rest = optimizer->snapshot()->files.front();
  rewrite.removes = {*rest};
  const auto bytes = store_->Get(std::string(kSilverRoot) + "/" + rest->path).ValueOrDie();
  lake::DataFile copy = *rest;
  copy.path = rest->path.substr(0, rest->path.rfind('/')) + "/part-copy.parquet";
  ASSERT_TRUE(store_->Put(std::string(kSilverRoot) + "/" + copy.path, bytes).ok());
  rewrite.adds = {copy};
  ASSERT_TRUE(optimizer->Commit(optimizer->snapshot(), std::move(rewrite)).ok());
  ASSERT_TRUE(repair->Flush().ok());
  // Give also gave the record that was there: only the audit knows that it is; so one row stands twice, and no more.
  EXPECT_EQ(RowsOf(store_, kSilverRoot).size(), rows.size() + 4);
}

/// Whichever of the two commits in between the other's reading and its commit.
TEST_F(RepairTest, AndOptimizeBesideEachOtherDoubleAndLoseNothing) {
  for (const bool repair_last : {true, false}) {
    SCOPED_TRACE(repair_last ? "packed while a repair was under way" : "mended while files were being packed");
    for (int i = 0; i < 3; ++i) {
      Append({Message("F", kT0 + i + (repair_last ? 100 : 200), 1), Reject()});
      RunEngine();
    }
    std::map<std::string, Places> lost;
    for (const char* root : {kBronzeRoot, kQuarantineRoot, kSilverRoot}) lost[root] = LoseAllButTwoFiles(root);
    Places judged = lost[kSilverRoot];
    judged.insert(lost[kQuarantineRoot].begin(), lost[kQuarantineRoot].end());
    const auto base = Base();
    const auto mend = [&](std::shared_ptr<lake::ObjectStore> store) {
      const auto repair = LakeRepair::Open(std::move(store), &clock_, base, {}).ValueOrDie();
      Give(repair.get(), kRaw, &lost[kBronzeRoot]);
      Give(repair.get(), kJudged, &judged);
      const Status status = repair->Flush();
      EXPECT_TRUE(status.ok()) << status;
    };
    std::int64_t packed = 0;
    const auto pack = [&](const std::shared_ptr<lake::ObjectStore>& store) {
      for (const char* root : {kBronzeRoot, kQuarantineRoot, kSilverRoot}) {
        const auto table = lake::Table::Open(store, root, &clock_).ValueOrDie();
        packed += lake::Optimize(table.get(), clock_, {}).ValueOrDie().bins;
      }
    };
    const auto watched = std::make_shared<lake::FaultyStore>(store_);
    bool between = false;
    watched->set_hook([&](const lake::StoreCall& call) {
      if (call.operation != "PutIfAbsent" || std::exchange(between, true)) return;
      repair_last ? pack(store_) : mend(store_);
    });
    repair_last ? mend(watched) : pack(watched);
    EXPECT_TRUE(between);
    EXPECT_GT(packed, 0);
    EXPECT_THAT(Wrong(&topic_, store_), IsEmpty());
  }
}

TEST_F(RepairTest, LeavesATableOfAnotherOwnerAlone) {
  RepairBase base = Base();
  auto other = std::make_shared<lake::Snapshot>(*base.silver);
  other->properties["pregao.owner"] = "spark";
  base.silver = other;
  const Status status = LakeRepair::Open(store_, &clock_, base, {}).status();
  EXPECT_TRUE(status.IsInvalid());
  EXPECT_THAT(status.message(), HasSubstr("belongs to 'spark'"));
}

}  // namespace
}  // namespace pregao::engine
