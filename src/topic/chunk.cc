#include "topic/chunk.h"

#define XXH_INLINE_ALL
#include <algorithm>
#include <bit>
#include <cstring>
#include <xxhash.h>

#include "topic/rules.h"

namespace pregao::topic {
namespace {

static_assert(std::endian::native == std::endian::little, "chunks are stored little-endian");
constexpr std::size_t kEntryBytes = 8 + 4 + 4 + 4;

struct Entry {
  std::int64_t timestamp;
  std::int32_t key, value;
  std::uint32_t headers;

  [[nodiscard]] std::size_t key_bytes() const { return static_cast<std::size_t>(std::max(key, 0)); }
  [[nodiscard]] std::size_t value_bytes() const { return static_cast<std::size_t>(std::max(value, 0)); }
};

template <class T>
void Put(T number, std::string* out) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &number, sizeof(T));
  out->append(bytes, sizeof(T));
}

template <class T>
T Get(const char* from) {
  T number;
  std::memcpy(&number, from, sizeof(T));
  return number;
}

Entry EntryAt(std::span<const char> chunk, std::size_t i) {
  const char* at = chunk.data() + i * kEntryBytes;
  return {Get<std::int64_t>(at), Get<std::int32_t>(at + 8), Get<std::int32_t>(at + 12), Get<std::uint32_t>(at + 16)};
}

Result<std::vector<Header>> ParseHeaders(std::span<const char> bytes) {
  std::vector<Header> headers;
  while (!bytes.empty()) {
    if (bytes.size() < 8) return Status::Invalid("a header of ", bytes.size(), " bytes");
    const std::size_t key = Get<std::uint32_t>(bytes.data()), value = Get<std::uint32_t>(bytes.data() + 4);
    bytes = bytes.subspan(8);
    if (bytes.size() < key + value) return Status::Invalid("a header that runs past its record");
    headers.push_back({std::string(bytes.data(), key), std::string(bytes.data() + key, value)});
    bytes = bytes.subspan(key + value);
  }
  return headers;
}

}  // namespace

void ChunkBuilder::Add(const NewRecord& record) {
  Put(record.timestamp.value, &entries_);
  Put(record.key ? static_cast<std::int32_t>(record.key->size()) : -1, &entries_);
  Put(record.value ? static_cast<std::int32_t>(record.value->size()) : -1, &entries_);
  if (record.key) bytes_ += *record.key;
  if (record.value) bytes_ += *record.value;
  const std::size_t before = headers_.size();
  for (const Header& header : record.headers) {
    Put(static_cast<std::uint32_t>(header.key.size()), &headers_);
    Put(static_cast<std::uint32_t>(header.value.size()), &headers_);
    headers_ += header.key;
    headers_ += header.value;
  }
  Put(static_cast<std::uint32_t>(headers_.size() - before), &entries_);
  ++count_;
}

std::span<const char> ChunkBuilder::Finish() {
  entries_ += bytes_;
  entries_ += headers_;
  return entries_;
}

void ChunkBuilder::Clear() {
  count_ = 0;
  entries_.clear();
  bytes_.clear();
  headers_.clear();
}

std::int64_t ChunkChecksum(std::span<const char> chunk) {
  return static_cast<std::int64_t>(XXH3_64bits(chunk.data(), chunk.size()));
}

Result<ChunkCursor> ChunkCursor::Open(Partition partition, Offset base, Offset next, std::span<const char> chunk) {
  if (next <= base) return Status::Invalid("a chunk that ends before it begins");
  const auto count = static_cast<std::size_t>(next - base);
  if (count > chunk.size() / kEntryBytes)
    return Status::Invalid(chunk.size(), " bytes cannot hold ", count, " records");
  ChunkCursor cursor(partition, base, next, chunk);
  cursor.payload_begin_ = count * kEntryBytes;
  std::size_t payload = 0, headers = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Entry entry = EntryAt(chunk, i);
    payload += entry.key_bytes() + entry.value_bytes();
    headers += entry.headers;
  }
  cursor.headers_begin_ = cursor.payload_begin_ + payload;
  if (cursor.headers_begin_ + headers != chunk.size()) {
    return Status::Invalid("records of ", cursor.headers_begin_ + headers, " bytes in a chunk of ", chunk.size());
  }
  cursor.SkipTo(base);
  return cursor;
}

void ChunkCursor::Own() {
  owned_.assign(chunk_.begin(), chunk_.end());
  chunk_ = owned_;
}

void ChunkCursor::SkipTo(Offset offset) {
  if (offset < position() || index_ == 0) {
    index_ = 0;
    payload_ = payload_begin_;
    headers_ = headers_begin_;
  }
  for (const auto target = static_cast<std::size_t>(offset - base_); index_ < target; ++index_) {
    const Entry entry = EntryAt(chunk_, index_);
    payload_ += entry.key_bytes() + entry.value_bytes();
    headers_ += entry.headers;
  }
}

Status ChunkCursor::Read(std::size_t max_records, RecordBatch* out) {
  while (position() < next_ && out->size() < max_records && out->bytes() < kMaxPollBytes) {
    const Entry entry = EntryAt(chunk_, index_);
    const char* key = chunk_.data() + payload_;
    const char* value = key + entry.key_bytes();
    std::vector<Header> headers;
    if (entry.headers > 0) {
      TRY_ASSIGN(headers, ParseHeaders(chunk_.subspan(headers_, entry.headers)));
    }
    out->Add(partition_, position(), TimestampMs(entry.timestamp),
             entry.key < 0 ? std::nullopt : std::optional(std::string_view(key, entry.key_bytes())),
             entry.value < 0 ? std::nullopt : std::optional(std::string_view(value, entry.value_bytes())), headers);
    payload_ += entry.key_bytes() + entry.value_bytes();
    headers_ += entry.headers;
    ++index_;
  }
  return Status::OK();
}

}  // namespace pregao::topic
