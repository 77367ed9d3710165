/// What the audit finds, on tables that are broken on purpose.
#include "query/audit.h"

#include <arrow/table.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "medallion/schema.h"
#include "query/database.h"
#include "query/offset_index.h"
#include "query/view_sql.h"
#include "topic/memory_topic.h"

namespace pregao::query {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// The three tables in a database in memory, of which the audit covers offsets [0, limit) of partition 0.
class MemoryTables final : public AuditTables, private medallion::KeyLookup {
 public:
  MemoryTables() {
    for (const auto& [name, schema] :
         {std::pair("bronze", medallion::BronzeSchema()), std::pair("silver", medallion::SilverSchema()),
          std::pair("quarantine", medallion::QuarantineSchema())}) {
      std::string columns;
      for (const auto& field : schema->fields()) {
        columns +=
            (columns.empty() ? "" : ", ") + QuoteName(field->name()) + " " + SqlType(*field->type()).ValueOrDie();
      }
      Execute(fmt::format("CREATE TABLE {} ({})", name, columns));
    }
  }
  void Execute(const std::string& sql) { ASSERT_TRUE(database_->Execute(sql).ok()) << sql; }

  Result<std::vector<PartitionAudit>> Limits() override {
    return std::vector<PartitionAudit>{{topic, generation, 0, limit, 0, 0, 0, 0, lost}};
  }
  bool Has(const std::string& table) const override { return table != "bronze" || has_bronze; }
  medallion::KeyLookup* lookup() override { return this; }
  Status Each(const std::string& sql, const std::shared_ptr<arrow::Schema>& schema, const OnRow& on_row) override {
    ++queries;
    TRY_ASSIGN(const auto table, QueryAll(database_.get(), sql));
    EXPECT_EQ(table->num_columns(), schema->num_fields()) << sql;
    arrow::TableBatchReader reader(*table);
    for (std::shared_ptr<arrow::RecordBatch> batch;;) {
      TRY(reader.ReadNext(&batch));
      if (!batch) return Status::OK();
      for (std::int64_t i = 0; i < batch->num_rows(); ++i) TRY(on_row(*batch, i));
    }
  }
  std::string Table(const std::string& table) const override { return table; }
  std::string Column(const std::string& name) const override { return QuoteName(name); }
  std::string Text(const std::string& text) const override { return QuoteText(text); }
  std::string Millis(const std::string& column) const override { return "epoch_ms(" + QuoteName(column) + ")"; }
  std::string Micros(const std::string& column) const override { return "epoch_us(" + QuoteName(column) + ")"; }

  std::string topic = "quotes", generation;
  std::int64_t limit = 0, lost = 0;
  bool has_bronze = true;
  int queries = 0;

 private:
  Result<std::vector<medallion::KeyedRow>> Find(const std::vector<medallion::KeyedRow>&) override {
    std::string columns;
    for (const auto& name : medallion::IdentityColumns()) columns += (columns.empty() ? "" : ", ") + QuoteName(name);
    TRY_ASSIGN(const auto rows, QueryAll(database_.get(), "SELECT " + columns + " FROM silver"));
    return medallion::HashRows(*rows);
  }
  const std::unique_ptr<Database> database_ = Database::Open().ValueOrDie();
};

class AuditTest : public ::testing::Test {
 protected:
  static constexpr std::int64_t kT0 = 1'790'000'000'123;  // 2026-09-21T14:13:20.123Z

  AuditTest() {
    tables_.generation = topic_.info().generation;
    Send(0);          // 0: a row
    Send(1);          // 1: a row
    Send(0);          // 2: a duplicate of it
    Send("no json");  // 3
    Send(2);          // 4: a row
    for (const int n : {0, 1, 4}) Silver(n == 4 ? 2 : n, n);
    Quarantine(3, "malformed", "no json");
    tables_.limit = 5;
  }

  static std::string Quote(int n) { return fmt::format(R"({{"ticker":"T","price":10.5,"time":{}}})", kT0 + n); }
  void Send(int n) { Send(Quote(n)); }
  /// A record into the topic and into Bronze.
  void Send(const std::string& value) {
    ASSERT_TRUE(writer_->Append(std::vector<topic::NewRecord>{{"T", value, TimestampMs(kT0), {}}}).ok());
    Raw("bronze", "topic, partition, \"offset\", \"timestamp\", key, value, date", sent_++, "", value);
  }
  void Raw(const std::string& table, const std::string& columns, std::int64_t offset, const std::string& more,
           const std::string& value) {
    tables_.Execute(
        fmt::format("INSERT INTO {} ({}) VALUES ({}'quotes', 0, {}, make_timestamptz({}), 'T'::BLOB, "
                    "{}::BLOB, DATE '2026-09-21')",
                    table, columns, more, offset, kT0 * 1000, QuoteText(value)));
  }
  void Quarantine(std::int64_t offset, const std::string& reason, const std::string& value) {
    Raw("quarantine", "reason, detail, topic, partition, \"offset\", \"timestamp\", key, value, date", offset,
        QuoteText(reason) + ", '', ", value);
  }
  void Silver(int n, std::int64_t offset) {
    tables_.Execute(
        fmt::format("INSERT INTO silver (ticker, event_time, price, topic, partition, \"offset\", date) "
                    "VALUES ('T', make_timestamptz({}), 10.5, 'quotes', 0, {}, DATE '2026-09-21')",
                    (kT0 + n) * 1000, offset));
  }

  /// The findings as "kind offset".
  std::vector<std::string> Found(AuditLosses* losses = nullptr) {
    const auto reader = with_topic_ ? topic_.NewReader("audit") : nullptr;
    report_ = Audit(&tables_, reader.get(), losses).ValueOrDie();
    std::vector<std::string> found;
    for (const Finding& f : report_.findings) found.push_back(fmt::format("{} {}", f.kind, f.offset));
    EXPECT_EQ(report_.found, static_cast<std::int64_t>(found.size()));
    std::ranges::sort(found);
    return found;
  }

  topic::MemoryTopic topic_{1};
  const std::unique_ptr<topic::TopicWriter> writer_ = topic_.NewWriter();
  std::int64_t sent_ = 0;
  bool with_topic_ = true;
  MemoryTables tables_;
  AuditReport report_;
};

TEST_F(AuditTest, EveryRecordHasItsRowItsVerdictOrTheRowThatItRepeats) {
  for (const bool bronze : {true, false}) {
    tables_.has_bronze = bronze;
    EXPECT_THAT(Found(), IsEmpty());
    EXPECT_EQ(report_.from_bronze, bronze);
    EXPECT_TRUE(report_.from_topic);
    const auto& p = report_.partitions.at(0);
    EXPECT_EQ(p.silver, 3);
    EXPECT_EQ(p.quarantine, 1);
    EXPECT_EQ(p.duplicates, 1);
    EXPECT_EQ(p.bronze, bronze ? 5 : 0);
  }
}

TEST_F(AuditTest, ARowThatIsGoneIsMissingAndTheRecordThatRepeatsIt) {
  tables_.Execute("DELETE FROM silver WHERE \"offset\" = 0");
  AuditLosses losses;
  EXPECT_THAT(Found(&losses), ElementsAre("missing 0", "missing 2"));
  EXPECT_EQ(losses.missing_in_bronze.size(), 2u);
  tables_.has_bronze = false;
  losses = {};
  EXPECT_THAT(Found(&losses), ElementsAre("missing 0", "missing 2"));
  EXPECT_EQ(losses.missing_in_topic.size(), 2u);
  EXPECT_THAT(losses.missing_in_bronze, IsEmpty());
}

TEST_F(AuditTest, AVerdictThatIsGoneIsMissing) {
  tables_.Execute("DELETE FROM quarantine");
  EXPECT_THAT(Found(), ElementsAre("missing 3"));
  EXPECT_THAT(report_.findings[0].detail, HasSubstr("belongs in quarantine (malformed"));
}

TEST_F(AuditTest, WhatStandsTwiceIsFound) {
  Silver(1, 1);
  EXPECT_THAT(Found(), ElementsAre("doubled_offset 1", "doubled_row -1"));
  EXPECT_THAT(report_.findings[1].detail, HasSubstr("T at 2026-09-21 14:13:20.124000 stands 2 times"));
}

TEST_F(AuditTest, OneQuoteByTwoRecordsIsADoubledRow) {
  Silver(0, 2);
  EXPECT_THAT(Found(), ElementsAre("doubled_row -1"));
}

TEST_F(AuditTest, ARecordHasOneFateAndStandsInBronze) {
  Quarantine(4, "bad_price", Quote(2));
  EXPECT_THAT(Found(), ElementsAre("two_fates 4"));
  tables_.Execute("DELETE FROM quarantine WHERE \"offset\" = 4");
  tables_.Execute("DELETE FROM bronze WHERE \"offset\" = 4");
  EXPECT_THAT(Found(), ElementsAre("not_in_bronze 4", "unexpected 4"));
}

TEST_F(AuditTest, WhatRetentionTookUnreadIsAHoleInBronzeOfATopicWhoseOffsetsHaveNone) {
  for (const std::string table : {"bronze", "silver", "quarantine"}) {
    tables_.Execute("DELETE FROM " + table + " WHERE \"offset\" IN (1, 2, 4)");
  }
  EXPECT_THAT(Found(), ElementsAre("missing 1", "missing 4", "not_in_bronze 1", "not_in_bronze 2", "not_in_bronze 4"))
      << "the topic still has it: that can be repaired";
  topic_.DropBelow(Partition(0), Offset(5));
  EXPECT_THAT(Found(), ElementsAre("lost 1", "lost 4"));
  EXPECT_EQ(report_.partitions.at(0).lost, 3);
  EXPECT_THAT(report_.findings[0].detail, HasSubstr("2 offsets from here on"));
}

TEST_F(AuditTest, WhatRetentionTookUnreadIsTheEnginesOwnCountWhereHolesTellNothing) {
  tables_.lost = 7;
  tables_.generation = "pVlSzKdLQ0yzvTW2pgWmNg";  // as Kafka's topic ids
  with_topic_ = false;
  EXPECT_THAT(Found(), ElementsAre("lost -1"));
  EXPECT_THAT(report_.findings[0].detail, HasSubstr("7 offsets"));
  EXPECT_EQ(report_.partitions.at(0).lost, 7);
  tables_.generation = topic_.info().generation;
  with_topic_ = true;
  EXPECT_THAT(Found(), IsEmpty()) << "Bronze has no hole";
  tables_.has_bronze = false;
  EXPECT_THAT(Found(), ElementsAre("lost -1"));
}

TEST_F(AuditTest, WhatIsBehindThePositionsIsNotJudged) {
  EXPECT_THAT(Found(), IsEmpty());
  EXPECT_EQ(report_.unread, 0);
  Send(7);
  Send(8);
  Silver(8, 9);
  EXPECT_THAT(Found(), IsEmpty());
  EXPECT_EQ(report_.unread, 2);
  topic_.DropBelow(Partition(0), Offset(6));
  EXPECT_THAT(Found(), IsEmpty());
  EXPECT_EQ(report_.unread, 1) << "the topic has the other no longer";
}

TEST_F(AuditTest, WhatRepeatsARefusedRowIsItsDuplicate) {
  tables_.Execute("DELETE FROM silver WHERE \"offset\" = 0");
  Quarantine(0, "refused", Quote(0));
  EXPECT_THAT(Found(), IsEmpty());
  EXPECT_EQ(report_.partitions.at(0).duplicates, 1);
  tables_.Execute("UPDATE quarantine SET reason = 'bad_time' WHERE \"offset\" = 0");
  EXPECT_THAT(Found(), ElementsAre("missing 2"));
}

TEST_F(AuditTest, TablesOfAnotherTopicAreNotCalledClean) {
  const std::string generation = tables_.generation;
  for (const bool bronze : {true, false}) {
    tables_.has_bronze = bronze;
    for (const bool renamed : {true, false}) {
      tables_.topic = renamed ? "other" : "quotes";
      tables_.generation = renamed ? generation : "made-anew";
      const auto reader = topic_.NewReader("audit");
      const auto audit = Audit(&tables_, reader.get());
      ASSERT_TRUE(audit.status().IsInvalid()) << bronze << renamed;
      EXPECT_THAT(audit.status().message(), HasSubstr("--topic"));
    }
  }
}

TEST_F(AuditTest, WithoutATopicBronzeIsFollowedAlone) {
  with_topic_ = false;
  EXPECT_THAT(Found(), IsEmpty());
  EXPECT_TRUE(report_.from_bronze);
  EXPECT_FALSE(report_.from_topic);
}

TEST_F(AuditTest, RecordsAreReadOutOfBronzeOnceAndInOrder) {
  Raw("bronze", "topic, partition, \"offset\", \"timestamp\", key, value, date", 1, "", Quote(1));
  tables_.Execute("UPDATE bronze SET value = NULL, \"timestamp\" = NULL WHERE \"offset\" = 4");
  std::vector<std::string> seen;
  const std::vector<RecordId> places = {{"quotes", 0, 4}, {"quotes", 0, 1}, {"quotes", 0, 77}};
  ASSERT_TRUE(VisitBronze(&tables_, places, [&](const std::string& topic, const medallion::Record& r) {
                seen.push_back(fmt::format("{} {} {} {}", topic, r.offset, r.timestamp_ms, r.value.value_or("null")));
                return Status::OK();
              }).ok());
  EXPECT_THAT(seen, ElementsAre(fmt::format("quotes 1 {} {}", kT0, Quote(1)), "quotes 4 -1 null"));
}

TEST_F(AuditTest, OffsetsAreFetchedByRunsAMillionAtATime) {
  const std::int64_t far = OffsetIndex::kBlock;
  Silver(9, far - 1);
  Silver(10, far);
  Silver(11, far);  // twice: a run does not reach over the hole behind it
  Silver(12, far + 2);
  OffsetIndex index(&tables_, "silver", "quotes");
  const auto has = [&](std::int64_t offset) { return index.Has(0, offset).ValueOrDie(); };
  EXPECT_TRUE(has(0) && has(1) && !has(2) && !has(3) && has(4) && !has(5) && !has(far - 2) && has(far - 1));
  EXPECT_EQ(tables_.queries, 1);
  EXPECT_TRUE(has(far) && !has(far + 1) && has(far + 2) && !has(far + 3));
  EXPECT_EQ(tables_.queries, 2);
  EXPECT_FALSE(index.Has(1, 0).ValueOrDie());
  EXPECT_FALSE(OffsetIndex(&tables_, "silver", "other").Has(0, 0).ValueOrDie());
}

}  // namespace
}  // namespace pregao::query
