#include "engine/bigquery_repair.h"

#include <set>

#include "medallion/judge.h"
#include "medallion/raw_builder.h"
#include "medallion/schema.h"
#include "medallion/silver_builder.h"

namespace pregao::engine {
namespace {

using medallion::KeyedRow;

medallion::Record RecordAt(const topic::RecordBatch& records, std::size_t i) {
  return {records[i].partition.value, records[i].offset.value, records[i].timestamp.value, records.Key(i),
          records.Value(i)};
}

}  // namespace

Status BigQueryRepair::Collect(const std::string& topic, const medallion::Record& record, topic::RecordBatch* to) {
  if (topic != topic_ || to->size() >= kMaxRecords || to->bytes() >= kMaxBytes) TRY(Flush());
  topic_ = topic;
  to->Add(Partition(record.partition), Offset(record.offset), TimestampMs(record.timestamp_ms), record.key,
          record.value);
  return Status::OK();
}

Status BigQueryRepair::AddToBronze(const std::string& topic, const medallion::Record& record) {
  return Collect(topic, record, &raw_);
}

Status BigQueryRepair::AddJudged(const std::string& topic, const medallion::Record& record) {
  return Collect(topic, record, &judged_);
}

Status BigQueryRepair::Flush() {
  TRY(FlushBronze());
  return FlushJudged();
}

/// From here on nobody else appends what these records are of. Null in a dry run.
Result<std::unique_ptr<BigQuerySink>> BigQueryRepair::TakeOver(const topic::RecordBatch& records, bool bronze) {
  if (dry_run_) return nullptr;
  const auto generation = generations_.find(topic_);
  if (generation == generations_.end()) return Status::Invalid("nothing was audited of topic '", topic_, "'");
  std::set<Partition> partitions;
  for (std::size_t i = 0; i < records.size(); ++i) partitions.insert(records[i].partition);
  auto sink = std::make_unique<BigQuerySink>(
      client_, BigQuerySinkOptions{.bronze = bronze, .mend = true, .dedupe_keys = 1, .remember_rows = 1});
  TRY(sink->Begin({topic_, generation->second, 0}, {partitions.begin(), partitions.end()}).status());
  return sink;
}

/// Those of the records that none of the tables has by now.
Result<topic::RecordBatch> BigQueryRepair::Missing(const topic::RecordBatch& records,
                                                   const std::vector<std::string>& tables) {
  RecordPlaces places, there;
  for (std::size_t i = 0; i < records.size(); ++i) places.emplace(records[i].partition, records[i].offset);
  for (const std::string& table : tables) {
    TRY_ASSIGN(auto some, PlacesIn(client_->rest(), table, topic_, places));
    there.merge(some);
  }
  topic::RecordBatch missing;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto& r = records[i];
    if (there.contains({r.partition, r.offset})) {
      ++counts_.overtaken;
    } else {
      missing.Add(r.partition, r.offset, r.timestamp, records.Key(i), records.Value(i));
    }
  }
  return missing;
}

/// Rows and verdicts as the engine makes them. Of two records of one quote the first is its row.
Result<Batch> BigQueryRepair::Judged(topic::RecordBatch records) {
  const auto kept = std::make_shared<const topic::RecordBatch>(std::move(records));
  medallion::Judge judge;
  medallion::RowHasher hasher;
  medallion::SilverRow row;
  medallion::SilverBuilder rows;
  medallion::RawBuilder rejects(medallion::RawBuilder::Kind::kQuarantine);
  std::vector<KeyedRow> keyed;
  Batch batch;
  for (std::size_t i = 0; i < kept->size(); ++i) {
    const auto record = RecordAt(*kept, i);
    if (const auto rejection = judge.Decide(record, &row)) {
      TRY(rejects.Append(record, *rejection));
      continue;
    }
    const auto key = KeyOf(row, &hasher);
    const auto time = row.event_time_us();
    if (!appended_.insert(key).second) {
      ++counts_.repeats;
      continue;
    }
    batch.picks.push_back({rows.rows(), medallion::DayOf(time), time, key});
    keyed.push_back({std::string(row.ticker()), time, key});
    TRY(rows.Append(row, record.partition, record.offset));
  }
  TRY(DropRowsThere(keyed, &batch));
  TRY_ASSIGN(batch.silver, rows.Finish(topic_));
  batch.quarantine_days = rejects.days();
  TRY_ASSIGN(batch.quarantine, rejects.Finish(topic_));
  batch.records.push_back(kept);  // a row that BigQuery refuses goes to Quarantine as it was read
  return batch;
}

Status BigQueryRepair::DropRowsThere(const std::vector<KeyedRow>& rows, Batch* batch) {
  TRY_ASSIGN(const auto found, lookup_.Find(rows));
  std::unordered_set<medallion::RowKey> there;
  for (const KeyedRow& row : found) there.insert(row.key);
  counts_.overtaken += static_cast<std::int64_t>(
      std::erase_if(batch->picks, [&](const Pick& pick) { return there.contains(pick.key); }));
  return Status::OK();
}

Result<Written> BigQueryRepair::Write(BigQuerySink* sink, Batch batch) {
  TRY_ASSIGN(auto written, sink->Write(std::move(batch)));
  if (!written.fenced) return written;
  return Status::IOError("another process took partitions of topic '", topic_,
                         "' over while the repair wrote: stop it for as long, or repair again");
}

Status BigQueryRepair::FlushBronze() {
  if (raw_.empty()) return Status::OK();
  TRY_ASSIGN(const auto sink, TakeOver(raw_, true));
  TRY_ASSIGN(auto missing, Missing(raw_, {kBronzeTable}));
  raw_ = {};
  const auto count = static_cast<std::int64_t>(missing.size());
  if (sink) {
    Batch batch;
    TRY_ASSIGN(batch.silver, medallion::SilverBuilder().Finish(topic_));
    TRY_ASSIGN(batch.quarantine, medallion::RawBuilder(medallion::RawBuilder::Kind::kQuarantine).Finish(topic_));
    batch.records.push_back(std::make_shared<const topic::RecordBatch>(std::move(missing)));
    TRY(Write(sink.get(), std::move(batch)).status());
  }
  counts_.bronze += count;
  return Status::OK();
}

Status BigQueryRepair::FlushJudged() {
  if (judged_.empty()) return Status::OK();
  TRY_ASSIGN(const auto sink, TakeOver(judged_, false));
  TRY_ASSIGN(auto missing, Missing(judged_, {kSilverTable, kQuarantineTable}));
  judged_ = {};
  TRY_ASSIGN(auto batch, Judged(std::move(missing)));
  if (!sink) {
    counts_.silver += static_cast<std::int64_t>(batch.picks.size());
    counts_.quarantine += batch.quarantine->num_rows();
    return Status::OK();
  }
  TRY_ASSIGN(const auto written, Write(sink.get(), std::move(batch)));
  counts_.silver += written.rows;
  counts_.quarantine += written.quarantined;
  return Status::OK();
}

}  // namespace pregao::engine
