/// Opening, creating and upgrading tables; logs that are damaged.
#include "lake/table.h"

#include "lake/faulty_store.h"
#include "lake/log_path.h"
#include "lake/memory_store.h"

#include "test/lake_tools.h"

namespace pregao::lake {
namespace {

using test::Append;
using test::FakeFile;
using test::FileNames;
using test::Impatient;
using test::QuoteSpec;
using testing::ElementsAre;
using testing::HasSubstr;

class TableTest : public testing::Test {
 protected:
  Result<std::shared_ptr<Table>> Open() { return Table::Open(store_, "t", &clock_, Impatient()); }
  Result<std::shared_ptr<Table>> Create(const TableSpec& spec = QuoteSpec()) {
    return Table::OpenOrCreate(store_, "t", spec, &clock_, Impatient());
  }
  /// A table of `commits` versions after the first.
  std::shared_ptr<Table> CreateWith(int commits) {
    auto table = Create().ValueOrDie();
    for (int i = 0; i < commits; ++i) {
      Transaction txn;
      txn.adds = {FakeFile("f" + std::to_string(i))};
      EXPECT_TRUE(table->Commit(table->snapshot(), txn).ok());
    }
    return table;
  }
  void ExpectInvalid(const std::string& message) {
    const auto table = Open();
    EXPECT_TRUE(table.status().IsInvalid()) << table.status();
    EXPECT_THAT(table.status().message(), HasSubstr(message));
  }
  std::string Entry(std::int64_t version) { return LogEntryPath("t", TableVersion(version)); }

  ManualClock clock_{TimestampMs(1000)};
  std::shared_ptr<MemoryStore> store_ = std::make_shared<MemoryStore>(&clock_);
};

TEST_F(TableTest, WhereThereIsNoneOpenIsAKeyError) {
  EXPECT_TRUE(Open().status().IsKeyError()) << Open().status();
  EXPECT_THAT(Open().status().message(), HasSubstr("memory://"));
}

TEST_F(TableTest, CreatingWritesTheFirstVersion) {
  const auto table = Create();
  ASSERT_TRUE(table.ok()) << table.status();
  const auto snapshot = (*table)->snapshot();
  EXPECT_EQ(snapshot->version, TableVersion(0));
  EXPECT_TRUE(snapshot->schema->Equals(*test::QuoteSchema()));
  EXPECT_EQ(snapshot->partition_columns, std::vector<std::string>{"date"});
  EXPECT_EQ(snapshot->properties, QuoteSpec().properties);
  EXPECT_THAT(*store_->Get(Entry(0)), HasSubstr(R"({"protocol":{"minReaderVersion":1,"minWriterVersion":2}})"));
}

TEST_F(TableTest, CreatingAgainOpens) {
  const std::string id = Create().ValueOrDie()->snapshot()->table_id;
  EXPECT_EQ(Create().ValueOrDie()->snapshot()->table_id, id);
  EXPECT_EQ(Create().ValueOrDie()->snapshot()->version, TableVersion(0));
}

TEST_F(TableTest, OfRivalCreatorsOneWinsAndBothOpenIt) {
  const auto faulty = std::make_shared<FaultyStore>(store_);
  std::string rival_id;
  faulty->set_hook([&](const StoreCall& call) {
    if (call.operation == "PutIfAbsent" && rival_id.empty()) rival_id = Create().ValueOrDie()->snapshot()->table_id;
  });
  const auto table = Table::OpenOrCreate(faulty, "t", QuoteSpec(), &clock_, Impatient());
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->snapshot()->table_id, rival_id);
}

TEST_F(TableTest, ATableMayLieAtTheRootOfItsStore) {
  const auto table = Table::OpenOrCreate(store_, "", QuoteSpec(), &clock_);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_TRUE(store_->Get("_delta_log/00000000000000000000.json").ok());
}

TEST_F(TableTest, ASpecThatMakesNoSenseIsInvalid) {
  TableSpec spec = QuoteSpec();
  spec.partition_columns = {"nowhere"};
  EXPECT_TRUE(Create(spec).status().IsInvalid());
  EXPECT_TRUE(Table::Open(store_, "../t", &clock_).status().IsInvalid());
  TableOptions options;
  options.checkpoint_every = 0;
  EXPECT_TRUE(Table::Open(store_, "t", &clock_, options).status().IsInvalid());
}

TEST_F(TableTest, AnOlderSchemaGetsTheMissingColumns) {
  ASSERT_TRUE(Create().ok());
  TableSpec newer = QuoteSpec();
  newer.schema = newer.schema->AddField(2, arrow::field("currency", arrow::utf8())).ValueOrDie();
  newer.properties["pregao.schema"] = "2";
  const auto table = Create(newer);
  ASSERT_TRUE(table.ok()) << table.status();
  for (const auto& snapshot : {(*table)->snapshot(), Open().ValueOrDie()->snapshot()}) {
    EXPECT_EQ(snapshot->version, TableVersion(1));
    EXPECT_EQ(snapshot->schema->field_names().back(), "currency") << "added at the end";
    EXPECT_EQ(snapshot->properties.at("pregao.schema"), "2");
  }
  EXPECT_EQ(Create(newer).ValueOrDie()->snapshot()->version, TableVersion(1)) << "once";
}

TEST_F(TableTest, ANewerSchemaIsRefused) {
  TableSpec newer = QuoteSpec();
  newer.properties["pregao.schema"] = "2";
  ASSERT_TRUE(Create(newer).ok());
  const auto table = Create();
  EXPECT_TRUE(table.status().IsNotImplemented());
  EXPECT_THAT(table.status().message(), HasSubstr("use a newer pregao"));
}

TEST_F(TableTest, ATableOfAnotherShapeIsRefusedNamingTheDifference) {
  ASSERT_TRUE(Create().ok());
  const auto refuse = [&](const TableSpec& spec, const std::string& message) {
    const auto table = Create(spec);
    EXPECT_TRUE(table.status().IsInvalid()) << table.status();
    EXPECT_THAT(table.status().message(), HasSubstr(message));
  };
  TableSpec other = QuoteSpec();
  other.partition_columns = {"date", "ticker"};
  refuse(other, "partitioned by date, not by date, ticker");
  other = QuoteSpec();
  other.schema = other.schema->SetField(2, arrow::field("price", arrow::utf8())).ValueOrDie();
  refuse(other, "column 'price' has type double where string is expected");
  other = QuoteSpec();
  other.schema = other.schema->AddField(0, arrow::field("new", arrow::utf8())).ValueOrDie();
  refuse(other, "lacks column 'new'");
  other.schema = other.schema->SetField(0, arrow::field("new", arrow::utf8(), false)).ValueOrDie();
  other.properties["pregao.schema"] = "2";
  refuse(other, "'new' cannot be added: it is not nullable");
}

TEST_F(TableTest, AnUpgradeWhoseAnswerIsLostHappensOnce) {
  ASSERT_TRUE(Create().ok());
  TableSpec newer = QuoteSpec();
  newer.properties["pregao.schema"] = "2";
  const auto faulty = std::make_shared<FaultyStore>(store_);
  faulty->set_hook([&](const StoreCall& call) {
    if (call.operation == "PutIfAbsent") faulty->FailAt(call.number + 1, StoreFault::kError);
  });
  ASSERT_TRUE(Table::OpenOrCreate(faulty, "t", newer, &clock_, Impatient()).ok());
  EXPECT_EQ(Open().ValueOrDie()->snapshot()->version, TableVersion(1));
}

TEST_F(TableTest, SettingPropertiesThatHoldCostsNoCommit) {
  const auto table = Create().ValueOrDie();
  ASSERT_OK(table->SetProperties({{"pregao.owner", "embedded"}}));
  EXPECT_EQ(table->snapshot()->version, TableVersion(0));
  ASSERT_OK(table->SetProperties({{"pregao.owner", "spark"}}));
  EXPECT_EQ(Open().ValueOrDie()->snapshot()->properties.at("pregao.owner"), "spark");
}

TEST_F(TableTest, RefreshReadsOnlyWhatIsNew) {
  const auto writer = CreateWith(5);
  const auto faulty = std::make_shared<FaultyStore>(store_);
  const auto reader = Table::Open(faulty, "t", &clock_).ValueOrDie();
  Transaction txn;
  txn.adds = {FakeFile("new")};
  ASSERT_TRUE(writer->Commit(writer->snapshot(), txn).ok());
  faulty->Reset();
  std::vector<std::string> calls;
  faulty->set_hook(
      [&](const StoreCall& call) { calls.push_back(std::string(call.operation) + " " + std::string(call.path)); });
  EXPECT_EQ((*reader->Refresh())->version, TableVersion(6));
  EXPECT_THAT(calls, ElementsAre("Get " + Entry(6), "Get " + Entry(7)));
  EXPECT_EQ(FileNames(*reader->snapshot()).back(), "new");
}

TEST_F(TableTest, SnapshotsStayAsTheyWere) {
  const auto table = CreateWith(2);
  const auto before = table->snapshot();
  ASSERT_TRUE(table->Commit(before, Append("new", std::nullopt, 1)).ok());
  EXPECT_THAT(FileNames(*before), ElementsAre("f0", "f1"));
  EXPECT_TRUE(before->positions.empty());
}

TEST_F(TableTest, AReplacedTableIsAnError) {
  const auto table = CreateWith(2);
  for (const auto& info : *store_->List("t/")) ASSERT_OK(store_->Delete(info.path));
  EXPECT_FALSE(table->Refresh().ok());
  CreateWith(1);
  const auto refreshed = table->Refresh();
  EXPECT_TRUE(refreshed.status().IsInvalid()) << refreshed.status();
  EXPECT_THAT(refreshed.status().message(), HasSubstr("replaced"));
}

TEST_F(TableTest, AGapInTheLogIsInvalidNamingTheMissingFile) {
  CreateWith(5);
  ASSERT_OK(store_->Delete(Entry(3)));
  ExpectInvalid(Entry(3) + " is missing, but version 5 is there");
}

TEST_F(TableTest, ALogWithoutItsBeginningIsInvalid) {
  CreateWith(5);
  ASSERT_OK(store_->Delete(Entry(0)));
  ExpectInvalid("begins with version 1 and has no complete checkpoint");
}

TEST_F(TableTest, ADamagedEntryIsInvalidNamingFileAndLine) {
  CreateWith(2);
  ASSERT_OK(store_->Put(Entry(2), "{\"commitInfo\":{}}\n{\"add\":{\"path\":"));
  ExpectInvalid(Entry(2) + ", line 2: not JSON");
  ASSERT_OK(store_->Put(Entry(2), ""));
  ExpectInvalid(Entry(2) + " is empty");
}

TEST_F(TableTest, ALogThatNeverSaysWhatTheTableIsIsInvalid) {
  ASSERT_OK(store_->Put(Entry(0), "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"));
  ExpectInvalid("no metaData");
  ASSERT_OK(store_->Put(Entry(0), R"({"metaData":{"id":"x","schemaString":"{\"type\":\"struct\",\"fields\":[]}"}})"));
  ExpectInvalid("no protocol");
  ASSERT_OK(store_->Put(Entry(0), R"({"metaData":{"id":"x","schemaString":"nonsense"}})"));
  ExpectInvalid(Entry(0) + ": schema: not JSON");
}

TEST_F(TableTest, TablesThatWeCannotReadAreNotImplemented) {
  CreateWith(1);
  const auto refuse = [&](const std::string& action, const std::string& message) {
    ASSERT_OK(store_->Put(Entry(2), action + "\n"));
    EXPECT_TRUE(Open().status().IsNotImplemented()) << Open().status();
    EXPECT_THAT(Open().status().message(), HasSubstr(message));
  };
  refuse(
      R"({"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["columnMapping","v2Checkpoint"]}})",
      "columnMapping, v2Checkpoint");
  refuse(
      R"({"metaData":{"id":"x","schemaString":"{\"fields\":[]}","configuration":{"delta.columnMapping.mode":"name"}}})",
      "delta.columnMapping.mode = name");
  refuse(
      R"({"metaData":{"id":"x","schemaString":"{\"fields\":[{\"name\":\"v\",\"nullable\":true,\"type\":\"variant\"}]}"}})",
      "column 'v' has type 'variant'");
}

TEST_F(TableTest, StrayFilesInTheLogFolderAreIgnored) {
  CreateWith(1);
  for (const char* name : {"00000000000000000001.crc", ".00000000000000000009.json.tmp", "x.json", "_commits/5.json",
                           "99999999999999999999.json", "00000000000000000001.4f.compacted.json"}) {
    ASSERT_OK(store_->Put(std::string("t/_delta_log/") + name, "stray"));
  }
  EXPECT_EQ(Open().ValueOrDie()->snapshot()->version, TableVersion(1));
}

}  // namespace
}  // namespace pregao::lake
