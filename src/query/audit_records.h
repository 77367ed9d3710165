#pragma once
/// The parts of the audit that look at single records.
#include <arrow/record_batch.h>
#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/status.h"
#include "medallion/judge.h"
#include "medallion/row_key.h"
#include "query/audit_tables.h"
#include "topic/topic.h"

namespace pregao::query {

/// Cells of a result whose types are known: VARCHAR; any integer; BLOB or VARCHAR, nullopt for null.
[[nodiscard]] std::string TextAt(const arrow::RecordBatch& batch, int column, std::int64_t row);
[[nodiscard]] std::int64_t IntAt(const arrow::RecordBatch& batch, int column, std::int64_t row);
[[nodiscard]] std::optional<std::string_view> BytesAt(const arrow::RecordBatch& batch, int column, std::int64_t row);

/// A record's place.
struct RecordId {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  friend auto operator<=>(const RecordId&, const RecordId&) = default;
};

/// The columns of a record in a table: topic, partition, offset, time in ms, key, value; and how they are selected.
[[nodiscard]] const std::shared_ptr<arrow::Schema>& RecordColumns();
[[nodiscard]] std::string RecordSql(const AuditTables& tables);
/// A row with these columns as a record; `value` is kept in `*buffer`, with room behind it.
[[nodiscard]] medallion::Record RecordIn(const arrow::RecordBatch& batch, std::int64_t row, std::string* buffer);

/// Judges records that have no row and no verdict in the tables: each must repeat a row of Silver, or one that the
/// table's engine refused. Queries nothing before Finish, so that the records may come out of a result that is still
/// being read. Memory: about 100 bytes a record.
class RecordJudge {
 public:
  using Id = RecordId;
  /// `tables` outlives it.
  explicit RecordJudge(AuditTables* tables) : tables_(tables) {}

  /// 64 bytes behind the record's value can be read.
  [[nodiscard]] Status Add(const std::string& topic, const medallion::Record& record);
  /// Looks up what waits. Call it once, last.
  [[nodiscard]] Status Finish();
  /// Records that are nowhere, and why they should be somewhere.
  [[nodiscard]] const std::vector<std::pair<Id, std::string>>& missing() const { return missing_; }
  [[nodiscard]] std::int64_t duplicates(const std::string& topic, std::int32_t partition) const;

 private:
  static constexpr std::size_t kAtOnce = 10'000;
  struct Waiting {
    Id id;
    medallion::KeyedRow row;
  };
  [[nodiscard]] Status LookUp(std::span<Waiting> waiting);
  [[nodiscard]] Result<std::unordered_set<medallion::RowKey>> RefusedAmong(
      const std::unordered_set<medallion::RowKey>& keys);
  void Tell(Waiting waiting, const std::unordered_set<medallion::RowKey>& there);

  AuditTables* const tables_;
  medallion::Judge judge_;
  medallion::SilverRow row_;
  medallion::RowHasher hasher_;
  std::vector<Waiting> waiting_;
  std::vector<Waiting> nowhere_;  // no row of Silver is theirs
  std::vector<std::pair<Id, std::string>> missing_;
  std::map<std::pair<std::string, std::int32_t>, std::int64_t> duplicates_;
};

/// Reads what a topic retains below limits. A reader serves one walk.
class TopicWalk {
 public:
  /// @param from  where to begin in a partition, if it still has that
  TopicWalk(topic::TopicReader* reader, std::map<Partition, Offset> limits, topic::Positions from = {})
      : reader_(reader), limits_(std::move(limits)), from_(std::move(from)) {}
  /// The next records, headers included, in no order among partitions; empty at the end. The last offsets may be holes:
  /// silence counts as the end when the topic answers in between.
  [[nodiscard]] Result<topic::RecordBatch> Next();

 private:
  [[nodiscard]] Status Begin();
  [[nodiscard]] bool Done() const;

  topic::TopicReader* const reader_;
  std::map<Partition, Offset> limits_;  // of what there is to read
  const topic::Positions from_;
  std::map<Partition, Offset> next_;
  std::chrono::milliseconds silence_{0};
  bool begun_ = false;
};

/// What to do with a record; its bytes live until the call returns, 64 more of them can be read.
using RecordVisitor = std::function<Status(const std::string& topic, const medallion::Record& record)>;

/// Reads the records at these places out of Bronze, each once, in the order of their places.
[[nodiscard]] Status VisitBronze(AuditTables* tables, std::span<const RecordId> places, const RecordVisitor& visit);
/// The same out of a topic, in the order that they come; `reader` has served nobody yet.
[[nodiscard]] Status VisitTopic(topic::TopicReader* reader, std::span<const RecordId> places,
                                const RecordVisitor& visit);

}  // namespace pregao::query
