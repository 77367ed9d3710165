#pragma once
/// What every topic accepts and delivers, whatever keeps it.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "topic/topic.h"

namespace pregao::topic {

inline constexpr std::int32_t kMaxPartitions = 1024;
/// Key, value and headers of one record together.
inline constexpr std::size_t kMaxRecordBytes = 64U << 20;
/// A Poll ends early once it holds this many bytes, so that memory stays flat however large the values are.
inline constexpr std::size_t kMaxPollBytes = 16U << 20;

/// Invalid unless the name is one that Kafka takes: 1 to 249 of [A-Za-z0-9._-], neither "." nor "..".
[[nodiscard]] Status CheckTopicName(std::string_view name);
/// Invalid unless 1 to kMaxPartitions.
[[nodiscard]] Status CheckPartitionCount(std::int32_t partitions);
/// Invalid when a record exceeds kMaxRecordBytes.
[[nodiscard]] Status CheckRecords(std::span<const NewRecord> records);
/// Invalid when a position lies outside [0, high] of its partition: a position past the end means that the topic lost
/// records, and reading on from there would skip those to come.
[[nodiscard]] Status CheckSeek(const TopicInfo& topic, Partition partition, Offset position, Offset high);
/// The error of a Seek or Commit for a partition that the reader does not own.
[[nodiscard]] Status NotOwned(const TopicInfo& topic, Partition partition);
/// A new topic's generation: 128 random bits in hex.
[[nodiscard]] std::string NewGeneration();
/// Whether a topic of this generation numbers its records without holes: a local topic, or one in memory. Kafka's has
/// holes where a transaction ended, or compaction went by.
[[nodiscard]] bool HasDenseOffsets(std::string_view generation);

}  // namespace pregao::topic
