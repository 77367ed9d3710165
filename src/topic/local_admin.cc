#include <fmt/format.h>

#include "topic/local_file.h"

namespace pregao::topic {
namespace {

Result<LocalFile> OpenExisting(LocalTopicOptions options, LocalFile::Sync sync) {
  options.create = false;
  return LocalFile::Open(options, sync);
}

}  // namespace

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
