#pragma once
/// What gold/bars holds of the stream's bars.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/silver_ticks.h"
#include "lake/table.h"
#include "medallion/bars.h"

namespace pregao::engine {

/// Last revisions of the stream's bars of each ticker in its span (of starts), by ticker.
[[nodiscard]] Result<std::map<std::string, medallion::StoredBars>> LastRevisions(const lake::Table& bars,
                                                                                 const lake::Snapshot& snapshot,
                                                                                 const Spans& wanted);

/// The start of each ticker's newest bar, of bars that others than its user wrote. Reads the table from its newest day
/// back, no further than it is asked to, and each day once. Not thread-safe.
class NewestBars {
 public:
  explicit NewestBars(const lake::Table* bars) : bars_(bars) {}
  /// @param snapshot  the newest: older files may be gone
  /// @return nullopt: there is no bar of it
  [[nodiscard]] Result<std::optional<std::int64_t>> Find(const lake::Snapshot& snapshot, const std::string& ticker);

 private:
  /// @return false when there is no day left
  [[nodiscard]] Result<bool> ReadDay(const lake::Snapshot& snapshot);

  const lake::Table* bars_;
  std::optional<std::string> read_to_;  // this date and all after it are read
  std::map<std::string, std::int64_t> newest_;
};

}  // namespace pregao::engine
