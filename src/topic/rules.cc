#include "topic/rules.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <random>

namespace pregao::topic {
namespace {

std::size_t Size(const NewRecord& record) {
  std::size_t size = (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
  for (const Header& header : record.headers) size += header.key.size() + header.value.size();
  return size;
}

}  // namespace

Status CheckTopicName(std::string_view name) {
  const bool legal = std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
  });
  if (legal && !name.empty() && name.size() <= 249 && name != "." && name != "..") return Status::OK();
  return Status::Invalid("topic name '", name, "': use 1 to 249 letters, digits, '.', '_' or '-'");
}

Status CheckPartitionCount(std::int32_t partitions) {
  if (partitions >= 1 && partitions <= kMaxPartitions) return Status::OK();
  return Status::Invalid("a topic of ", partitions, " partitions: use 1 to ", kMaxPartitions);
}

Status CheckRecords(std::span<const NewRecord> records) {
  for (const NewRecord& record : records) {
    const std::size_t size = Size(record);
    if (size <= kMaxRecordBytes) continue;
    return Status::Invalid("a record of ", size, " bytes, key '", record.key.value_or("").substr(0, 64),
                           "': a topic takes at most ", kMaxRecordBytes);
  }
  return Status::OK();
}

Status CheckSeek(const TopicInfo& topic, Partition partition, Offset position, Offset high) {
  if (position >= Offset(0) && position <= high) return Status::OK();
  return Status::Invalid("topic '", topic.name, "': cannot read partition ", partition, " from offset ", position,
                         ", it ends at ", high, ": the topic has lost records, was it restored from an old copy?");
}

Status NotOwned(const TopicInfo& topic, Partition partition) {
  return Status::Invalid("topic '", topic.name, "': partition ", partition,
                         " is not among those that the last Poll assigned to this reader");
}

std::string NewGeneration() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

bool HasDenseOffsets(std::string_view generation) {
  return generation.size() == 32 && generation.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace pregao::topic
