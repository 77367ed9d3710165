#pragma once
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "engine/lake_lookup.h"
#include "engine/sink.h"
#include "lake/data_file.h"
#include "lake/object_store.h"
#include "lake/table.h"

namespace pregao::engine {

/// The tables' roots under the lake.
inline constexpr const char* kBronzeRoot = "bronze/quotes";
inline constexpr const char* kSilverRoot = "silver/quotes";
inline constexpr const char* kQuarantineRoot = "silver/quarantine";
/// The values of the property `pregao.owner`: who appends to a table.
inline constexpr const char* kOwner = "embedded";
inline constexpr const char* kSparkOwner = "spark";

struct LakeSinkOptions {
  std::vector<std::string> partition_by = {"date"};  ///< of a Silver that is created: date, ticker, or both
  bool bronze = true;
  bool accept_new_topic = false;
  std::string owner = kOwner;            ///< for whom the tables are opened, or created
  std::size_t dedupe_keys = 1'000'000;   ///< held in memory
  std::int64_t remember_rows = 500'000;  ///< read from Silver at a start, newest files first
  lake::WriteOptions write;
  lake::TableOptions table;
};

/// Bronze, Quarantine and Silver as Delta tables in one store. The tables are the only checkpoint.
class LakeSink final : public Sink {
 public:
  /// `clock` must outlive the sink.
  LakeSink(std::shared_ptr<lake::ObjectStore> store, const Clock* clock, LakeSinkOptions options);

  [[nodiscard]] Result<Start> Begin(const topic::TopicInfo& topic, const std::vector<Partition>& partitions) override;
  [[nodiscard]] Result<Written> Write(Batch batch) override;

 private:
  /// A table with the version and the positions that this sink last saw; others may have gone on.
  struct Target {
    std::shared_ptr<lake::Table> table;
    std::shared_ptr<const lake::Snapshot> base;
    topic::Positions positions;
  };

  [[nodiscard]] Status Open(const char* root, std::shared_ptr<arrow::Schema> schema,
                            std::vector<std::string> partition_by, const topic::TopicInfo& topic, Target* target);
  [[nodiscard]] std::map<std::string, std::int64_t> LostIn(const Batch& batch, const Target& target) const;
  [[nodiscard]] lake::Transaction NewTransaction(const Batch& batch, const Target& target) const;
  /// Commits, and moves the target's base and positions. @return false when fenced.
  [[nodiscard]] Result<bool> Commit(Target* target, lake::Transaction txn, const lake::Rebase& rebase = nullptr);
  [[nodiscard]] Result<bool> WriteBronze(const Batch& batch, Written* written);
  [[nodiscard]] Result<bool> WriteQuarantine(const Batch& batch, Written* written);
  [[nodiscard]] Result<bool> WriteSilver(Batch* batch, Written* written);
  [[nodiscard]] Status AddFiles(const Target& target, const arrow::RecordBatch& rows,
                                const std::vector<std::int32_t>& days, lake::Transaction* txn) const;
  [[nodiscard]] Status AddSilverFiles(const Batch& batch, lake::Transaction* txn) const;
  [[nodiscard]] Status Learn(const std::vector<std::shared_ptr<const lake::DataFile>>& added, TableVersion version,
                             Written* written);
  [[nodiscard]] bool DropForeign(Batch* batch);

  const std::shared_ptr<lake::ObjectStore> store_;
  const Clock* const clock_;  // not owned
  const LakeSinkOptions options_;
  topic::TopicInfo topic_;
  Target bronze_, quarantine_, silver_;
  std::unique_ptr<LakeLookup> lookup_;
  /// Rows that others added, by the version that batches must have been judged at to know them.
  struct Foreign {
    TableVersion version;
    std::unordered_set<medallion::RowKey> keys;
  };
  std::deque<Foreign> foreign_;
};

}  // namespace pregao::engine
