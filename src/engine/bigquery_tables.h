#pragma once
/// Bronze, Silver and Quarantine in a dataset of BigQuery, and what is asked of them.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/sink.h"
#include "medallion/dedupe.h"
#include "topic/topic.h"

#include "bigquery/client.h"

namespace pregao::engine {

inline constexpr const char* kBronzeTable = "bronze_quotes";
inline constexpr const char* kSilverTable = "silver_quotes";
inline constexpr const char* kQuarantineTable = "silver_quarantine";

/// One of these three as pregao makes it.
[[nodiscard]] bigquery::TableSpec SpecOf(const std::string& table);
/// The dataset and the tables, made where they are absent.
[[nodiscard]] Status EnsureTables(bigquery::Rest* rest, bool bronze);

/// Behind the largest offset that a table has of each partition of a topic. Of Quarantine, without refused rows: these
/// are not written in the order of their offsets.
[[nodiscard]] Result<topic::Positions> TablePositions(bigquery::Rest* rest, const std::string& table,
                                                      const std::string& topic);

/// Which of these places in a topic a table has.
[[nodiscard]] Result<RecordPlaces> PlacesIn(bigquery::Rest* rest, const std::string& table, const std::string& topic,
                                            const RecordPlaces& places);

/// The first day (UTC, "2026-11-22") of which all rows of a table are read, so that they are `rows` or more, if it has
/// so many: whole days from the newest back.
[[nodiscard]] Result<std::string> FirstDay(bigquery::Rest* rest, const std::string& table, std::int64_t rows);

/// The records of a topic that are in Quarantine as refused.
[[nodiscard]] Result<RecordPlaces> RefusedPlaces(bigquery::Rest* rest, const std::string& topic);

/// A memory that knows the newest rows of Silver, `remember_rows` at most.
[[nodiscard]] Result<std::unique_ptr<medallion::DedupeMemory>> RememberTable(bigquery::Rest* rest,
                                                                             std::size_t dedupe_keys,
                                                                             std::int64_t remember_rows);

/// Late rows, looked up in Silver by one query for each 10,000. Thread-safe.
class TableLookup final : public medallion::KeyLookup {
 public:
  /// `rest` outlives it.
  explicit TableLookup(bigquery::Rest* rest) : rest_(rest) {}
  [[nodiscard]] Result<std::vector<medallion::KeyedRow>> Find(const std::vector<medallion::KeyedRow>& wanted) override;

 private:
  bigquery::Rest* const rest_;
};

}  // namespace pregao::engine
