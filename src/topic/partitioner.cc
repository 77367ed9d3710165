#include "topic/partitioner.h"

#include <cstddef>
#include <random>

namespace pregao::topic {

std::int32_t Murmur2(std::string_view data) {
  constexpr std::uint32_t kSeed = 0x9747b28c;
  constexpr std::uint32_t kMultiplier = 0x5bd1e995;
  const auto byte = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(data[i])}; };
  std::uint32_t hash = kSeed ^ static_cast<std::uint32_t>(data.size());
  std::size_t i = 0;
  for (; i + 4 <= data.size(); i += 4) {
    std::uint32_t word = byte(i) | byte(i + 1) << 8 | byte(i + 2) << 16 | byte(i + 3) << 24;
    word *= kMultiplier;
    word ^= word >> 24;
    word *= kMultiplier;
    hash *= kMultiplier;
    hash ^= word;
  }
  if (i < data.size()) {
    for (std::size_t tail = data.size(); tail-- > i;) hash ^= byte(tail) << (8 * (tail - i));
    hash *= kMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return static_cast<std::int32_t>(hash);
}

Partitioner::Partitioner(std::int32_t partitions) : partitions_(partitions), next_(std::random_device{}()) {}

Partition Partitioner::Of(std::optional<std::string_view> key) {
  const auto count = static_cast<std::uint32_t>(partitions_);
  if (!key) return Partition(static_cast<std::int32_t>(next_.fetch_add(1, std::memory_order_relaxed) % count));
  // The Java client clears the sign bit (Utils.toPositive) instead of taking the absolute value.
  const auto positive = static_cast<std::uint32_t>(Murmur2(*key)) & 0x7fffffffU;
  return Partition(static_cast<std::int32_t>(positive % count));
}

}  // namespace pregao::topic
