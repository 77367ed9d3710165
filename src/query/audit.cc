#include "query/audit.h"

#include <algorithm>
#include <arrow/array.h>
#include <fmt/format.h>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "query/audit_records.h"
#include "topic/positions.h"
#include "topic/rules.h"

namespace pregao::query {
namespace {

struct Place {
  std::string topic, generation;
  std::int32_t partition;
  auto operator<=>(const Place&) const = default;
};

using Places = std::map<Place, std::int64_t>;

void Raise(const std::map<std::string, std::int64_t>& positions, Places* places) {
  for (const auto& [id, next] : positions) {
    const auto app = topic::ParseAppId(id);
    if (!app) continue;
    auto& place = (*places)[{app->topic, app->generation, app->partition.value}];
    place = std::max(place, next);
  }
}

/// nullopt: no such table.
std::optional<Places> PositionsIn(const Session& session, const std::string& view, const Reached& reached) {
  const auto snapshot = session.Shown(view);
  if (!snapshot) return std::nullopt;
  Places places;
  Raise(snapshot->positions, &places);
  if (const auto more = reached.find(view); more != reached.end()) Raise(more->second, &places);
  return places;
}

std::int64_t At(const Places& places, const Place& place) {
  const auto it = places.find(place);
  return it == places.end() ? 0 : it->second;
}

/// The partitions and how far each can be judged: the embedded engine commits Quarantine before Silver, so Silver's
/// position is its too.
Result<std::vector<PartitionAudit>> Limits(const Session& session, const Reached& reached) {
  const auto silver = PositionsIn(session, "silver", reached);
  if (!silver) return Status::KeyError(session.Problem("silver").message());
  const auto bronze = PositionsIn(session, "bronze", reached);
  const auto quarantine = reached.contains("quarantine") ? PositionsIn(session, "quarantine", reached) : std::nullopt;
  std::vector<PartitionAudit> out;
  const auto snapshot = session.Shown("silver");
  std::map<std::pair<std::string, std::int32_t>, std::string> generations;
  for (const auto& [place, position] : *silver) {
    const auto [known, fresh] = generations.emplace(std::pair(place.topic, place.partition), place.generation);
    if (!fresh) {
      return Status::Invalid("Silver holds two generations of topic '", place.topic, "' (", known->second, ", ",
                             place.generation,
                             "), whose offsets lineage does not tell apart: audit each in a lake of its own");
    }
    std::int64_t limit = position;
    if (bronze) limit = std::min(limit, At(*bronze, place));
    if (quarantine) limit = std::min(limit, At(*quarantine, place));
    out.push_back({place.topic, place.generation, place.partition, limit});
    const auto lost =
        snapshot->positions.find(topic::LostAppId({place.topic, place.generation}, Partition(place.partition)));
    if (lost != snapshot->positions.end()) out.back().lost = lost->second;
  }
  return out;
}

class Auditor {
 public:
  Auditor(Session* session, topic::TopicReader* topic, AuditLosses* losses, const Reached& reached)
      : session_(session), topic_(topic), losses_(losses), reached_(reached) {}

  Result<AuditReport> Run() {
    session_->Refresh();
    bronze_ = session_->Shown("bronze") != nullptr;
    quarantine_ = session_->Shown("quarantine") != nullptr;
    if (losses_ != nullptr) {
      losses_->bronze = session_->Shown("bronze");
      losses_->quarantine = session_->Shown("quarantine");
      losses_->silver = session_->Shown("silver");
    }
    TRY_ASSIGN(report_.partitions, Limits(*session_, reached_));
    if (!bronze_ && topic_ == nullptr) {
      return Status::Invalid("there is nothing to audit against: the lake has no Bronze, and no topic was given");
    }
    TRY(MakeLimits());
    TRY(CountRows());
    TRY(FindDoubles());
    if (bronze_) TRY(FollowBronze());
    if (topic_ != nullptr) TRY(FollowTopic());
    TRY(FindLost());
    return std::move(report_);
  }

 private:
  using Row = std::function<Status(const arrow::RecordBatch&, std::int64_t)>;

  Status Each(const std::string& sql, const Row& row) {
    TRY_ASSIGN(const auto result, session_->Query(sql));
    for (;;) {
      TRY_ASSIGN(const auto batch, result->Next());
      if (!batch) return Status::OK();
      for (std::int64_t i = 0; i < batch->num_rows(); ++i) TRY(row(*batch, i));
    }
  }

  void Add(Finding finding) {
    ++report_.found;
    if (++shown_[finding.kind] <= AuditReport::kShown) report_.findings.push_back(std::move(finding));
  }

  void Lose(std::vector<RecordId> AuditLosses::*lost, RecordId record) {
    if (losses_ != nullptr) (losses_->*lost).push_back(std::move(record));
  }

  /// A table `audit_limits` to join with, so that rows which come while we look are left out.
  Status MakeLimits() {
    std::string sql = "CREATE OR REPLACE TABLE audit_limits(topic VARCHAR, partition INTEGER, before BIGINT);";
    for (const auto& p : report_.partitions) {
      sql += fmt::format("INSERT INTO audit_limits VALUES ({}, {}, {});", QuoteText(p.topic), p.partition, p.limit);
    }
    return session_->database()->Execute(sql);
  }

  /// The rows of a table that the audit covers.
  static std::string Covered(const std::string& table) {
    return "(SELECT t.* FROM " + table +
           " t JOIN audit_limits l ON t.topic = l.topic AND t.partition = l.partition AND t.\"offset\" < l.before)";
  }

  Status CountRows() {
    const auto count = [&](const std::string& table, std::int64_t PartitionAudit::*member) {
      return Each("SELECT topic, partition, count(*) FROM " + Covered(table) + " GROUP BY ALL",
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
      TRY(Offsets("SELECT topic, partition, \"offset\" FROM " + table + " GROUP BY ALL HAVING count(*) > 1",
                  "doubled_offset", "stands in " + table + " more than once"));
    }
    if (quarantine_) {
      TRY(Offsets(
          "SELECT topic, partition, \"offset\" FROM silver SEMI JOIN quarantine USING (topic, partition, \"offset\")",
          "two_fates", "is a row of silver and in quarantine"));
    }
    std::string columns;
    for (const auto& name : medallion::IdentityColumns()) columns += (columns.empty() ? "" : ", ") + QuoteName(name);
    return Each(
        "WITH d AS (SELECT ticker, event_time FROM silver GROUP BY ALL HAVING count(*) > 1) SELECT ticker, "
        "strftime(event_time AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S.%f'), count(*) FROM silver "
        "SEMI JOIN d USING (ticker, event_time) GROUP BY " +
            columns + " HAVING count(*) > 1",
        [&](const arrow::RecordBatch& batch, std::int64_t row) {
          Add({"doubled_row", "", -1, -1,
               fmt::format("{} at {} stands {} times in silver with equal fields", TextAt(batch, 0, row),
                           TextAt(batch, 1, row), IntAt(batch, 2, row))});
          return Status::OK();
        });
  }

  /// Every record of Bronze has a row, a verdict, or repeats a row; and nothing stands in the others without it.
  Status FollowBronze() {
    const std::string keys = " ANTI JOIN {} USING (topic, partition, \"offset\")";
    for (const std::string table : {"silver", "quarantine"}) {
      if (table == "quarantine" && !quarantine_) continue;
      TRY(Offsets("SELECT topic, partition, \"offset\" FROM " + Covered(table) + " s" +
                      fmt::format(fmt::runtime(keys), "bronze"),
                  "unexpected", "stands in " + table + ", but not in bronze"));
    }
    std::string sql = "SELECT topic, partition, \"offset\", epoch_ms(\"timestamp\"), value FROM " + Covered("bronze") +
                      " b" + fmt::format(fmt::runtime(keys), "silver");
    if (quarantine_) sql += fmt::format(fmt::runtime(keys), "quarantine");
    RecordJudge judge(session_);
    TRY(Each(sql, [&](const arrow::RecordBatch& batch, std::int64_t row) {
      return judge.Add({TextAt(batch, 0, row), static_cast<std::int32_t>(IntAt(batch, 1, row)), IntAt(batch, 2, row)},
                       batch.column(3)->IsNull(row) ? -1 : IntAt(batch, 3, row), BytesAt(batch, 4, row));
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
    RecordJudge judge(session_);
    TopicWalk walk(topic_, std::move(limits));
    for (;;) {
      TRY_ASSIGN(const auto records, walk.Next());
      if (records.empty()) break;
      TRY(FollowRecords(info.name, records, &judge));
    }
    TRY(Settle(&judge, /*count=*/!bronze_, &AuditLosses::missing_in_topic));
    report_.from_topic = true;
    return Status::OK();
  }

  Status FollowRecords(const std::string& name, const topic::RecordBatch& records, RecordJudge* judge) {
    TRY_ASSIGN(const auto rows, OffsetsOf("silver", name, records));
    TRY_ASSIGN(const auto rejects, quarantine_ ? OffsetsOf("quarantine", name, records) : OffsetSet{});
    TRY_ASSIGN(const auto raw, bronze_ ? OffsetsOf("bronze", name, records) : OffsetSet{});
    for (std::size_t i = 0; i < records.size(); ++i) {
      const auto& r = records[i];
      const std::pair place(r.partition.value, r.offset.value);
      if (bronze_ && !raw.contains(place)) {
        Add({"not_in_bronze", name, place.first, place.second, "is in the topic, but not in bronze"});
        Lose(&AuditLosses::not_in_bronze, {name, place.first, place.second});
      }
      if (rows.contains(place) || rejects.contains(place)) continue;
      TRY(judge->Add({name, place.first, place.second}, r.timestamp.value, records.Value(i)));
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
    std::int64_t retained = p->limit;
    if (topic_ != nullptr && topic_->info().name == p->topic && topic_->info().generation == p->generation) {
      TRY_ASSIGN(const auto ranges, topic_->Ranges());
      if (const auto it = ranges.find(Partition(p->partition)); it != ranges.end()) retained = it->second.low.value;
    }
    p->lost = 0;
    return Each(
        fmt::format(
            R"(SELECT low, high FROM (SELECT "offset" + 1 AS low, lead("offset", 1, {0}) OVER (ORDER BY "offset"))"
            R"( AS high FROM bronze WHERE topic = {1} AND partition = {2} AND "offset" < {0}) )"
            "WHERE low < high ORDER BY low",
            p->limit, QuoteText(p->topic), p->partition),
        [&](const arrow::RecordBatch& batch, std::int64_t row) {
          const auto low = IntAt(batch, 0, row), high = std::min(IntAt(batch, 1, row), retained);
          if (low >= high) return Status::OK();
          p->lost += high - low;
          Add({"lost", p->topic, p->partition, low,
               fmt::format("{} offsets from here on are not in bronze, and the topic has them no longer", high - low)});
          return Status::OK();
        });
  }

  /// Which of the records' offsets a table has.
  Result<OffsetSet> OffsetsOf(const std::string& table, const std::string& name, const topic::RecordBatch& records) {
    OffsetSet set;
    const std::string sql = fmt::format("SELECT partition, \"offset\" FROM {} WHERE topic = {} AND ({})", table,
                                        QuoteText(name), OffsetRanges(records));
    TRY(Each(sql, [&](const arrow::RecordBatch& batch, std::int64_t row) {
      set.emplace(static_cast<std::int32_t>(IntAt(batch, 0, row)), IntAt(batch, 1, row));
      return Status::OK();
    }));
    return set;
  }

  Session* const session_;
  topic::TopicReader* const topic_;
  AuditLosses* const losses_;
  const Reached& reached_;
  bool bronze_ = false, quarantine_ = false;
  AuditReport report_;
  std::map<std::string, std::size_t> shown_;
  std::set<RecordId> missing_;
};

}  // namespace

Result<AuditReport> Audit(Session* session, topic::TopicReader* topic, AuditLosses* losses, const Reached& reached) {
  return Auditor(session, topic, losses, reached).Run();
}

}  // namespace pregao::query
