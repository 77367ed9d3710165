#pragma once
/// A topic in memory, with consumer groups and faults on demand: what the simulation and the tests of others use.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "topic/topic.h"

namespace pregao::topic {

/// What a failing Append leaves behind.
enum class AppendFault : std::uint8_t {
  kNothing,  ///< no record was appended
  kPart,     ///< the first half was
  kAll,      ///< all were: only the acknowledgement got lost
};

/// Owns its records; writers and readers share them and may outlive this object. Thread-safe, but each reader belongs
/// to one thread.
class MemoryTopic {
 public:
  /// @param partitions  1 to kMaxPartitions, or the program ends
  explicit MemoryTopic(std::int32_t partitions = 4, std::string name = "quotes");
  ~MemoryTopic();

  [[nodiscard]] std::unique_ptr<TopicWriter> NewWriter();
  /// A reader that joins `group`, among whose members the partitions are divided; its destruction leaves the group.
  /// Members learn of their new partitions by the next Poll. What a member kept it reads on from where it was.
  [[nodiscard]] std::unique_ptr<TopicReader> NewReader(const std::string& group = "pregao");
  /// Divides the partitions of every group anew, at random: a member may get none.
  void Rebalance(std::uint64_t seed);
  /// What the group last committed.
  [[nodiscard]] Positions Committed(const std::string& group) const;
  [[nodiscard]] TopicInfo info() const;

  /// The next `count` calls of Append, of any writer, fail with IOError.
  void FailAppends(int count, AppendFault fault = AppendFault::kNothing);
  /// The next `count` calls of Poll, of any reader, fail with IOError; nothing is lost.
  void FailPolls(int count);
  /// The next record of the partition gets an offset that is `count` higher than it would have got.
  void SkipOffsets(Partition partition, std::int64_t count);
  /// Removes records by offset, as compaction does: a hole stays.
  void RemoveRecord(Partition partition, Offset offset);
  /// Removes the records below `low`, as retention does. Never lowers, and never passes the end.
  void DropBelow(Partition partition, Offset low);
  /// Deletes and creates the topic: empty, offsets from 0, a new generation. Writers and readers of the old one fail.
  void Recreate();

 private:
  struct State;
  class Writer;
  class Reader;
  std::shared_ptr<State> state_;
};

}  // namespace pregao::topic
