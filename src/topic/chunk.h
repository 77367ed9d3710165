#pragma once
/// A run of one partition's records as one blob: what the local topic stores. Reading a run costs one row and one
/// checksum, whatever the number of records in it.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "topic/topic.h"

namespace pregao::topic {

/// Layout, little-endian, version 1 of the file's schema:
///   count × { int64 timestamp, int32 key size (-1: none), int32 value size (-1: none), uint32 header bytes }
///   the records' keys and values back to back, then the records' headers back to back,
///   a header being { uint32 key size, uint32 value size, key, value }.
class ChunkBuilder {
 public:
  /// A chunk is closed once it holds this much; one record larger than it has a chunk of its own.
  static constexpr std::size_t kTargetBytes = 256U << 10;

  void Add(const NewRecord& record);
  [[nodiscard]] bool full() const { return entries_.size() + bytes_.size() + headers_.size() >= kTargetBytes; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::int64_t count() const { return count_; }
  /// The finished chunk; valid until the next call of any member. Clear begins another.
  [[nodiscard]] std::span<const char> Finish();
  void Clear();

 private:
  std::int64_t count_ = 0;
  std::string entries_, bytes_, headers_;
};

/// What is stored beside a chunk, to tell a damaged one (xxh3).
[[nodiscard]] std::int64_t ChunkChecksum(std::span<const char> chunk);

/// Walks through the records of a chunk. Not thread-safe.
class ChunkCursor {
 public:
  ChunkCursor(ChunkCursor&&) noexcept = default;
  ChunkCursor& operator=(ChunkCursor&&) noexcept = default;

  /// @param base   offset of the first record; the chunk's offsets are [base, next)
  /// @param chunk  borrowed until Own or destruction
  /// Invalid, saying what does not fit, when the chunk is not one of next - base records.
  [[nodiscard]] static Result<ChunkCursor> Open(Partition partition, Offset base, Offset next,
                                                std::span<const char> chunk);
  /// Copies what is borrowed, so that the cursor may outlive it.
  void Own();
  /// Moves on to `offset`, which lies in [base, next]. Backwards is allowed.
  void SkipTo(Offset offset);
  /// Adds records to `out` until it holds `max_records` or kMaxPollBytes, or the chunk ends.
  [[nodiscard]] Status Read(std::size_t max_records, RecordBatch* out);

  /// Of the next record; next() when all were read.
  [[nodiscard]] Offset position() const { return base_ + static_cast<std::int64_t>(index_); }
  [[nodiscard]] Offset base() const { return base_; }
  [[nodiscard]] Offset next() const { return next_; }

 private:
  ChunkCursor(Partition partition, Offset base, Offset next, std::span<const char> chunk)
      : partition_(partition), base_(base), next_(next), chunk_(chunk) {}

  Partition partition_;
  Offset base_, next_;
  std::vector<char> owned_;
  std::span<const char> chunk_;
  std::size_t index_ = 0, payload_ = 0, headers_ = 0;  // of the next record: its number, its bytes' and headers' begin
  std::size_t payload_begin_ = 0, headers_begin_ = 0;
};

}  // namespace pregao::topic
