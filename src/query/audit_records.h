#pragma once
/// The parts of the audit that look at single records.
#include <arrow/record_batch.h>
#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "medallion/judge.h"
#include "medallion/row_key.h"
#include "query/session.h"
#include "topic/topic.h"

namespace pregao::query {

using OffsetSet = std::set<std::pair<std::int32_t, std::int64_t>>;  ///< partition, offset

/// Cells of a result whose types are known: VARCHAR; any integer; BLOB or VARCHAR, nullopt for null.
[[nodiscard]] std::string TextAt(const arrow::RecordBatch& batch, int column, std::int64_t row);
[[nodiscard]] std::int64_t IntAt(const arrow::RecordBatch& batch, int column, std::int64_t row);
[[nodiscard]] std::optional<std::string_view> BytesAt(const arrow::RecordBatch& batch, int column, std::int64_t row);

/// "(partition = 0 AND offset BETWEEN 5 AND 9) OR …" for the records of a batch, which is not empty.
[[nodiscard]] std::string OffsetRanges(const topic::RecordBatch& records);

/// A record's place.
struct RecordId {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  friend auto operator<=>(const RecordId&, const RecordId&) = default;
};

/// Judges records that have no row and no verdict in the tables: each must repeat a row of Silver. Queries nothing
/// before Finish, so that the records may come out of a result that is still being read. Memory: about 100 bytes a
/// record.
class RecordJudge {
 public:
  using Id = RecordId;
  explicit RecordJudge(Session* session) : session_(session) {}

  [[nodiscard]] Status Add(Id id, std::int64_t timestamp_ms, std::optional<std::string_view> value);
  /// Looks up what waits. Call it once, last.
  [[nodiscard]] Status Finish();
  /// Records that are nowhere, and why they should be somewhere.
  [[nodiscard]] const std::vector<std::pair<Id, std::string>>& missing() const { return missing_; }
  [[nodiscard]] std::int64_t duplicates(const std::string& topic, std::int32_t partition) const;

 private:
  static constexpr std::size_t kAtOnce = 2000;
  struct Waiting {
    Id id;
    std::string ticker;
    std::int64_t event_time_us;
    medallion::RowKey key;
  };
  [[nodiscard]] Status LookUp(std::span<Waiting> waiting);

  Session* const session_;
  medallion::Judge judge_;
  medallion::SilverRow row_;
  medallion::RowHasher hasher_;
  std::string padded_;
  std::vector<Waiting> waiting_;
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
[[nodiscard]] Status VisitBronze(Session* session, std::span<const RecordId> places, const RecordVisitor& visit);
/// The same out of a topic, in the order that they come; `reader` has served nobody yet.
[[nodiscard]] Status VisitTopic(topic::TopicReader* reader, std::span<const RecordId> places,
                                const RecordVisitor& visit);

}  // namespace pregao::query
