#pragma once
/// Appends records that the audit has found missing.
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "engine/batch.h"
#include "lake/data_file.h"
#include "lake/object_store.h"
#include "lake/table.h"
#include "medallion/judge.h"
#include "medallion/raw_builder.h"
#include "medallion/silver_builder.h"

namespace pregao::engine {

/// The tables at versions at or before those that the records were found missing from; null where there is none.
struct RepairBase {
  std::shared_ptr<const lake::Snapshot> bronze, quarantine, silver;
};

struct RepairOptions {
  std::string owner = "embedded";  ///< pregao.owner of the tables; another's only while that one does not write
  bool dry_run = false;            ///< judge and count, write nothing
  std::int64_t max_rows = 50'000;  ///< of one commit
  lake::WriteOptions write;
  lake::TableOptions table;
};

struct RepairCounts {
  std::int64_t bronze = 0, quarantine = 0, silver = 0;  ///< rows appended
  std::int64_t repeats = 0;                             ///< repeat a row that this repair appended
  std::int64_t overtaken = 0;                           ///< another writer has brought them meanwhile
};

/// Judges records again and appends them to the tables, each once. Positions do not move. Not thread-safe.
class Repair {
 public:
  virtual ~Repair() = default;
  /// A record that Bronze lacks.
  [[nodiscard]] virtual Status AddToBronze(const std::string& topic, const medallion::Record& record) = 0;
  /// A record that neither Silver nor Quarantine has, and whose row Silver has not.
  [[nodiscard]] virtual Status AddJudged(const std::string& topic, const medallion::Record& record) = 0;
  /// Writes what is collected: Bronze, Quarantine, Silver.
  [[nodiscard]] virtual Status Flush() = 0;
  [[nodiscard]] virtual const RepairCounts& counts() const = 0;
};

/// Of a lake: a row that others added since the base is folded in before a commit lands, whoever they are (a running
/// engine, another repair), and files that were only rewritten do not matter.
class LakeRepair final : public Repair {
 public:
  /// Invalid: a table is not the owner's (pregao.owner), or was made by another version of the schema.
  [[nodiscard]] static Result<std::unique_ptr<Repair>> Open(std::shared_ptr<lake::ObjectStore> store,
                                                            const Clock* clock, const RepairBase& base,
                                                            RepairOptions options);

  [[nodiscard]] Status AddToBronze(const std::string& topic, const medallion::Record& record) override;
  [[nodiscard]] Status AddJudged(const std::string& topic, const medallion::Record& record) override;
  [[nodiscard]] Status Flush() override;
  [[nodiscard]] const RepairCounts& counts() const override { return counts_; }

 private:
  using Place = std::tuple<std::string, std::int32_t, std::int64_t>;  // topic, partition, offset
  struct Target {
    const char* root;
    std::shared_ptr<lake::Table> table;
    std::shared_ptr<const lake::Snapshot> base;
    std::set<Place> foreign;  // records that others added since the first base
  };

  LakeRepair(std::shared_ptr<lake::ObjectStore> store, const Clock* clock, RepairOptions options)
      : store_(std::move(store)), clock_(clock), options_(std::move(options)) {}
  [[nodiscard]] Status OpenTarget(const std::shared_ptr<const lake::Snapshot>& base, Target* target);
  [[nodiscard]] Status Turn(const std::string& topic);
  [[nodiscard]] Status Learn(Target* target, const std::vector<std::shared_ptr<const lake::DataFile>>& added);
  [[nodiscard]] Status FlushRaw(Target* target, medallion::RawBuilder* builder, std::vector<Place>* places,
                                std::int64_t* count);
  [[nodiscard]] Status FlushSilver();
  [[nodiscard]] Status Commit(Target* target, const std::function<std::int64_t()>& drop,
                              const std::function<Status(lake::Transaction*)>& write);

  const std::shared_ptr<lake::ObjectStore> store_;
  const Clock* const clock_;  // not owned
  const RepairOptions options_;
  Target bronze_{"bronze/quotes", {}, {}, {}}, quarantine_{"silver/quarantine", {}, {}, {}},
      silver_{"silver/quotes", {}, {}, {}};
  RepairCounts counts_;
  std::string topic_;  // of what is collected
  medallion::Judge judge_;
  medallion::RowHasher hasher_;
  medallion::SilverRow row_;
  medallion::RawBuilder raw_{medallion::RawBuilder::Kind::kBronze};
  medallion::RawBuilder rejects_{medallion::RawBuilder::Kind::kQuarantine};
  medallion::SilverBuilder rows_;
  std::vector<Pick> picks_;
  std::vector<Place> raw_places_, reject_places_, row_places_;
  std::unordered_set<medallion::RowKey> appended_;  // keys of rows that this repair appends
  std::unordered_set<medallion::RowKey> foreign_keys_;
};

}  // namespace pregao::engine
