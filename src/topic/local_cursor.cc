#include "topic/local_cursor.h"

#include <algorithm>
#include <fmt/format.h>

#include "topic/rules.h"

namespace pregao::topic {

Result<LocalCursor> LocalCursor::Open(LocalFile& file, Partition partition) {
  // From the chunk that ?1 lies in on: the last one that begins at or before it.
  TRY_ASSIGN(auto scan, file.db().Prepare(fmt::format(
                            "SELECT base, next, checksum, data FROM {0} WHERE base >= coalesce((SELECT base FROM {0}"
                            " WHERE base <= ?1 ORDER BY base DESC LIMIT 1), 0) ORDER BY base",
                            file.ChunkTable(partition))));
  return LocalCursor(partition, file.db().path(), std::move(scan));
}

Status LocalCursor::Read(const PartitionState& state, std::size_t max_records, Polled* polled) {
  if (*position_ < state.low) {
    polled->lost[partition_] = {*position_, state.low};
    position_ = state.low;
  }
  RecordBatch* const out = &polled->records;
  const auto full = [&] { return out->size() >= max_records || out->bytes() >= kMaxPollBytes; };
  if (rest_ && *position_ >= rest_->base() && *position_ < rest_->next()) {
    TRY(ReadChunk(*rest_, max_records, out));
  }
  ended_ = *position_ >= state.high;
  if (full() || ended_) return Status::OK();
  rest_.reset();
  const sqlite::Resetter reset(scan_);
  scan_.Bind(1, position_->value);
  while (!full()) {
    TRY_ASSIGN(const bool row, scan_.Step());
    if (!row) break;
    const Offset base(scan_.Int(0)), next(scan_.Int(1));
    if (next <= *position_) continue;
    TRY_ASSIGN(const auto data, scan_.Blob(3));
    if (ChunkChecksum(data) != scan_.Int(2)) return Damaged(fmt::format("the checksum of offset {} on", base.value));
    auto chunk = ChunkCursor::Open(partition_, base, next, data);
    if (!chunk.ok()) return Damaged(chunk.status().message());
    TRY(ReadChunk(*chunk, max_records, out));
    if (chunk->position() < next) {
      chunk->Own();
      rest_ = std::move(*chunk);
    }
  }
  ended_ = *position_ >= state.high;
  return Status::OK();
}

Status LocalCursor::ReadChunk(ChunkCursor& chunk, std::size_t max_records, RecordBatch* out) {
  chunk.SkipTo(std::max(*position_, chunk.base()));
  const Status status = chunk.Read(max_records, out);
  if (!status.ok()) return Damaged(status.message());
  position_ = chunk.position();
  return Status::OK();
}

Status LocalCursor::Damaged(const std::string& what) const {
  return Status::Invalid("topic file '", path_, "' is damaged: partition ", partition_, ": ", what,
                         " does not fit: restore a copy, or move the file away and start a new topic");
}

}  // namespace pregao::topic
