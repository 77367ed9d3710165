#include "query/audit.h"

#include <algorithm>
#include <arrow/array.h>
#include <chrono>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <map>
#include <set>

#include "query/audit_records.h"
#include "query/offset_index.h"
#include "topic/rules.h"

namespace pregao::query {
namespace {

const std::shared_ptr<arrow::Schema>& TextAndTwoNumbers() {
  static const auto columns = arrow::schema({arrow::field("text", arrow::utf8()), arrow::field("first", arrow::int64()),
                                             arrow::field("second", arrow::int64())});
  return columns;
}

std::string TimeText(std::int64_t micros) {
  const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds(micros)};
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%F %T}.{:06}", second, (time - second).count());
}

class Auditor {
 public:
  Auditor(AuditTables* tables, topic::TopicReader* topic, AuditLosses* losses)
      : tables_(tables), topic_(topic), losses_(losses) {}

  Result<AuditReport> Run() {
    TRY_ASSIGN(report_.partitions, tables_->Limits());
    bronze_ = tables_->Has("bronze");
    quarantine_ = tables_->Has("quarantine");
    if (!bronze_ && topic_ == nullptr) {
      return Status::Invalid("there is nothing to audit against: there is no Bronze, and no topic was given");
    }
    TRY(CountRows());
    TRY(FindDoubles());
    if (bronze_) TRY(FollowBronze());
    if (topic_ != nullptr) TRY(FollowTopic());
    TRY(FindLost());
    return std::move(report_);
  }

 private:
  Status Each(const std::string& sql, const AuditTables::OnRow& row) {
    return tables_->Each(sql, TextAndTwoNumbers(), row);
  }

  void Add(Finding finding) {
    ++report_.found;
    if (++shown_[finding.kind] <= AuditReport::kShown) report_.findings.push_back(std::move(finding));
  }

  void Lose(std::vector<RecordId> AuditLosses::*lost, RecordId record) {
    if (losses_ != nullptr) (losses_->*lost).push_back(std::move(record));
  }

  /// "(topic = 'quotes' AND partition = 0 AND offset < 7) OR …": the rows that the audit covers, so that those which
  /// come while we look are left out.
  std::string Covered() const {
    std::string sql;
    for (const auto& p : report_.partitions) {
      sql += fmt::format("{}(topic = {} AND {} = {} AND {} < {})", sql.empty() ? "(" : " OR ", tables_->Text(p.topic),
                         partition_, p.partition, offset_, p.limit);
    }
    return sql.empty() ? "false" : sql + ")";
  }

  /// "SELECT … FROM silver": the place of each row.
  std::string PlacesIn(const std::string& table) const {
    return fmt::format("SELECT topic, {}, {} FROM {}", partition_, offset_, tables_->Table(table));
  }

  /// " JOIN silver …": rows beside those of `table` with the same place, whose topic is `silver_topic`. (DuckDB keeps
  /// the whole left side of a correlated EXISTS in memory.)
  std::string With(const std::string& table) const {
    return fmt::format(
        " JOIN (SELECT topic AS {0}_topic, {2} AS {0}_partition, {3} AS {0}_offset FROM {1}) AS in_{0} "
        "ON topic = {0}_topic AND {2} = {0}_partition AND {3} = {0}_offset",
        table, tables_->Table(table), partition_, offset_);
  }

  Status CountRows() {
    const auto count = [&](const std::string& table, std::int64_t PartitionAudit::*member) {
      return Each(fmt::format("SELECT topic, {}, COUNT(*) FROM {} WHERE {} GROUP BY 1, 2", partition_,
                              tables_->Table(table), Covered()),
                  [&](const arrow::RecordBatch& batch, std::int64_t row) {
                    for (auto& p : report_.partitions) {
                      if (p.topic == TextAt(batch, 0, row) && p.partition == IntAt(batch, 1, row)) {
                        p.*member = IntAt(batch, 2, row);
                      }
                    }
                    return Status::OK();
                  });
    };
    TRY(count("silver", &PartitionAudit::silver));
    if (quarantine_) TRY(count("quarantine", &PartitionAudit::quarantine));
    if (bronze_) TRY(count("bronze", &PartitionAudit::bronze));
    return Status::OK();
  }

  Status Offsets(const std::string& sql, const std::string& kind, const std::string& detail) {
    return Each(sql, [&](const arrow::RecordBatch& batch, std::int64_t row) {
      Add({kind, TextAt(batch, 0, row), static_cast<std::int32_t>(IntAt(batch, 1, row)), IntAt(batch, 2, row), detail});
      return Status::OK();
    });
  }

  Status FindDoubles() {
    for (const std::string table : {"bronze", "silver", "quarantine"}) {
      if ((table == "bronze" && !bronze_) || (table == "quarantine" && !quarantine_)) continue;
      TRY(Offsets(PlacesIn(table) + " GROUP BY 1, 2, 3 HAVING COUNT(*) > 1", "doubled_offset",
                  "stands in " + table + " more than once"));
    }
    if (quarantine_) {
      TRY(Offsets(PlacesIn("silver") + With("quarantine") + " GROUP BY 1, 2, 3", "two_fates",
                  "is a row of silver and in quarantine"));
    }
    std::string columns;
    for (const auto& name : medallion::IdentityColumns()) {
      columns += (columns.empty() ? "" : ", ") + tables_->Column(name);
    }
    return Each(
        fmt::format("WITH d AS (SELECT ticker, event_time FROM {0} GROUP BY 1, 2 HAVING COUNT(*) > 1) SELECT ticker, "
                    "{1}, COUNT(*) FROM {0} JOIN d USING (ticker, event_time) GROUP BY {2} HAVING COUNT(*) > 1",
                    tables_->Table("silver"), tables_->Micros("event_time"), columns),
        [&](const arrow::RecordBatch& batch, std::int64_t row) {
          Add({"doubled_row", "", -1, -1,
               fmt::format("{} at {} stands {} times in silver with equal fields", TextAt(batch, 0, row),
                           TimeText(IntAt(batch, 1, row)), IntAt(batch, 2, row))});
          return Status::OK();
        });
  }

  /// Every record of Bronze has a row, a verdict, or repeats a row; and nothing stands in the others without it.
  Status FollowBronze() {
    for (const std::string table : {"silver", "quarantine"}) {
      if (table == "quarantine" && !quarantine_) continue;
      TRY(Offsets(PlacesIn(table) + " LEFT" + With("bronze") + " WHERE " + Covered() + " AND bronze_topic IS NULL",
                  "unexpected", "stands in " + table + ", but not in bronze"));
    }
    std::string sql = "SELECT " + RecordSql(*tables_) + " FROM " + tables_->Table("bronze") + " LEFT" + With("silver");
    if (quarantine_) sql += " LEFT" + With("quarantine");
    sql += " WHERE " + Covered() + " AND silver_topic IS NULL";
    if (quarantine_) sql += " AND quarantine_topic IS NULL";
    RecordJudge judge(tables_);
    std::string buffer;
    TRY(tables_->Each(sql, RecordColumns(), [&](const arrow::RecordBatch& batch, std::int64_t row) {
      return judge.Add(TextAt(batch, 0, row), RecordIn(batch, row, &buffer));
    }));
    TRY(Settle(&judge, /*count=*/true, &AuditLosses::missing_in_bronze));
    report_.from_bronze = true;
    return Status::OK();
  }

  /// What the judge could not account for is missing; the rest repeats rows.
  Status Settle(RecordJudge* judge, bool count, std::vector<RecordId> AuditLosses::*lost) {
    TRY(judge->Finish());
    for (const auto& [record, why] : judge->missing()) {
      if (!missing_.insert(record).second) continue;  // Bronze has told of it
      Add({"missing", record.topic, record.partition, record.offset, why});
      Lose(lost, record);
    }
    if (!count) return Status::OK();
    for (auto& p : report_.partitions) p.duplicates += judge->duplicates(p.topic, p.partition);
    return Status::OK();
  }

  Status FollowTopic() {
    const topic::TopicInfo& info = topic_->info();
    std::map<Partition, Offset> limits;
    for (const auto& p : report_.partitions) {
      if (p.topic == info.name && p.generation == info.generation) limits[Partition(p.partition)] = Offset(p.limit);
    }
    if (limits.empty() && !report_.partitions.empty()) {
      const auto& p = report_.partitions.front();
      return Status::Invalid(
          "the tables are of topic '", p.topic, "' (generation ", p.generation, "), and not of '", info.name, "' (",
          info.generation, "): ", p.topic == info.name ? "it was created anew since, or is another of that name: " : "",
          "name the topic by --topic", bronze_ ? ", or audit without one by --bronze-only" : "");
    }
    TRY(CountUnread(limits));
    RecordJudge judge(tables_);
    Indices there{{tables_, "silver", info.name}, {tables_, "quarantine", info.name}, {tables_, "bronze", info.name}};
    TopicWalk walk(topic_, std::move(limits));
    for (;;) {
      TRY_ASSIGN(const auto records, walk.Next());
      if (records.empty()) break;
      TRY(FollowRecords(info.name, records, &there, &judge));
    }
    TRY(Settle(&judge, /*count=*/!bronze_, &AuditLosses::missing_in_topic));
    report_.from_topic = true;
    return Status::OK();
  }

  Status CountUnread(const std::map<Partition, Offset>& limits) {
    TRY_ASSIGN(const auto ranges, topic_->Ranges());
    for (const auto& [partition, range] : ranges) {
      const auto limit = limits.find(partition);
      const Offset from = limit == limits.end() ? range.low : std::max(range.low, limit->second);
      if (from < range.high) report_.unread += range.high - from;
    }
    return Status::OK();
  }

  struct Indices {
    OffsetIndex silver, quarantine, bronze;
  };

  Status FollowRecords(const std::string& name, const topic::RecordBatch& records, Indices* there, RecordJudge* judge) {
    for (std::size_t i = 0; i < records.size(); ++i) {
      const std::int32_t partition = records[i].partition.value;
      const std::int64_t offset = records[i].offset.value;
      TRY_ASSIGN(const bool raw, bronze_ ? there->bronze.Has(partition, offset) : Result<bool>(true));
      if (!raw) {
        Add({"not_in_bronze", name, partition, offset, "is in the topic, but not in bronze"});
        Lose(&AuditLosses::not_in_bronze, {name, partition, offset});
      }
      TRY_ASSIGN(bool known, there->silver.Has(partition, offset));
      if (!known && quarantine_) {
        TRY_ASSIGN(known, there->quarantine.Has(partition, offset));
      }
      if (known) continue;
      TRY(judge->Add(name, {partition, offset, records[i].timestamp.value, records.Key(i), records.Value(i)}));
    }
    return Status::OK();
  }

  /// What was removed before anybody had read it.
  Status FindLost() {
    for (auto& p : report_.partitions) {
      if (bronze_ && topic::HasDenseOffsets(p.generation)) {
        TRY(FindHoles(&p));
      } else if (p.lost > 0) {
        Add({"lost", p.topic, p.partition, -1,
             fmt::format("{} offsets were removed by the topic's retention before they were read: lostOffsets in the "
                         "tables' history names them",
                         p.lost)});
      }
    }
    return Status::OK();
  }

  /// Holes between a partition's records in Bronze. What the topic still has is told one by one, and can be repaired.
  Status FindHoles(PartitionAudit* p) {
    std::int64_t end = p->limit;
    if (topic_ != nullptr && topic_->info().name == p->topic && topic_->info().generation == p->generation) {
      TRY_ASSIGN(const auto ranges, topic_->Ranges());
      if (const auto it = ranges.find(Partition(p->partition)); it != ranges.end()) {
        end = std::min(end, it->second.low.value);
      }
    }
    p->lost = 0;
    return Each(
        fmt::format("SELECT topic, low, high FROM (SELECT topic, {0} + 1 AS low, LEAD({0}, 1, {1}) OVER (ORDER BY {0}) "
                    "AS high FROM {2} WHERE topic = {3} AND {4} = {5} AND {0} < {1}) WHERE low < high ORDER BY low",
                    offset_, p->limit, tables_->Table("bronze"), tables_->Text(p->topic), partition_, p->partition),
        [&](const arrow::RecordBatch& batch, std::int64_t row) {
          const auto low = IntAt(batch, 1, row), high = std::min(IntAt(batch, 2, row), end);
          if (low >= high) return Status::OK();
          p->lost += high - low;
          Add({"lost", p->topic, p->partition, low,
               fmt::format("{} offsets from here on are not in bronze, and the topic has them no longer", high - low)});
          return Status::OK();
        });
  }

  AuditTables* const tables_;
  topic::TopicReader* const topic_;
  AuditLosses* const losses_;
  const std::string partition_ = tables_->Column("partition"), offset_ = tables_->Column("offset");
  bool bronze_ = false, quarantine_ = false;
  AuditReport report_;
  std::map<std::string, std::size_t> shown_;
  std::set<RecordId> missing_;
};

}  // namespace

Result<AuditReport> Audit(AuditTables* tables, topic::TopicReader* topic, AuditLosses* losses) {
  return Auditor(tables, topic, losses).Run();
}

}  // namespace pregao::query
