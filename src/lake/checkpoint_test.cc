#include "lake/checkpoint.h"

#include <arrow/io/memory.h>
#include <parquet/arrow/writer.h>

#include "lake/checkpoint_file.h"
#include "lake/faulty_store.h"
#include "lake/log_path.h"
#include "lake/memory_store.h"

#include "test/lake_tools.h"

namespace pregao::lake {
namespace {

using std::chrono::hours;
using test::Append;
using test::FakeFile;
using test::FileNames;
using test::Impatient;
using testing::ElementsAre;
using testing::HasSubstr;

class CheckpointTest : public testing::Test {
 protected:
  std::shared_ptr<Table> Create(int checkpoint_every = 1000) {
    TableOptions options = Impatient();
    options.checkpoint_every = checkpoint_every;
    options.log_retention = hours(24);
    return Table::OpenOrCreate(store_, "t", test::QuoteSpec(), &clock_, options).ValueOrDie();
  }
  void Commit(Table* table, int count) {
    for (int i = 0; i < count; ++i) {
      const auto held = table->snapshot()->positions;
      const std::int64_t from = held.contains("app") ? held.at("app") : 0;
      ASSERT_TRUE(table
                      ->Commit(table->snapshot(), Append("f" + std::to_string(from),
                                                         from == 0 ? std::nullopt : std::optional(from), from + 1))
                      .ok());
    }
  }
  std::shared_ptr<const Snapshot> Fresh() {
    const auto table = Table::Open(store_, "t", &clock_);
    EXPECT_TRUE(table.ok()) << table.status();
    return table.ok() ? (*table)->snapshot() : std::make_shared<Snapshot>();
  }
  std::vector<std::string> LogNames() {
    std::vector<std::string> names;
    for (const auto& info : *store_->List("t/_delta_log/")) {
      const std::string name = info.path.substr(LogFolder("t").size());
      names.push_back(name.substr(std::min(name.find_first_not_of('0'), name.size())));
    }
    return names;
  }
  ManualClock clock_{TimestampMs(1'795'367'120'123)};
  std::shared_ptr<MemoryStore> store_ = std::make_shared<MemoryStore>(&clock_);
};

void ExpectEqual(const Snapshot& a, const Snapshot& b) {
  EXPECT_EQ(a.version, b.version);
  EXPECT_EQ(a.table_id, b.table_id);
  EXPECT_TRUE(a.schema->Equals(*b.schema));
  EXPECT_EQ(a.partition_columns, b.partition_columns);
  EXPECT_EQ(a.properties, b.properties);
  EXPECT_EQ(a.positions, b.positions);
  ASSERT_EQ(a.files.size(), b.files.size());
  for (std::size_t i = 0; i < a.files.size(); ++i) {
    EXPECT_EQ(a.files[i]->path, b.files[i]->path);
    EXPECT_EQ(a.files[i]->partition_values, b.files[i]->partition_values);
    EXPECT_EQ(a.files[i]->size, b.files[i]->size);
    EXPECT_EQ(a.files[i]->modified, b.files[i]->modified);
    EXPECT_EQ(a.files[i]->stats, b.files[i]->stats);
  }
}

TEST_F(CheckpointTest, HoldsTheWholeTable) {
  const auto table = Create();
  Commit(table.get(), 5);
  ASSERT_OK(table->Checkpoint());
  for (int v = 0; v < 5; ++v) ASSERT_OK(store_->Delete(LogEntryPath("t", TableVersion(v))));
  ExpectEqual(*Fresh(), *table->snapshot());
  Commit(table.get(), 2);
  ExpectEqual(*Fresh(), *table->snapshot());
}

TEST_F(CheckpointTest, IsWrittenEverySoManyCommits) {
  const auto table = Create(4);
  Commit(table.get(), 9);
  EXPECT_TRUE(store_->Get(CheckpointPath("t", TableVersion(4))).ok());
  EXPECT_TRUE(store_->Get(CheckpointPath("t", TableVersion(8))).ok());
  EXPECT_TRUE(store_->Get(CheckpointPath("t", TableVersion(9))).status().IsKeyError());
  EXPECT_THAT(*store_->Get(LastCheckpointPath("t")), HasSubstr(R"({"version":8,"size":11,)"));
  EXPECT_THAT(*store_->Get(LastCheckpointPath("t")), HasSubstr(R"("numOfAddFiles":8)"));
}

TEST_F(CheckpointTest, TheLastCheckpointNeverGoesBack) {
  const auto slow = Create();
  Commit(slow.get(), 2);
  const auto fast = Create();
  Commit(fast.get(), 2);
  ASSERT_OK(fast->Checkpoint());
  ASSERT_OK(slow->Checkpoint());
  EXPECT_THAT(*store_->Get(LastCheckpointPath("t")), HasSubstr(R"("version":4,)"));
  EXPECT_EQ(Fresh()->version, TableVersion(4));
}

TEST_F(CheckpointTest, TheHintMayBeMissingWrongOrDamaged) {
  const auto table = Create(2);
  Commit(table.get(), 5);
  for (const char* hint : {"", "{", "[]", R"({"version":"x"})", R"({"version":-1})", R"({"version":3})",
                           R"({"version":2})", R"({"version":9999})", R"({"version":9223372036854775807})"}) {
    ASSERT_OK(store_->Put(LastCheckpointPath("t"), hint));
    ExpectEqual(*Fresh(), *table->snapshot());
  }
  ASSERT_OK(store_->Delete(LastCheckpointPath("t")));
  ExpectEqual(*Fresh(), *table->snapshot());
}

/// A folder of a week of commits takes a local disk long to list.
TEST_F(CheckpointTest, IsFoundByTheHintWithoutAListing) {
  const auto table = Create(4);
  Commit(table.get(), 9);
  const auto faulty = std::make_shared<FaultyStore>(store_);
  faulty->set_hook([](const StoreCall& call) { EXPECT_NE(call.operation, "List"); });
  const auto opened = Table::Open(faulty, "t", &clock_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  ExpectEqual(*(*opened)->snapshot(), *table->snapshot());
  EXPECT_LE(faulty->calls(), 5) << "hint, checkpoint, entry 9, the end, a look whether it is the end";
}

TEST_F(CheckpointTest, ALogThatIsCleanedWhileItIsOpenedIsReadToItsEnd) {
  const auto table = Create(4);
  Commit(table.get(), 5);
  const auto faulty = std::make_shared<FaultyStore>(store_);
  faulty->set_hook([&, once = std::make_shared<bool>(true)](const StoreCall& call) {
    if (call.path != LogEntryPath("t", TableVersion(5)) || !std::exchange(*once, false)) return;
    Commit(table.get(), 3);  // writes checkpoint 8; then a clean-up takes what lies before it
    for (int v = 0; v < 8; ++v) {
      ASSERT_OK(store_->Delete(CheckpointPath("t", TableVersion(v))));
      ASSERT_OK(store_->Delete(LogEntryPath("t", TableVersion(v))));
    }
  });
  const auto opened = Table::Open(faulty, "t", &clock_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ((*opened)->snapshot()->version, TableVersion(8));
}

TEST_F(CheckpointTest, RemembersRemovedFilesForAWeek) {
  const auto table = Create();
  Commit(table.get(), 2);
  const auto remove = [&](const char* name) {
    Transaction txn;
    txn.removes = {FakeFile(name)};
    ASSERT_TRUE(table->Commit(table->snapshot(), txn).ok());
  };
  remove("f0");
  clock_.Advance(hours(24 * 6));
  remove("f1");
  clock_.Advance(hours(25));
  ASSERT_OK(table->Checkpoint());
  LogEntry actions;
  ASSERT_OK(ReadCheckpointFile(*store_->Get(CheckpointPath("t", TableVersion(4))), "c", &actions));
  ASSERT_EQ(actions.removes.size(), 1u);
  EXPECT_THAT(actions.removes[0].path, HasSubstr("f1"));
  EXPECT_EQ(actions.removes[0].size, 100);
  EXPECT_TRUE(actions.adds.empty());
}

TEST(TombstoneRetention, IsATableProperty) {
  const auto retention = [](const std::string& text) {
    Metadata metadata;
    metadata.configuration = {{"delta.deletedFileRetentionDuration", text}};
    return TombstoneRetention(metadata);
  };
  EXPECT_EQ(TombstoneRetention({}), std::chrono::weeks(1));
  EXPECT_EQ(retention("interval 2 weeks"), std::chrono::weeks(2));
  EXPECT_EQ(retention("interval 1 day"), hours(24));
  EXPECT_EQ(retention("30 minutes"), std::chrono::minutes(30));
  EXPECT_EQ(retention("interval 0 seconds"), std::chrono::seconds(0));
  for (const char* odd : {"", "soon", "interval -3 days", "interval 9999999999999 days", "interval 3 moons"}) {
    EXPECT_EQ(retention(odd), std::chrono::weeks(1)) << odd;
  }
}

TEST_F(CheckpointTest, CleaningDeletesWhatIsOldAndCoveredAndNothingElse) {
  const auto table = Create();
  Commit(table.get(), 3);  // versions 0 to 3
  ASSERT_OK(table->Checkpoint());
  Commit(table.get(), 2);  // 4 and 5, as old, and behind no checkpoint that is old
  clock_.Advance(hours(25));
  Commit(table.get(), 1);
  ASSERT_OK(table->Checkpoint());
  EXPECT_THAT(LogNames(), ElementsAre("3.checkpoint.parquet", "3.json", "4.json", "5.json", "6.checkpoint.parquet",
                                      "6.json", "_last_checkpoint"))
      << "versions of the last day can still be read";
  ExpectEqual(*Fresh(), *table->snapshot());
  clock_.Advance(hours(25));
  ASSERT_OK(table->Checkpoint());
  EXPECT_THAT(LogNames(), ElementsAre("6.checkpoint.parquet", "6.json", "_last_checkpoint"));
  ExpectEqual(*Fresh(), *table->snapshot());
}

TEST_F(CheckpointTest, AReaderThatFellBehindTheCleaningCatchesUp) {
  const auto table = Create();
  const auto reader = Create();
  Commit(table.get(), 3);
  clock_.Advance(hours(25));
  ASSERT_OK(table->Checkpoint());
  EXPECT_TRUE(store_->Get(LogEntryPath("t", TableVersion(0))).status().IsKeyError());
  ASSERT_TRUE(reader->Refresh().ok()) << reader->Refresh().status();
  ExpectEqual(*reader->snapshot(), *table->snapshot());
}

TEST_F(CheckpointTest, ADamagedCheckpointIsInvalidNamingIt) {
  const auto table = Create();
  Commit(table.get(), 3);
  ASSERT_OK(table->Checkpoint());
  const std::string path = CheckpointPath("t", TableVersion(3));
  const std::string bytes = *store_->Get(path);
  for (const std::size_t size : {std::size_t{0}, bytes.size() / 2, bytes.size() - 1}) {
    ASSERT_OK(store_->Put(path, bytes.substr(0, size)));
    const auto opened = Table::Open(store_, "t", &clock_);
    EXPECT_TRUE(opened.status().IsInvalid()) << opened.status();
    EXPECT_THAT(opened.status().message(), HasSubstr(path + " is damaged"));
  }
}

/// Rewrites a checkpoint as several parts, as Spark does for large tables.
void SplitCheckpoint(ObjectStore* store, TableVersion version, std::int64_t parts) {
  LogEntry all;
  ASSERT_OK(ReadCheckpointFile(*store->Get(CheckpointPath("t", version)), "c", &all));
  for (std::int64_t part = 1; part <= parts; ++part) {
    LogEntry some;
    if (part == 1) {
      some = all;
      some.adds.clear();
    }
    for (std::size_t i = 0; i < all.adds.size(); ++i) {
      if (static_cast<std::int64_t>(i) % parts == part - 1) some.adds.push_back(all.adds[i]);
    }
    ASSERT_OK(store->Put(CheckpointPartPath("t", version, part, parts), *WriteCheckpointFile(some)));
  }
  ASSERT_OK(store->Delete(CheckpointPath("t", version)));
}

TEST_F(CheckpointTest, SeveralPartsAreOneCheckpointIfAllAreThere) {
  const auto table = Create();
  Commit(table.get(), 7);
  ASSERT_OK(table->Checkpoint());
  SplitCheckpoint(store_.get(), TableVersion(7), 3);
  for (int v = 0; v < 7; ++v) ASSERT_OK(store_->Delete(LogEntryPath("t", TableVersion(v))));
  EXPECT_EQ(Fresh()->files.size(), 7u);
  EXPECT_EQ(Fresh()->positions.at("app"), 7);
  ASSERT_OK(store_->Delete(CheckpointPartPath("t", TableVersion(7), 2, 3)));
  const auto incomplete = Table::Open(store_, "t", &clock_);
  EXPECT_TRUE(incomplete.status().IsInvalid()) << incomplete.status();
  EXPECT_THAT(incomplete.status().message(), HasSubstr("no complete checkpoint"));
}

TEST_F(CheckpointTest, ACheckpointWithOddTypesIsInvalidNotACrash) {
  const auto schema = arrow::schema({arrow::field("add", arrow::int64()), arrow::field("txn", arrow::utf8())});
  const auto table = arrow::Table::Make(schema, {arrow::MakeArrayOfNull(arrow::int64(), 1).ValueOrDie(),
                                                 arrow::MakeArrayOfNull(arrow::utf8(), 1).ValueOrDie()});
  const auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  ASSERT_OK(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink));
  LogEntry actions;
  EXPECT_TRUE(ReadCheckpointFile(sink->Finish().ValueOrDie()->ToString(), "c", &actions).ok())
      << "no action of a known kind";
  EXPECT_TRUE(actions.adds.empty());
}

}  // namespace
}  // namespace pregao::lake
