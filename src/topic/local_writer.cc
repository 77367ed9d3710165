#include <filesystem>
#include <fmt/format.h>
#include <mutex>
#include <spdlog/spdlog.h>

#include "topic/chunk.h"
#include "topic/local_retention.h"
#include "topic/partitioner.h"
#include "topic/rules.h"

namespace pregao::topic {
namespace {

using sqlite::Transaction;

/// Retention is looked at after this much was appended or this long has passed, whichever comes first.
constexpr std::int64_t kRetentionBytes = 16 << 20;
constexpr std::int64_t kRetentionMs = 10'000;

/// SQLite reuses the WAL from its start only when no reader is in it, which a reader that is catching up hardly ever
/// grants. Past this size the writer insists, waiting for readers at most kWalWait; a Poll's snapshot is shorter.
constexpr std::uintmax_t kMaxWalBytes = 64 << 20;
constexpr std::uintmax_t kWalRetryBytes = 16 << 20;  // that much later it insists again, if a reader would not go
constexpr std::chrono::milliseconds kWalWait{200};

class LocalWriter final : public TopicWriter {
 public:
  LocalWriter(LocalFile file, std::vector<sqlite::Statement> inserts, LocalTopicOptions options)
      : info_(file.info()),
        partitioner_(info_.partitions),
        options_(std::move(options)),
        file_(std::move(file)),
        inserts_(std::move(inserts)) {}

  Status Append(std::span<const NewRecord> records) override {
    if (records.empty()) return Status::OK();
    TRY(CheckRecords(records));
    const auto parts = Partitioned(records);
    std::lock_guard lock(mutex_);
    TRY(file_.identity().StillThere());
    TRY(Insert(parts));
    // Only now is the acknowledgement true: had the file gone meanwhile, nobody could ever read the records.
    TRY(file_.identity().StillThere());
    MaybeApplyRetention();
    MaybeTruncateWal();
    return Status::OK();
  }

  const TopicInfo& info() const override { return info_; }

 private:
  using Parts = std::vector<std::vector<const NewRecord*>>;  // of each partition, in the order given

  Parts Partitioned(std::span<const NewRecord> records) {
    Parts parts(static_cast<std::size_t>(info_.partitions));
    for (const NewRecord& record : records) {
      parts[static_cast<std::size_t>(partitioner_.Of(record.key).value)].push_back(&record);
    }
    return parts;
  }

  Status Insert(const Parts& parts) {
    TRY_ASSIGN(auto transaction, Transaction::Begin(file_.db(), Transaction::Kind::kWrite));
    TRY_ASSIGN(auto states, file_.Partitions());
    std::int64_t bytes = 0;
    for (std::size_t p = 0; p < parts.size(); ++p) {
      if (parts[p].empty()) continue;
      bytes -= states[p].bytes;
      TRY(InsertPartition(p, parts[p], &states[p]));
      bytes += states[p].bytes;
    }
    TRY(transaction.Commit());
    appended_bytes_ += bytes;
    return Status::OK();
  }

  Status InsertPartition(std::size_t p, const std::vector<const NewRecord*>& records, PartitionState* state) {
    builder_.Clear();
    for (const NewRecord* record : records) {
      builder_.Add(*record);
      if (builder_.full()) TRY(InsertChunk(p, state));
    }
    if (!builder_.empty()) TRY(InsertChunk(p, state));
    return file_.SetPartition(Partition(static_cast<std::int32_t>(p)), *state);
  }

  Status InsertChunk(std::size_t p, PartitionState* state) {
    const Offset next = state->high + builder_.count();
    const std::span<const char> data = builder_.Finish();
    sqlite::Statement& insert = inserts_[p];
    insert.Bind(1, state->high.value).Bind(2, next.value).Bind(3, Clock().Now().value);
    TRY(insert.Bind(4, ChunkChecksum(data)).Bind(5, data).Run());
    state->high = next;
    state->bytes += static_cast<std::int64_t>(data.size());
    builder_.Clear();
    return Status::OK();
  }

  void MaybeApplyRetention() {
    if (!options_.retention_age && !options_.retention_bytes) return;
    const TimestampMs now = Clock().Now();
    const bool due = appended_bytes_ >= kRetentionBytes || now - last_retention_ >= kRetentionMs;
    if (!due) return;
    appended_bytes_ = 0;
    last_retention_ = now;
    const auto removed = RemoveExpired(file_, options_, now);
    // The records are safe whatever came of this; it is tried again soon.
    if (!removed.ok()) spdlog::warn("retention of topic '{}': {}", info_.name, removed.status().ToString());
  }

  [[nodiscard]] std::uintmax_t WalBytes() const {
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(options_.path + "-wal", error);
    return error ? 0 : size;
  }

  void MaybeTruncateWal() {
    if (WalBytes() < wal_limit_) return;
    file_.db().SetBusyTimeout(kWalWait);
    const Status status = file_.db().Exec("PRAGMA wal_checkpoint(TRUNCATE)");
    file_.db().SetBusyTimeout(options_.busy_timeout);
    wal_limit_ = std::max(kMaxWalBytes, WalBytes() + kWalRetryBytes);  // a hanging reader must not slow every append
    if (!status.ok()) spdlog::warn("write-ahead log of topic '{}': {}", info_.name, status.ToString());
  }

  [[nodiscard]] const pregao::Clock& Clock() const { return options_.clock != nullptr ? *options_.clock : system_; }

  const TopicInfo info_;
  Partitioner partitioner_;
  const LocalTopicOptions options_;
  const SystemClock system_;

  std::mutex mutex_;  // guards all below
  LocalFile file_;
  std::vector<sqlite::Statement> inserts_;  // by partition; go before file_
  ChunkBuilder builder_;
  std::int64_t appended_bytes_ = 0;  // since the last retention
  TimestampMs last_retention_{0};
  std::uintmax_t wal_limit_ = kMaxWalBytes;
};

}  // namespace

Result<std::unique_ptr<TopicWriter>> OpenLocalWriter(const LocalTopicOptions& options) {
  TRY_ASSIGN(LocalFile file, LocalFile::Open(options, LocalFile::Sync::kDurable));
  if (file.db().read_only()) {
    return Status::IOError("topic file '", options.path,
                           "' cannot be written: give this user write permission on it and on its folder");
  }
  TRY(file.db().Exec(fmt::format("PRAGMA journal_size_limit={}", kMaxWalBytes)));  // of a WAL that is used anew
  std::vector<sqlite::Statement> inserts;
  for (std::int32_t p = 0; p < file.info().partitions; ++p) {
    TRY_ASSIGN(auto insert,
               file.db().Prepare(fmt::format("INSERT INTO {} VALUES(?, ?, ?, ?, ?)", file.ChunkTable(Partition(p)))));
    inserts.push_back(std::move(insert));
  }
  return std::make_unique<LocalWriter>(std::move(file), std::move(inserts), options);
}

}  // namespace pregao::topic
