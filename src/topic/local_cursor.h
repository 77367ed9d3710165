#pragma once
/// Private to this folder.
#include "topic/chunk.h"
#include "topic/local_file.h"

namespace pregao::topic {

/// A reader's place in one partition of a local topic. Not thread-safe.
class LocalCursor {
 public:
  [[nodiscard]] static Result<LocalCursor> Open(LocalFile& file, Partition partition);

  [[nodiscard]] Partition partition() const { return partition_; }
  /// Unset until Seek: nothing is read before.
  [[nodiscard]] bool positioned() const { return position_.has_value(); }
  void Seek(Offset position) {
    position_ = position;
    ended_ = false;
  }
  /// The position, when the last Read met the partition's end.
  [[nodiscard]] std::optional<Offset> ended() const { return ended_ ? position_ : std::nullopt; }
  /// Adds records to `polled` until it holds `max_records` or kMaxPollBytes, or the end is reached; what retention took
  /// from before the position is told in it. To be called in a read transaction, `state` being the counters that it
  /// sees.
  [[nodiscard]] Status Read(const PartitionState& state, std::size_t max_records, Polled* polled);

 private:
  LocalCursor(Partition partition, std::string path, sqlite::Statement scan)
      : partition_(partition), path_(std::move(path)), scan_(std::move(scan)) {}
  [[nodiscard]] Status ReadChunk(ChunkCursor& chunk, std::size_t max_records, RecordBatch* out);
  [[nodiscard]] Status Damaged(const std::string& what) const;

  Partition partition_;
  std::string path_;  // for messages
  sqlite::Statement scan_;
  std::optional<Offset> position_;
  bool ended_ = false;
  std::optional<ChunkCursor> rest_;  // a chunk that the last Read began and `position_` may still lie in
};

}  // namespace pregao::topic
