#include "topic/local_retention.h"

#include <fmt/format.h>

namespace pregao::topic {
namespace {

using sqlite::Statement;
using sqlite::Transaction;

/// Of one transaction, so that writers wait some milliseconds at most: 64 MiB of full chunks.
constexpr int kMaxChunks = 256;

/// The oldest chunk of a partition.
struct Head {
  Offset base, next;
  std::int64_t bytes = 0;
  TimestampMs appended;
};

/// Removes chunks of one topic from the oldest on, in one transaction.
class Remover {
 public:
  Remover(LocalFile& file, const LocalTopicOptions& options, TimestampMs now)
      : file_(file), max_bytes_(options.retention_bytes) {
    if (options.retention_age) oldest_ = now + (-options.retention_age->count());
  }

  Result<std::int64_t> Run() {
    TRY_ASSIGN(states_, file_.Partitions());
    for (const PartitionState& state : states_) bytes_ += state.bytes;
    for (std::size_t p = 0; p < states_.size(); ++p) {
      TRY_ASSIGN(auto head, ReadHead(p));
      heads_.push_back(head);
    }
    std::int64_t removed = 0;
    for (int chunk = 0; chunk < kMaxChunks; ++chunk) {
      const auto p = Oldest();
      if (!p || !Expired(*heads_[*p])) break;
      TRY_ASSIGN(const std::int64_t records, Remove(*p));
      removed += records;
    }
    for (std::size_t p = 0; p < states_.size(); ++p) {
      if (removed > 0) TRY(file_.SetPartition(At(p), states_[p]));
    }
    return removed;
  }

 private:
  static Partition At(std::size_t p) { return Partition(static_cast<std::int32_t>(p)); }

  Result<std::optional<Head>> ReadHead(std::size_t p) {
    TRY_ASSIGN(auto statement,
               file_.db().Prepare(fmt::format("SELECT base, next, length(data), appended FROM {} ORDER BY base LIMIT 1",
                                              file_.ChunkTable(At(p)))));
    TRY_ASSIGN(const bool found, statement.Step());
    if (!found) return std::nullopt;
    return Head{Offset(statement.Int(0)), Offset(statement.Int(1)), statement.Int(2), TimestampMs(statement.Int(3))};
  }

  std::optional<std::size_t> Oldest() const {
    std::optional<std::size_t> oldest;
    for (std::size_t p = 0; p < heads_.size(); ++p) {
      if (heads_[p] && (!oldest || heads_[p]->appended < heads_[*oldest]->appended)) oldest = p;
    }
    return oldest;
  }

  [[nodiscard]] bool Expired(const Head& head) const {
    return (oldest_ && head.appended < *oldest_) || (max_bytes_ && bytes_ > *max_bytes_);
  }

  Result<std::int64_t> Remove(std::size_t p) {
    const Head head = *heads_[p];
    const std::int64_t records = head.next - states_[p].low;
    TRY(file_.db().Exec(fmt::format("DELETE FROM {} WHERE base={}", file_.ChunkTable(At(p)), head.base.value)));
    states_[p].low = head.next;
    states_[p].bytes -= head.bytes;
    bytes_ -= head.bytes;
    TRY_ASSIGN(heads_[p], ReadHead(p));
    return records;
  }

  LocalFile& file_;
  const std::optional<std::int64_t> max_bytes_;
  std::optional<TimestampMs> oldest_;
  std::vector<PartitionState> states_;
  std::vector<std::optional<Head>> heads_;
  std::int64_t bytes_ = 0;
};

}  // namespace

Result<std::int64_t> RemoveExpired(LocalFile& file, const LocalTopicOptions& options, TimestampMs now) {
  if (!options.retention_age && !options.retention_bytes) return 0;
  TRY_ASSIGN(auto transaction, Transaction::Begin(file.db(), Transaction::Kind::kWrite));
  TRY_ASSIGN(const std::int64_t removed, Remover(file, options, now).Run());
  if (removed > 0) TRY(transaction.Commit());
  return removed;
}

Result<std::int64_t> ApplyRetention(const LocalTopicOptions& options) {
  LocalTopicOptions existing = options;
  existing.create = false;
  TRY_ASSIGN(LocalFile file, LocalFile::Open(existing, LocalFile::Sync::kDurable));
  const SystemClock system;
  const TimestampMs now = (options.clock != nullptr ? *options.clock : system).Now();
  std::int64_t total = 0;
  for (;;) {
    TRY_ASSIGN(const std::int64_t removed, RemoveExpired(file, options, now));
    total += removed;
    if (removed == 0) return total;
  }
}

}  // namespace pregao::topic
