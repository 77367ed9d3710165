#include "engine/bigquery_sink.h"

#include <algorithm>
#include <arrow/array.h>
#include <arrow/builder.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "engine/bigquery_spark.h"
#include "engine/file_rows.h"
#include "medallion/raw_builder.h"
#include "medallion/schema.h"

#include "bigquery/registry.h"
#include "bigquery/types.h"

namespace pregao::engine {
namespace {

using bigquery::AppendEnd;
using bigquery::RefusedRow;

const std::shared_ptr<arrow::Schema>& SchemaOf(const std::string& table) {
  if (table == kBronzeTable) return medallion::BronzeSchema();
  return table == kSilverTable ? medallion::SilverSchema() : medallion::QuarantineSchema();
}

Partition PartitionAt(const arrow::RecordBatch& rows, std::int64_t row) {
  return Partition(static_cast<const arrow::Int32Array&>(*rows.GetColumnByName("partition")).Value(row));
}

Result<std::shared_ptr<arrow::Array>> Dates(const std::vector<std::int32_t>& days) {
  arrow::Date32Builder builder;
  TRY(builder.AppendValues(days));
  return builder.Finish();
}

topic::Positions Of(topic::Positions positions, const std::vector<Partition>& partitions) {
  std::erase_if(positions,
                [&](const auto& item) { return std::ranges::find(partitions, item.first) == partitions.end(); });
  return positions;
}

/// A record of the batch as it was read.
Result<medallion::Record> RecordOf(const Batch& batch, Partition partition, Offset offset) {
  for (const auto& records : batch.records) {
    for (std::size_t i = 0; i < records->size(); ++i) {
      const auto& r = (*records)[i];
      if (r.partition != partition || r.offset != offset) continue;
      return medallion::Record{partition.value, offset.value, r.timestamp.value, records->Key(i), records->Value(i)};
    }
  }
  return Status::UnknownError("the batch has no record ", partition.value, ":", offset.value);
}

Status NoRefusal(const char* table, const std::vector<RefusedRow>& refused) {
  return Status::Invalid("BigQuery refuses ", refused.size(), " rows of ", table, ": ", refused.front().why);
}

}  // namespace

BigQuerySink::BigQuerySink(std::shared_ptr<bigquery::Client> client, BigQuerySinkOptions options)
    : client_(std::move(client)), options_(options), lookup_(client_->rest()) {}

Result<Start> BigQuerySink::Begin(const topic::TopicInfo& topic, const std::vector<Partition>& partitions) {
  writers_.clear();
  topic_ = topic.name;
  bigquery::Rest* const rest = client_->rest();
  TRY(RefuseSparks(rest));
  TRY(EnsureTables(rest, options_.bronze));
  bigquery::Registry registry(client_.get());
  TRY(registry.Open());
  std::vector<std::string> tables = {kQuarantineTable, kSilverTable};
  if (options_.bronze) tables.insert(tables.begin(), kBronzeTable);
  std::vector<std::int32_t> numbers;
  for (const Partition partition : partitions) numbers.push_back(partition.value);
  TRY_ASSIGN(const auto streams, registry.TakeOver({topic.name, topic.generation}, tables, numbers));
  for (const auto& [place, stream] : streams) {
    writers_[place] = std::make_unique<bigquery::StreamWriter>(client_->write(), stream,
                                                               bigquery::WireSchema(*SchemaOf(place.first)));
  }

  // From here on nobody else appends.
  Start start;
  TRY_ASSIGN(start.judge_from, TablePositions(rest, kSilverTable, topic_));
  TRY_ASSIGN(start.quarantine_from, TablePositions(rest, kQuarantineTable, topic_));
  for (const auto& [partition, offset] : start.judge_from) {
    Offset& mine = start.quarantine_from[partition];
    mine = std::max(mine, offset);
  }
  start.read_from = Of(start.judge_from, partitions);
  if (options_.bronze && !options_.mend) {
    TRY_ASSIGN(bronze_, TablePositions(rest, kBronzeTable, topic_));
    std::erase_if(start.read_from, [&](const auto& item) { return !bronze_.contains(item.first); });
    for (auto& [partition, offset] : start.read_from) offset = std::min(offset, bronze_[partition]);
  }
  TRY_ASSIGN(start.skip, RefusedPlaces(rest, topic_));
  TRY_ASSIGN(start.memory, RememberTable(rest, options_.dedupe_keys, options_.remember_rows));
  start.lookup = &lookup_;
  start.bronze = true;  // a refused row goes to Quarantine as it was read
  return start;
}

bigquery::StreamWriter* BigQuerySink::Writer(const char* table, Partition partition) {
  const auto found = writers_.find({table, partition.value});
  return found == writers_.end() ? nullptr : found->second.get();
}

std::int64_t BigQuerySink::BytesTaken() const {
  std::int64_t bytes = 0;
  for (const auto& [place, writer] : writers_) bytes += writer->bytes();
  return bytes;
}

Result<bool> BigQuerySink::Append(const char* table, const Parts& parts,
                                  const bigquery::StreamWriter::OnRefused& on_refused) {
  for (const auto& [partition, rows] : parts) {
    bigquery::StreamWriter* const writer = Writer(table, partition);
    if (writer == nullptr) return Status::UnknownError("no stream for partition ", partition.value, " of ", table);
    TRY_ASSIGN(auto wire, bigquery::ToWire(*rows, bigquery::WireSchema(*SchemaOf(table))));
    TRY(writer->Start(std::move(wire)));
  }
  bool ours = true;
  for (const auto& [partition, rows] : parts) {
    TRY_ASSIGN(const auto end, Writer(table, partition)->Finish(on_refused));
    ours = ours && end == AppendEnd::kDone;
  }
  return ours;
}

Result<bool> BigQuerySink::AppendRaw(const char* table, const arrow::RecordBatch& rows,
                                     const std::vector<std::int32_t>& days) {
  TRY_ASSIGN(const auto dates, Dates(days));
  TRY_ASSIGN(const auto dated, rows.AddColumn(rows.num_columns(), SchemaOf(table)->GetFieldByName("date"), dates));
  std::map<Partition, std::vector<std::int64_t>> indices;
  for (std::int64_t i = 0; i < rows.num_rows(); ++i) indices[PartitionAt(rows, i)].push_back(i);
  Parts parts;
  for (const auto& [partition, list] : indices) {
    TRY_ASSIGN(parts[partition], TakeRows(*dated, list));
  }
  return Append(table, parts, [table](const auto&, const auto& refused) { return NoRefusal(table, refused); });
}

Result<bool> BigQuerySink::WriteBronze(const Batch& batch) {
  medallion::RawBuilder builder(medallion::RawBuilder::Kind::kBronze);
  for (const auto& records : batch.records) {
    for (std::size_t i = 0; i < records->size(); ++i) {
      const auto& r = (*records)[i];
      const auto from = bronze_.find(r.partition);
      if (from != bronze_.end() && r.offset < from->second) continue;
      TRY(builder.Append({r.partition.value, r.offset.value, r.timestamp.value, records->Key(i), records->Value(i)}));
    }
  }
  const auto days = builder.days();
  TRY_ASSIGN(const auto rows, builder.Finish(topic_));
  return AppendRaw(kBronzeTable, *rows, days);
}

Result<bool> BigQuerySink::WriteQuarantine(const Batch& batch) {
  return AppendRaw(kQuarantineTable, *batch.quarantine, batch.quarantine_days);
}

/// Rows of Silver that BigQuery does not take, as they were read.
Status BigQuerySink::Refuse(const Batch& batch, const arrow::RecordBatch& rows,
                            const std::vector<RefusedRow>& refused) {
  medallion::RawBuilder raw(medallion::RawBuilder::Kind::kBronze);
  arrow::StringBuilder reasons, details;
  for (const RefusedRow& row : refused) {
    const auto partition = static_cast<const arrow::Int64Array&>(*rows.GetColumnByName("partition")).Value(row.row);
    const auto offset = static_cast<const arrow::Int64Array&>(*rows.GetColumnByName("offset")).Value(row.row);
    TRY_ASSIGN(const auto record, RecordOf(batch, Partition(static_cast<std::int32_t>(partition)), Offset(offset)));
    TRY(raw.Append(record));
    TRY(reasons.Append(medallion::kRefusedReason));
    TRY(details.Append(row.why));
  }
  spdlog::warn("BigQuery refuses {} rows, which go to {}: {}", refused.size(), kQuarantineTable, refused.front().why);
  const auto days = raw.days();
  TRY_ASSIGN(auto table, raw.Finish(topic_));
  TRY_ASSIGN(const auto reason, reasons.Finish());
  TRY_ASSIGN(const auto detail, details.Finish());
  TRY_ASSIGN(table, table->AddColumn(0, arrow::field("detail", arrow::utf8(), false), detail));
  TRY_ASSIGN(table, table->AddColumn(0, arrow::field("reason", arrow::utf8(), false), reason));
  TRY_ASSIGN(const bool ours, AppendRaw(kQuarantineTable, *table, days));
  return ours ? Status::OK() : Status::IOError("another process has taken the partition over");
}

Result<bool> BigQuerySink::WriteSilver(const Batch& batch, Written* written) {
  std::map<Partition, std::vector<std::int64_t>> indices;
  for (const Pick& pick : batch.picks) {
    indices[PartitionAt(*batch.silver, pick.row)].push_back(pick.row);
  }
  written->rows = static_cast<std::int64_t>(batch.picks.size());
  TRY_ASSIGN(const auto dated, WithDate(batch));
  Parts parts;
  for (const auto& [partition, list] : indices) {
    TRY_ASSIGN(parts[partition], TakeRows(*dated, list));
  }
  return Append(kSilverTable, parts, [&](const arrow::RecordBatch& rows, const std::vector<RefusedRow>& refused) {
    TRY(Refuse(batch, rows, refused));
    written->begin_again = true;  // the dedupe memory takes them for rows that are there
    written->rows -= static_cast<std::int64_t>(refused.size());
    written->quarantined += static_cast<std::int64_t>(refused.size());
    return Status::OK();
  });
}

Result<Written> BigQuerySink::Write(Batch batch) {
  Written written;
  const std::int64_t before = BytesTaken();
  written.duplicates = batch.duplicates;
  written.quarantined = batch.quarantine->num_rows();
  TRY_ASSIGN(bool ours, options_.bronze ? WriteBronze(batch) : Result<bool>(true));
  if (ours) {
    TRY_ASSIGN(ours, WriteQuarantine(batch));
  }
  if (ours) {
    TRY_ASSIGN(ours, WriteSilver(batch, &written));
  }
  written.fenced = !ours;
  written.bytes = BytesTaken() - before;
  return written;
}

}  // namespace pregao::engine
