#include <fmt/format.h>

#include "topic/local_file.h"

namespace pregao::topic {
namespace {

Result<LocalFile> OpenExisting(LocalTopicOptions options, LocalFile::Sync sync) {
  options.create = false;
  return LocalFile::Open(options, sync);
}

/// Removes the partition's chunks that end at or below `below`, oldest first.
Status Trim(LocalFile& file, Partition partition, Offset below, PartitionState* state) {
  const std::string table = file.ChunkTable(partition);
  TRY_ASSIGN(auto heads, file.db().Prepare("SELECT next, length(data) FROM " + table + " WHERE base<? ORDER BY base"));
  heads.Bind(1, below.value);
  Offset end = state->low;
  for (;;) {
    TRY_ASSIGN(const bool row, heads.Step());
    if (!row || Offset(heads.Int(0)) > below) break;
    end = Offset(heads.Int(0));
    state->bytes -= heads.Int(1);
  }
  heads.Reset();
  if (end == state->low) return Status::OK();
  state->low = end;
  TRY(file.db().Exec(fmt::format("DELETE FROM {} WHERE base<{}", table, end.value)));
  return file.SetPartition(partition, *state);
}

}  // namespace

Result<std::int64_t> TrimLocalTopic(const LocalTopicOptions& options, const Positions& below) {
  TRY_ASSIGN(LocalFile file, OpenExisting(options, LocalFile::Sync::kRelaxed));
  TRY_ASSIGN(auto transaction, sqlite::Transaction::Begin(file.db(), sqlite::Transaction::Kind::kWrite));
  TRY_ASSIGN(auto states, file.Partitions());
  std::int64_t bytes = 0;
  for (std::size_t p = 0; p < states.size(); ++p) {
    const Partition partition(static_cast<std::int32_t>(p));
    if (const auto it = below.find(partition); it != below.end()) TRY(Trim(file, partition, it->second, &states[p]));
    bytes += states[p].bytes;
  }
  TRY(transaction.Commit());
  return bytes;
}

Status DeleteLocalTopic(const LocalTopicOptions& options) {
  TRY_ASSIGN(LocalFile file, OpenExisting(options, LocalFile::Sync::kDurable));
  TRY_ASSIGN(auto transaction, sqlite::Transaction::Begin(file.db(), sqlite::Transaction::Kind::kWrite));
  TRY_ASSIGN(const auto states, file.Partitions());  // still there
  for (std::size_t p = 0; p < states.size(); ++p) {
    TRY(file.db().Exec("DROP TABLE " + file.ChunkTable(Partition(static_cast<std::int32_t>(p)))));
  }
  for (const auto& [table, column] : {std::pair("partition", "topic"), {"committed", "topic"}, {"topic", "id"}}) {
    TRY(file.db().Exec(fmt::format("DELETE FROM {} WHERE {}={}", table, column, file.topic_id())));
  }
  return transaction.Commit();
}

Result<std::int64_t> LocalTopicBytes(const LocalTopicOptions& options) {
  TRY_ASSIGN(LocalFile file, OpenExisting(options, LocalFile::Sync::kRelaxed));
  TRY_ASSIGN(const auto states, file.Partitions());
  std::int64_t bytes = 0;
  for (const PartitionState& state : states) bytes += state.bytes;
  return bytes;
}

Result<Positions> LocalGroupPositions(const LocalTopicOptions& options, const std::string& group) {
  TRY_ASSIGN(LocalFile file, OpenExisting(options, LocalFile::Sync::kRelaxed));
  TRY_ASSIGN(auto statement, file.db().Prepare("SELECT partition, position FROM committed WHERE topic=? AND grp=?"));
  statement.Bind(1, file.topic_id()).Bind(2, std::string_view(group));
  Positions positions;
  for (;;) {
    TRY_ASSIGN(const bool row, statement.Step());
    if (!row) return positions;
    positions[Partition(static_cast<std::int32_t>(statement.Int(0)))] = Offset(statement.Int(1));
  }
}

}  // namespace pregao::topic
