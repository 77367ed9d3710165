#include <algorithm>
#include <cstring>

#include "topic/topic.h"

namespace pregao::topic {

void RecordBatch::Reserve(std::size_t records, std::size_t bytes) {
  records_.reserve(records);
  if (bytes_.size() < bytes + kPadding) bytes_.resize(bytes + kPadding);
}

void RecordBatch::Add(Partition partition, Offset offset, TimestampMs timestamp, std::optional<std::string_view> key,
                      std::optional<std::string_view> value, std::span<const Header> headers) {
  const std::size_t begin = size_, added = (key ? key->size() : 0) + (value ? value->size() : 0);
  if (begin + added + kPadding > bytes_.size()) bytes_.resize(std::max(begin + added + kPadding, 2 * bytes_.size()));
  for (const auto& part : {key, value}) {
    if (!part || part->empty()) continue;
    std::memcpy(bytes_.data() + size_, part->data(), part->size());
    size_ += part->size();
  }
  std::memset(bytes_.data() + size_, 0, kPadding);  // only that, of the room
  if (!headers.empty()) headers_.emplace(records_.size(), std::vector<Header>(headers.begin(), headers.end()));
  records_.push_back({partition, offset, timestamp, begin, key ? static_cast<std::int32_t>(key->size()) : -1,
                      value ? static_cast<std::int32_t>(value->size()) : -1});
}

std::optional<std::string_view> RecordBatch::Key(std::size_t i) const {
  const Record& r = records_[i];
  if (r.key_size < 0) return std::nullopt;
  return std::string_view(bytes_.data() + r.begin, static_cast<std::size_t>(r.key_size));
}

std::optional<std::string_view> RecordBatch::Value(std::size_t i) const {
  const Record& r = records_[i];
  if (r.value_size < 0) return std::nullopt;
  const std::size_t begin = r.begin + static_cast<std::size_t>(std::max(r.key_size, 0));
  return std::string_view(bytes_.data() + begin, static_cast<std::size_t>(r.value_size));
}

std::span<const Header> RecordBatch::Headers(std::size_t i) const {
  const auto it = headers_.find(i);
  return it == headers_.end() ? std::span<const Header>() : std::span<const Header>(it->second);
}

}  // namespace pregao::topic
