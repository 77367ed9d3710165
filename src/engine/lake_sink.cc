#include "engine/lake_sink.h"

#include <algorithm>
#include <arrow/compute/api_vector.h>
#include <arrow/table.h>
#include <fmt/format.h>
#include <map>
#include <numeric>

#include "engine/file_rows.h"
#include "medallion/raw_builder.h"
#include "medallion/schema.h"
#include "topic/positions.h"

namespace pregao::engine {
namespace {

/// The least position of each partition; nothing where a table has none, since it must read from the start.
topic::Positions Least(const topic::Positions& a, const topic::Positions& b) {
  topic::Positions least;
  for (const auto& [partition, offset] : a) {
    if (const auto it = b.find(partition); it != b.end()) least[partition] = std::min(offset, it->second);
  }
  return least;
}

topic::Positions Greatest(topic::Positions a, const topic::Positions& b) {
  for (const auto& [partition, offset] : b) {
    Offset& mine = a[partition];
    mine = std::max(mine, offset);
  }
  return a;
}

std::string Places(const topic::Positions& positions, std::int64_t shift) {
  std::string out;
  for (const auto& [partition, offset] : positions) {
    out += fmt::format("{}{}:{}", out.empty() ? "" : ",", partition.value, offset.value + shift);
  }
  return out;
}

/// "0:5-99,3:0-7": partition, first and last offset.
std::string Gaps(const Lost& lost) {
  std::string out;
  for (const auto& [partition, gap] : lost) {
    out += fmt::format("{}{}:{}-{}", out.empty() ? "" : ",", partition.value, gap.low.value, gap.high.value - 1);
  }
  return out;
}

}  // namespace

LakeSink::LakeSink(std::shared_ptr<lake::ObjectStore> store, const Clock* clock, LakeSinkOptions options)
    : store_(std::move(store)), clock_(clock), options_(std::move(options)) {}

Status LakeSink::Open(const char* root, std::shared_ptr<arrow::Schema> schema, std::vector<std::string> partition_by,
                      const topic::TopicInfo& topic, Target* target) {
  const lake::TableSpec spec{
      std::move(schema),
      std::move(partition_by),
      {{"pregao.schema", std::to_string(medallion::kSchemaVersion)}, {"pregao.owner", options_.owner}}};
  TRY_ASSIGN(target->table, lake::Table::OpenOrCreate(store_, root, spec, clock_, options_.table));
  target->base = target->table->snapshot();
  const auto owner = target->base->properties.find("pregao.owner");
  if (owner == target->base->properties.end() || owner->second != options_.owner) {
    return Status::Invalid("table ", store_->uri(), "/", root, " belongs to ",
                           owner == target->base->properties.end() ? "nobody" : "'" + owner->second + "'",
                           " (property pregao.owner), not to '", options_.owner,
                           "'. Use another lake, or hand it over:", " pregao silver --take-over",
                           options_.owner == kOwner ? "" : " --engine spark");
  }
  TRY_ASSIGN(target->positions, topic::PositionsOf(target->base->positions, topic, root, options_.accept_new_topic));
  return Status::OK();
}

Result<Start> LakeSink::Begin(const topic::TopicInfo& topic, const std::vector<Partition>& partitions) {
  topic_ = topic;
  foreign_.clear();
  if (options_.bronze) TRY(Open(kBronzeRoot, medallion::BronzeSchema(), {"date"}, topic, &bronze_));
  TRY(Open(kQuarantineRoot, medallion::QuarantineSchema(), {"date"}, topic, &quarantine_));
  TRY(Open(kSilverRoot, medallion::SilverSchema(), options_.partition_by, topic, &silver_));

  Start start;
  start.judge_from = silver_.positions;
  // Quarantine is committed before Silver, and only when it has rows: what Silver has passed, Quarantine has.
  start.quarantine_from = Greatest(quarantine_.positions, silver_.positions);
  start.read_from = options_.bronze ? Least(bronze_.positions, silver_.positions) : silver_.positions;
  std::erase_if(start.read_from, [&](const auto& item) {
    return std::find(partitions.begin(), partitions.end(), item.first) == partitions.end();
  });
  start.version = silver_.base->version;
  TRY_ASSIGN(start.memory, Remember(*silver_.table, *silver_.base, options_.dedupe_keys, options_.remember_rows));
  TRY_ASSIGN(auto view, lake::Table::Open(store_, kSilverRoot, clock_, options_.table));
  lookup_ = std::make_unique<LakeLookup>(std::move(view));
  start.lookup = lookup_.get();
  start.bronze = options_.bronze;
  return start;
}

/// How many offsets of the batch the table misses because they are lost, by the `txn` that counts them.
std::map<std::string, std::int64_t> LakeSink::LostIn(const Batch& batch, const Target& target) const {
  std::map<std::string, std::int64_t> counts;
  for (const auto& [partition, gap] : batch.lost) {
    const auto position = target.positions.find(partition);
    const Offset from = position == target.positions.end() ? gap.low : std::max(gap.low, position->second);
    if (from < gap.high) counts[topic::LostAppId(topic_, partition)] += gap.high - from;
  }
  return counts;
}

lake::Transaction LakeSink::NewTransaction(const Batch& batch, const Target& target) const {
  lake::Transaction txn;
  for (const auto& [partition, to] : batch.to) {
    const auto it = target.positions.find(partition);
    if (it != target.positions.end() && it->second >= to) continue;
    txn.positions.push_back({topic::AppId(topic_, partition),
                             it == target.positions.end() ? std::nullopt : std::optional(it->second.value), to.value});
  }
  for (const auto& [id, count] : LostIn(batch, target)) {
    const auto held = target.base->positions.find(id);
    const auto before = held == target.base->positions.end() ? std::nullopt : std::optional(held->second);
    txn.positions.push_back({id, before, before.value_or(0) + count});
  }
  const std::int64_t rejected = std::accumulate(batch.rejects.begin(), batch.rejects.end(), std::int64_t{0});
  txn.metrics = {{"consumed", std::to_string(batch.consumed)},
                 {"duplicates", std::to_string(batch.duplicates)},
                 {"quarantined", std::to_string(rejected)},
                 {"firstOffset", Places(batch.from, 0)},
                 {"lastOffset", Places(batch.to, -1)}};
  if (!batch.lost.empty()) txn.metrics["lostOffsets"] = Gaps(batch.lost);
  return txn;
}

Result<bool> LakeSink::Commit(Target* target, lake::Transaction txn, const lake::Rebase& rebase) {
  const auto positions = txn.positions;
  TRY_ASSIGN(const auto result, target->table->Commit(target->base, std::move(txn), rebase));
  target->base = target->table->snapshot();
  if (result.outcome == lake::CommitOutcome::kFenced) return false;
  for (const auto& change : positions) {
    if (const auto app = topic::ParseAppId(change.app_id)) target->positions[app->partition] = Offset(change.to);
  }
  return true;
}

Status LakeSink::AddFiles(const Target& target, const arrow::RecordBatch& rows, const std::vector<std::int32_t>& days,
                          lake::Transaction* txn) const {
  std::map<std::int32_t, std::vector<std::int64_t>> by_day;
  for (std::size_t i = 0; i < days.size(); ++i) by_day[days[i]].push_back(static_cast<std::int64_t>(i));
  for (const auto& [day, indices] : by_day) {
    TRY_ASSIGN(const auto part, TakeRows(rows, indices));
    TRY_ASSIGN(auto file, lake::WriteDataFile(store_.get(), target.table->root(), *clock_, *part,
                                              {{"date", medallion::DateString(day)}}, options_.write));
    txn->adds.push_back(std::move(file));
  }
  SetWritten(rows.num_rows(), txn);
  return Status::OK();
}

Result<bool> LakeSink::WriteBronze(const Batch& batch, Written* written) {
  auto txn = NewTransaction(batch, bronze_);
  if (txn.positions.empty()) return true;
  medallion::RawBuilder builder(medallion::RawBuilder::Kind::kBronze);
  std::int64_t key_bytes = 0, value_bytes = 0;
  for (const auto& records : batch.records) {
    for (std::size_t i = 0; i < records->size(); ++i) {
      key_bytes += std::max(0, (*records)[i].key_size);
      value_bytes += std::max(0, (*records)[i].value_size);
    }
  }
  TRY(builder.Reserve(batch.consumed, key_bytes, value_bytes));
  for (const auto& records : batch.records) {
    for (std::size_t i = 0; i < records->size(); ++i) {
      const auto& r = (*records)[i];
      const auto from = bronze_.positions.find(r.partition);
      if (from != bronze_.positions.end() && r.offset < from->second) continue;
      TRY(builder.Append({r.partition.value, r.offset.value, r.timestamp.value, records->Key(i), records->Value(i)}));
    }
  }
  const auto days = builder.days();
  TRY_ASSIGN(const auto rows, builder.Finish(topic_.name));
  TRY(AddFiles(bronze_, *rows, days, &txn));
  written->bytes += BytesOf(txn);
  return Commit(&bronze_, std::move(txn));
}

Result<bool> LakeSink::WriteQuarantine(const Batch& batch, Written* written) {
  written->quarantined = batch.quarantine->num_rows();
  if (batch.quarantine->num_rows() == 0) return true;
  auto txn = NewTransaction(batch, quarantine_);
  TRY(AddFiles(quarantine_, *batch.quarantine, batch.quarantine_days, &txn));
  written->bytes += BytesOf(txn);
  return Commit(&quarantine_, std::move(txn));
}

Status LakeSink::AddSilverFiles(const Batch& batch, lake::Transaction* txn) const {
  txn->adds.clear();
  const auto& partition_columns = silver_.base->partition_columns;
  TRY_ASSIGN(const auto groups, GroupForFiles(batch, partition_columns));
  for (const FileRows& group : groups) {
    TRY_ASSIGN(auto file, lake::WriteDataFile(store_.get(), kSilverRoot, *clock_, *group.rows, group.partition_values,
                                              options_.write));
    txn->adds.push_back(std::move(file));
  }
  txn->metrics["duplicates"] = std::to_string(batch.duplicates);
  SetWritten(static_cast<std::int64_t>(batch.picks.size()), txn);
  return Status::OK();
}

/// Notes the rows of files that others added, so that this batch and those behind it are judged again.
Status LakeSink::Learn(const std::vector<std::shared_ptr<const lake::DataFile>>& added, TableVersion version,
                       Written* written) {
  Foreign foreign{version, {}};
  for (const auto& file : added) {
    auto read = KeysOf(*silver_.table, *silver_.base, *file);
    // Packed since, and deleted while we slept past the retention: a new session reads what it became.
    if (read.status().IsInvalid()) return Status::IOError(read.status().message());
    TRY_ASSIGN(auto rows, std::move(read));
    for (const auto& row : rows) foreign.keys.insert(row.key);
    written->foreign.insert(written->foreign.end(), std::make_move_iterator(rows.begin()),
                            std::make_move_iterator(rows.end()));
  }
  if (!foreign.keys.empty()) foreign_.push_back(std::move(foreign));
  return Status::OK();
}

/// @return whether rows were dropped
bool LakeSink::DropForeign(Batch* batch) {
  while (!foreign_.empty() && foreign_.front().version <= batch->judged_at) foreign_.pop_front();
  if (foreign_.empty()) return false;
  const auto dropped = std::erase_if(batch->picks, [&](const Pick& pick) {
    return std::any_of(foreign_.begin(), foreign_.end(), [&](const Foreign& f) { return f.keys.contains(pick.key); });
  });
  batch->duplicates += static_cast<std::int64_t>(dropped);
  return dropped != 0;
}

Result<bool> LakeSink::WriteSilver(Batch* batch, Written* written) {
  auto txn = NewTransaction(*batch, silver_);
  if (txn.positions.empty()) return true;
  (void)DropForeign(batch);
  TRY(AddSilverFiles(*batch, &txn));
  std::int64_t bytes = BytesOf(txn);
  const auto rebase = [&](const lake::Snapshot& newer, const auto& added, lake::Transaction* pending) -> Status {
    TRY(Learn(added, newer.version, written));
    if (!DropForeign(batch)) return Status::OK();
    TRY(AddSilverFiles(*batch, pending));
    bytes = BytesOf(*pending);
    return Status::OK();
  };
  TRY_ASSIGN(const bool committed, Commit(&silver_, std::move(txn), rebase));
  written->bytes += bytes;
  return committed;
}

Result<Written> LakeSink::Write(Batch batch) {
  Written written;
  TRY_ASSIGN(bool ours, options_.bronze ? WriteBronze(batch, &written) : Result<bool>(true));
  batch.records.clear();  // most of a batch's memory
  if (ours) {
    TRY_ASSIGN(ours, WriteQuarantine(batch, &written));
  }
  if (ours) {
    TRY_ASSIGN(ours, WriteSilver(&batch, &written));
  }
  written.fenced = !ours;
  written.version = silver_.base->version;
  written.rows = ours ? static_cast<std::int64_t>(batch.picks.size()) : 0;
  written.duplicates = batch.duplicates;
  return written;
}

}  // namespace pregao::engine
