#pragma once
#include <deque>
#include <map>

#include "engine/stats.h"
#include "topic/topic.h"

namespace pregao::engine {

/// Knows how far the tables are behind the topic, in offsets and in time. The time of a record is remembered for the
/// first of each run of a partition's records in a poll, and about ten times a second of topic time, so what it takes
/// does not grow with the rate. Not thread-safe.
class LagTracker {
 public:
  /// A session begins: these partitions and no others, from these positions.
  void Begin(const topic::Positions& from, const std::map<Partition, topic::OffsetRange>& ranges);
  /// These records have been read and are on their way into the tables.
  void Read(const topic::RecordBatch& records);
  /// The tables have what is below.
  void Commit(const topic::Positions& positions);
  /// Reading has met the end there, past the holes before it: once all that was read is committed, nothing waits.
  void Ended(const topic::Positions& positions);
  /// What the topic holds now.
  void Ends(const std::map<Partition, topic::OffsetRange>& ranges);

  [[nodiscard]] std::map<Partition, PartitionLag> Get() const;

 private:
  struct Mark {
    Offset offset;
    TimestampMs time;
  };
  struct State {
    PartitionLag lag;
    Offset committed;        // the tables' position; lag.position may be past holes behind it
    Offset read_to;          // behind the last record read
    Offset ended{0};         // where reading last met the end
    std::deque<Mark> marks;  // the first is at or before the first record that is not committed
  };
  static void PassHoles(State* state);

  std::map<Partition, State> partitions_;
};

}  // namespace pregao::engine
