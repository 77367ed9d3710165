#pragma once
#include <memory>
#include <vector>

#include "base/status.h"
#include "lake/data_file.h"
#include "lake/table.h"
#include "medallion/dedupe.h"

namespace pregao::engine {

/// Keys of all rows of files of Silver.
[[nodiscard]] Result<std::vector<medallion::KeyedRow>> KeysOf(const lake::Table& silver, const lake::Snapshot& snapshot,
                                                              const lake::DataFile& file);

/// A memory that knows the newest rows of Silver: files are read from the newest event time back until they hold
/// `remember_rows` rows.
[[nodiscard]] Result<std::unique_ptr<medallion::DedupeMemory>> Remember(const lake::Table& silver,
                                                                        const lake::Snapshot& snapshot,
                                                                        std::size_t dedupe_keys,
                                                                        std::int64_t remember_rows);

/// Late rows, looked up in Silver's files whose statistics allow them. Not thread-safe; owns its view of the table.
class LakeLookup final : public medallion::KeyLookup {
 public:
  explicit LakeLookup(std::shared_ptr<lake::Table> silver) : silver_(std::move(silver)) {}
  [[nodiscard]] Result<std::vector<medallion::KeyedRow>> Find(const std::vector<medallion::KeyedRow>& wanted) override;

 private:
  const std::shared_ptr<lake::Table> silver_;
};

}  // namespace pregao::engine
