#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/types.h"

namespace pregao::topic {

/// MurmurHash2 with the seed and the signed result of org.apache.kafka.common.utils.Utils.murmur2.
[[nodiscard]] std::int32_t Murmur2(std::string_view data);

/// Kafka's `murmur2_random`, the Java client's default: equal keys go to one partition, records without a key to each
/// partition in turn. An empty key is a key. Thread-safe.
class Partitioner {
 public:
  /// @param partitions  of the topic, at least 1
  explicit Partitioner(std::int32_t partitions);
  [[nodiscard]] Partition Of(std::optional<std::string_view> key);

 private:
  const std::int32_t partitions_;
  std::atomic<std::uint32_t> next_;  // of records without a key; starts anywhere, so that short runs spread too
};

}  // namespace pregao::topic
