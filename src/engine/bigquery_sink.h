#pragma once
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/bigquery_tables.h"
#include "engine/sink.h"

#include "bigquery/client.h"
#include "bigquery/stream_writer.h"

namespace pregao::engine {

struct BigQuerySinkOptions {
  bool bronze = false;
  bool mend = false;                     ///< Bronze takes all records of a batch, those below its position too
  std::size_t dedupe_keys = 1'000'000;   ///< held in memory
  std::int64_t remember_rows = 100'000;  ///< read from Silver at a start, the newest
};

/// Silver and Quarantine (and Bronze, by choice) as tables of BigQuery, one COMMITTED stream for each table and
/// partition. The tables are the only checkpoint: Silver's position is the largest offset it has of a partition, since
/// rows are appended in the order of their offsets, and what comes before a row in Quarantine is there before it.
class BigQuerySink final : public Sink {
 public:
  BigQuerySink(std::shared_ptr<bigquery::Client> client, BigQuerySinkOptions options);

  /// Takes the partitions over: other processes' appends fail from here on.
  [[nodiscard]] Result<Start> Begin(const topic::TopicInfo& topic, const std::vector<Partition>& partitions) override;
  /// Rows that BigQuery refuses go to Quarantine, with its words, before those behind them are appended.
  [[nodiscard]] Result<Written> Write(Batch batch) override;

 private:
  /// Rows without `date` of one table, for each partition, in the order of their offsets.
  using Parts = std::map<Partition, std::shared_ptr<arrow::RecordBatch>>;

  [[nodiscard]] bigquery::StreamWriter* Writer(const char* table, Partition partition);
  [[nodiscard]] std::int64_t BytesTaken() const;
  /// @return false when somebody else has taken over
  [[nodiscard]] Result<bool> Append(const char* table, const Parts& parts,
                                    const bigquery::StreamWriter::OnRefused& on_refused);
  [[nodiscard]] Result<bool> WriteBronze(const Batch& batch);
  [[nodiscard]] Result<bool> WriteQuarantine(const Batch& batch);
  [[nodiscard]] Result<bool> WriteSilver(const Batch& batch, Written* written);
  [[nodiscard]] Result<bool> AppendRaw(const char* table, const arrow::RecordBatch& rows,
                                       const std::vector<std::int32_t>& days);
  [[nodiscard]] Status Refuse(const Batch& batch, const arrow::RecordBatch& rows,
                              const std::vector<bigquery::RefusedRow>& refused);

  const std::shared_ptr<bigquery::Client> client_;
  const BigQuerySinkOptions options_;
  TableLookup lookup_;
  std::string topic_;
  topic::Positions bronze_;  // where Bronze was when we began
  std::map<std::pair<std::string, std::int32_t>, std::unique_ptr<bigquery::StreamWriter>> writers_;
};

}  // namespace pregao::engine
