#include "engine/repair.h"

#include <algorithm>
#include <arrow/array.h>
#include <map>

#include "engine/file_rows.h"
#include "engine/lake_lookup.h"
#include "engine/lake_sink.h"
#include "medallion/schema.h"

namespace pregao::engine {
namespace {

std::string Property(const lake::Snapshot& snapshot, const std::string& key) {
  const auto found = snapshot.properties.find(key);
  return found == snapshot.properties.end() ? "" : found->second;
}

}  // namespace

Status LakeRepair::OpenTarget(const std::shared_ptr<const lake::Snapshot>& base, Target* target) {
  if (base == nullptr) return Status::OK();
  const std::string owner = Property(*base, "pregao.owner");
  if (owner != options_.owner) {
    return Status::Invalid("table ", target->root, " belongs to ", owner.empty() ? "nobody" : "'" + owner + "'",
                           " (property pregao.owner), not to '", options_.owner, "': only its owner may mend it");
  }
  if (const std::string schema = Property(*base, "pregao.schema");
      schema != std::to_string(medallion::kSchemaVersion)) {
    return Status::Invalid("table ", target->root, " has schema ", schema, ", this program writes ",
                           medallion::kSchemaVersion, ": `pregao silver --until end` brings an older table up to date");
  }
  target->base = base;
  TRY_ASSIGN(target->table, lake::Table::Open(store_, target->root, clock_, options_.table));
  return Status::OK();
}

Result<std::unique_ptr<Repair>> LakeRepair::Open(std::shared_ptr<lake::ObjectStore> store, const Clock* clock,
                                                 const RepairBase& base, RepairOptions options) {
  std::unique_ptr<LakeRepair> repair(new LakeRepair(std::move(store), clock, std::move(options)));
  TRY(repair->OpenTarget(base.bronze, &repair->bronze_));
  TRY(repair->OpenTarget(base.quarantine, &repair->quarantine_));
  TRY(repair->OpenTarget(base.silver, &repair->silver_));
  return repair;
}

/// What is collected is of one topic.
Status LakeRepair::Turn(const std::string& topic) {
  const auto waiting = std::max({raw_.rows(), rejects_.rows(), rows_.rows()});
  if (topic != topic_ || waiting >= options_.max_rows) TRY(Flush());
  topic_ = topic;
  return Status::OK();
}

Status LakeRepair::AddToBronze(const std::string& topic, const medallion::Record& record) {
  TRY(Turn(topic));
  if (bronze_.table == nullptr) return Status::Invalid("the lake has no table bronze/quotes to mend");
  raw_places_.emplace_back(topic, record.partition, record.offset);
  return raw_.Append(record);
}

Status LakeRepair::AddJudged(const std::string& topic, const medallion::Record& record) {
  TRY(Turn(topic));
  if (const auto rejection = judge_.Decide(record, &row_)) {
    if (quarantine_.table == nullptr) {
      return Status::Invalid("the lake has no table silver/quarantine: `pregao silver --until end` makes it");
    }
    reject_places_.emplace_back(topic, record.partition, record.offset);
    return rejects_.Append(record, *rejection);
  }
  const auto key = KeyOf(row_, &hasher_);
  if (foreign_keys_.contains(key)) {
    ++counts_.overtaken;
    return Status::OK();
  }
  if (!appended_.insert(key).second) {  // two missing records of one quote: the first is its row
    ++counts_.repeats;
    return Status::OK();
  }
  const auto time = row_.event_time_us();
  picks_.push_back({rows_.rows(), medallion::DayOf(time), time, key});
  row_places_.emplace_back(topic, record.partition, record.offset);
  return rows_.Append(row_, record.partition, record.offset);
}

Status LakeRepair::Flush() {
  TRY(FlushRaw(&bronze_, &raw_, &raw_places_, &counts_.bronze));
  TRY(FlushRaw(&quarantine_, &rejects_, &reject_places_, &counts_.quarantine));
  return FlushSilver();
}

/// Notes the records, and of Silver the rows, in files that others added.
Status LakeRepair::Learn(Target* target, const std::vector<std::shared_ptr<const lake::DataFile>>& added) {
  for (const auto& file : added) {
    TRY_ASSIGN(auto table, lake::ReadDataFile(store_.get(), target->root, *file, *target->base->schema,
                                              {"topic", "partition", "offset"}));
    TRY_ASSIGN(table, table->CombineChunks());
    if (table->num_rows() > 0) {
      const auto& topics = static_cast<const arrow::StringArray&>(*table->column(0)->chunk(0));
      const auto& partitions = static_cast<const arrow::Int32Array&>(*table->column(1)->chunk(0));
      const auto& offsets = static_cast<const arrow::Int64Array&>(*table->column(2)->chunk(0));
      for (std::int64_t i = 0; i < table->num_rows(); ++i) {
        target->foreign.emplace(topics.GetString(i), partitions.Value(i), offsets.Value(i));
      }
    }
    if (target != &silver_) continue;
    TRY_ASSIGN(const auto rows, KeysOf(*target->table, *target->base, *file));
    for (const auto& row : rows) foreign_keys_.insert(row.key);
  }
  return Status::OK();
}

/// @param drop   leaves out what others have added, and returns how many are left
/// @param write  makes the files of what is left
Status LakeRepair::Commit(Target* target, const std::function<std::int64_t()>& drop,
                          const std::function<Status(lake::Transaction*)>& write) {
  if (drop() == 0) return Status::OK();
  lake::Transaction txn;
  txn.operation = "REPAIR";
  TRY(write(&txn));
  bool nothing_left = false;
  const auto rebase = [&](const lake::Snapshot&, const auto& added, lake::Transaction* pending) -> Status {
    TRY(Learn(target, added));
    nothing_left = drop() == 0;
    if (nothing_left) return Status::Cancelled("others have added all of it");
    pending->adds.clear();
    return write(pending);
  };
  const auto result = target->table->Commit(target->base, std::move(txn), rebase);
  if (!nothing_left) TRY(result.status());
  target->base = nothing_left ? target->base : target->table->snapshot();
  return Status::OK();
}

Status LakeRepair::FlushRaw(Target* target, medallion::RawBuilder* builder, std::vector<Place>* places,
                            std::int64_t* count) {
  auto days = builder->days();
  TRY_ASSIGN(auto rows, builder->Finish(topic_));
  const auto drop = [&] {
    std::vector<std::int64_t> keep;
    for (std::size_t i = 0; i < places->size(); ++i) {
      if (!target->foreign.contains((*places)[i])) keep.push_back(static_cast<std::int64_t>(i));
    }
    return keep;
  };
  const auto write = [&](lake::Transaction* txn) -> Status {
    std::map<std::int32_t, std::vector<std::int64_t>> by_day;
    const auto kept = drop();
    for (const auto i : kept) by_day[days[static_cast<std::size_t>(i)]].push_back(i);
    for (const auto& [day, indices] : by_day) {
      TRY_ASSIGN(const auto part, TakeRows(*rows, indices));
      TRY_ASSIGN(auto file, lake::WriteDataFile(store_.get(), target->root, *clock_, *part,
                                                {{"date", medallion::DateString(day)}}, options_.write));
      txn->adds.push_back(std::move(file));
    }
    SetWritten(static_cast<std::int64_t>(kept.size()), txn);
    return Status::OK();
  };
  if (!options_.dry_run) {
    TRY(Commit(
        target, [&] { return static_cast<std::int64_t>(drop().size()); }, write));
  }
  const auto kept = static_cast<std::int64_t>(drop().size());
  *count += kept;
  counts_.overtaken += static_cast<std::int64_t>(places->size()) - kept;
  places->clear();
  return Status::OK();
}

Status LakeRepair::FlushSilver() {
  Batch batch;
  TRY_ASSIGN(batch.silver, rows_.Finish(topic_));
  batch.picks = std::move(picks_);
  picks_.clear();
  const auto drop = [&] {
    counts_.overtaken += static_cast<std::int64_t>(std::erase_if(batch.picks, [&](const Pick& pick) {
      return foreign_keys_.contains(pick.key) ||
             silver_.foreign.contains(row_places_[static_cast<std::size_t>(pick.row)]);
    }));
    return static_cast<std::int64_t>(batch.picks.size());
  };
  const auto write = [&](lake::Transaction* txn) -> Status {
    TRY_ASSIGN(const auto groups, GroupForFiles(batch, silver_.base->partition_columns));
    for (const FileRows& group : groups) {
      TRY_ASSIGN(auto file, lake::WriteDataFile(store_.get(), silver_.root, *clock_, *group.rows,
                                                group.partition_values, options_.write));
      txn->adds.push_back(std::move(file));
    }
    SetWritten(static_cast<std::int64_t>(batch.picks.size()), txn);
    return Status::OK();
  };
  if (!options_.dry_run) TRY(Commit(&silver_, drop, write));
  counts_.silver += static_cast<std::int64_t>(batch.picks.size());
  row_places_.clear();
  return Status::OK();
}

}  // namespace pregao::engine
