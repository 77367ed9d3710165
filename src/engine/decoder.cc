#include "engine/decoder.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "medallion/schema.h"

namespace pregao::engine {
namespace {

Offset At(const topic::Positions& positions, Partition partition) {
  const auto it = positions.find(partition);
  return it == positions.end() ? Offset(0) : it->second;
}

}  // namespace

Decoder::Decoder(Start start, topic::TopicInfo topic)
    : topic_(std::move(topic)),
      judge_from_(std::move(start.judge_from)),
      quarantine_from_(std::move(start.quarantine_from)),
      skip_(std::move(start.skip)),
      memory_(std::move(start.memory)),
      lookup_(start.lookup),
      keep_records_(start.bronze),
      version_(start.version),
      next_(std::move(start.read_from)) {
  Open();
}

void Decoder::Open() {
  open_ = Batch{};
  open_.number = ++number_;
  open_.judged_at = version_;
  bytes_ = 0;
}

void Decoder::Fold(TableVersion version, const std::vector<medallion::KeyedRow>& rows) {
  for (const auto& row : rows) memory_->Insert(&memory_->Ticker(row.ticker), row.event_time_us, row.key, 0);
  version_ = std::max(version_, version);
  if (empty()) open_.judged_at = version_;
}

Status Decoder::Add(std::shared_ptr<const topic::RecordBatch> records) {
  std::vector<Late> late;
  for (std::size_t i = 0; i < records->size();) {
    for (const Run run = RunAt(*records, i); i < run.end; ++i) TRY(AddRecord(*records, i, run, &late));
  }
  if (!late.empty()) TRY(DropLateDuplicates(late));
  bytes_ += records->bytes();
  if (keep_records_) open_.records.push_back(std::move(records));
  return Status::OK();
}

/// Takes the run's offsets into the open batch, too.
Decoder::Run Decoder::RunAt(const topic::RecordBatch& records, std::size_t begin) {
  const auto& first = records[begin];
  std::size_t end = begin + 1;
  while (end < records.size() && records[end].partition == first.partition) ++end;
  const Offset from = next_.try_emplace(first.partition, first.offset).first->second;
  open_.from.try_emplace(first.partition, from);
  next_[first.partition] = open_.to[first.partition] = records[end - 1].offset + 1;
  return {At(judge_from_, first.partition), At(quarantine_from_, first.partition), end};
}

Status Decoder::AddRecord(const topic::RecordBatch& records, std::size_t i, const Run& run, std::vector<Late>* late) {
  const auto& raw = records[i];
  const medallion::Record record{raw.partition.value, raw.offset.value, raw.timestamp.value, records.Key(i),
                                 records.Value(i)};
  ++open_.consumed;
  if (raw.offset < run.judge_from) return Status::OK();
  if (!skip_.empty() && skip_.contains({raw.partition, raw.offset})) return Status::OK();
  if (const auto rejection = judge_.Decide(record, &row_)) {
    ++open_.rejects[static_cast<std::size_t>(rejection->reason)];
    if (raw.offset < run.quarantine_from) return Status::OK();
    return quarantine_.Append(record, *rejection);
  }
  return AddRow(record, late);
}

Status Decoder::AddRow(const medallion::Record& record, std::vector<Late>* late) {
  const medallion::RowKey key = KeyOf(row_, &hasher_);
  const std::int64_t time = row_.event_time_us();
  auto& window = memory_->Ticker(row_.ticker());
  const auto seen = medallion::DedupeMemory::Probe(window, time, key);
  if (seen == medallion::Seen::kDuplicate) {
    ++open_.duplicates;
    return Status::OK();
  }
  if (seen == medallion::Seen::kUnknown) {
    late->push_back({open_.picks.size(), {std::string(row_.ticker()), time, key}});
  }
  memory_->Insert(&window, time, key, number_);
  open_.picks.push_back({silver_.rows(), medallion::DayOf(time), time, key});
  return silver_.Append(row_, record.partition, record.offset, window.number);
}

Status Decoder::DropLateDuplicates(const std::vector<Late>& late) {
  std::vector<medallion::KeyedRow> wanted;
  for (const Late& l : late) wanted.push_back(l.row);
  TRY_ASSIGN(const auto found, lookup_->Find(wanted));
  std::unordered_set<medallion::RowKey> there;
  for (const auto& row : found) there.insert(row.key);
  std::unordered_set<std::size_t> drop;
  for (const Late& l : late) {
    if (there.contains(l.row.key)) drop.insert(l.pick);
  }
  std::size_t index = 0;
  std::erase_if(open_.picks, [&](const Pick&) { return drop.contains(index++); });
  open_.duplicates += static_cast<std::int64_t>(drop.size());
  return Status::OK();
}

Result<Batch> Decoder::Cut() {
  TRY_ASSIGN(open_.silver, silver_.Finish(topic_.name));
  open_.quarantine_days = quarantine_.days();
  TRY_ASSIGN(open_.quarantine, quarantine_.Finish(topic_.name));
  for (auto it = lost_.begin(); it != lost_.end();) {
    const auto to = open_.to.find(it->first);
    const bool passed = to != open_.to.end() && to->second >= it->second.high;
    if (passed) open_.lost.insert(*it);
    it = passed ? lost_.erase(it) : std::next(it);
  }
  Batch batch = std::move(open_);
  Open();
  return batch;
}

}  // namespace pregao::engine
