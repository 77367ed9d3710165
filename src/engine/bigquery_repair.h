#pragma once
#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/bigquery_sink.h"
#include "engine/repair.h"

#include "bigquery/client.h"

namespace pregao::engine {

/// Of tables in BigQuery: takes the partitions over as an engine does, so that nobody else appends from then on, asks
/// what has come since, and appends the rest by streams of its own. An engine that runs begins again from the tables.
class BigQueryRepair final : public Repair {
 public:
  /// @param generations  of the topics whose records will be added
  BigQueryRepair(std::shared_ptr<bigquery::Client> client, std::map<std::string, std::string> generations, bool dry_run)
      : client_(std::move(client)), lookup_(client_->rest()), generations_(std::move(generations)), dry_run_(dry_run) {}

  [[nodiscard]] Status AddToBronze(const std::string& topic, const medallion::Record& record) override;
  [[nodiscard]] Status AddJudged(const std::string& topic, const medallion::Record& record) override;
  /// An IOError: another process has taken a partition over meanwhile.
  [[nodiscard]] Status Flush() override;
  [[nodiscard]] const RepairCounts& counts() const override { return counts_; }

 private:
  static constexpr std::size_t kMaxRecords = 50'000, kMaxBytes = 64u << 20;  // collected

  [[nodiscard]] Status Collect(const std::string& topic, const medallion::Record& record, topic::RecordBatch* to);
  [[nodiscard]] Result<std::unique_ptr<BigQuerySink>> TakeOver(const topic::RecordBatch& records, bool bronze);
  [[nodiscard]] Result<topic::RecordBatch> Missing(const topic::RecordBatch& records,
                                                   const std::vector<std::string>& tables);
  [[nodiscard]] Result<Batch> Judged(topic::RecordBatch records);
  [[nodiscard]] Status DropRowsThere(const std::vector<medallion::KeyedRow>& rows, Batch* batch);
  [[nodiscard]] Result<Written> Write(BigQuerySink* sink, Batch batch);
  [[nodiscard]] Status FlushBronze();
  [[nodiscard]] Status FlushJudged();

  const std::shared_ptr<bigquery::Client> client_;
  TableLookup lookup_;
  const std::map<std::string, std::string> generations_;
  const bool dry_run_;
  std::string topic_;  // of what is collected
  topic::RecordBatch raw_, judged_;
  std::unordered_set<medallion::RowKey> appended_;
  RepairCounts counts_;
};

}  // namespace pregao::engine
