#include "topic/local_file.h"

#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>

#include "topic/rules.h"

namespace pregao::topic {
namespace {

using sqlite::Database;
using sqlite::Transaction;

struct TopicRow {
  std::int64_t id = 0;
  TopicInfo info;
};

Result<std::optional<TopicRow>> FindTopic(Database& db, const std::string& name) {
  TRY_ASSIGN(auto statement, db.Prepare("SELECT id, generation, partitions FROM topic WHERE name=?"));
  TRY_ASSIGN(const bool found, statement.Bind(1, std::string_view(name)).Step());
  if (!found) return std::nullopt;
  const std::int64_t partitions = statement.Int(2);
  if (partitions < 1 || partitions > kMaxPartitions) {
    return Status::Invalid("topic file '", db.path(), "' is damaged: topic '", name, "' has ", partitions,
                           " partitions: restore a copy, or move it away");
  }
  return TopicRow{statement.Int(0), {name, statement.Text(1), static_cast<std::int32_t>(partitions)}};
}

Status InsertTopic(Database& db, const LocalTopicOptions& options, TimestampMs now) {
  TRY_ASSIGN(auto topic, db.Prepare("INSERT INTO topic(name, generation, partitions, created) VALUES(?, ?, ?, ?)"));
  const std::string generation = NewGeneration();
  topic.Bind(1, std::string_view(options.name)).Bind(2, std::string_view(generation));
  TRY(topic.Bind(3, std::int64_t{options.partitions}).Bind(4, now.value).Run());
  TRY_ASSIGN(const std::int64_t id, db.QueryInt("SELECT last_insert_rowid()"));
  TRY_ASSIGN(auto partition, db.Prepare("INSERT INTO partition VALUES(?, ?, 0, 0, 0)"));
  for (std::int32_t p = 0; p < options.partitions; ++p) {
    TRY(partition.Bind(1, id).Bind(2, std::int64_t{p}).Run());
    TRY(db.Exec(
        fmt::format("CREATE TABLE {}(base INTEGER PRIMARY KEY, next INTEGER NOT NULL, appended INTEGER NOT NULL,"
                    " checksum INTEGER NOT NULL, data BLOB NOT NULL)",
                    LocalFile::TableName(id, Partition(p)))));
  }
  return Status::OK();
}

Result<TopicRow> FindOrCreateTopic(Database& db, const LocalTopicOptions& options) {
  TRY_ASSIGN(auto found, FindTopic(db, options.name));
  if (found) return *std::move(found);
  if (!options.create) {
    return Status::KeyError("topic file '", db.path(), "' has no topic '", options.name,
                            "': start the listener first, or correct the name");
  }
  TRY_ASSIGN(auto transaction, Transaction::Begin(db, Transaction::Kind::kWrite));
  TRY_ASSIGN(found, FindTopic(db, options.name));
  if (found) return *std::move(found);  // another process was quicker
  const SystemClock system;
  TRY(InsertTopic(db, options, (options.clock != nullptr ? *options.clock : system).Now()));
  TRY_ASSIGN(found, FindTopic(db, options.name));
  TRY(transaction.Commit());
  return *std::move(found);
}

}  // namespace

Result<FileIdentity> FileIdentity::Of(const std::string& path) {
  FileIdentity identity;
  identity.path_ = std::filesystem::absolute(path).string();
  struct stat status {};
  if (stat(identity.path_.c_str(), &status) != 0) {
    return Status::IOError("topic file '", path, "' was removed while it was being opened");
  }
  identity.device_ = status.st_dev;
  identity.inode_ = status.st_ino;
  return identity;
}

Status FileIdentity::StillThere() const {
  struct stat status {};
  const bool found = stat(path_.c_str(), &status) == 0;
  if (unchanging_ && IsWritten(path_)) {
    return Status::IOError("topic file '", path_,
                           "' is being written by now, and this user may only read it: start again");
  }
  if (found && status.st_dev == device_ && status.st_ino == inode_) return Status::OK();
  return Status::Invalid("topic file '", path_, "' was ", found ? "replaced" : "removed",
                         " while it was open: restart to use what is there now");
}

std::string LocalFile::TableName(std::int64_t topic_id, Partition partition) {
  return fmt::format("chunk_{}_{}", topic_id, partition.value);
}

Result<LocalFile> LocalFile::Open(const LocalTopicOptions& options, Sync sync) {
  TRY(CheckTopicName(options.name));
  TRY(CheckPartitionCount(options.partitions));
  TRY_ASSIGN(Database db, OpenTopicFile(options.path, options.create, options.busy_timeout));
  TRY(db.Exec(sync == Sync::kDurable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL"));
  TRY_ASSIGN(TopicRow topic, FindOrCreateTopic(db, options));
  TRY_ASSIGN(FileIdentity identity, FileIdentity::Of(options.path));
  if (db.unchanging()) identity.BeUnchanging();
  TRY_ASSIGN(auto select,
             db.Prepare("SELECT partition, low, high, bytes FROM partition WHERE topic=? ORDER BY partition"));
  TRY_ASSIGN(auto update, db.Prepare("UPDATE partition SET low=?, high=?, bytes=? WHERE topic=? AND partition=?"));
  return LocalFile(std::move(db), std::move(identity), topic.id, std::move(topic.info), std::move(select),
                   std::move(update));
}

Result<std::vector<PartitionState>> LocalFile::Partitions() {
  const sqlite::Resetter reset(select_);
  select_.Bind(1, topic_id_);
  std::vector<PartitionState> states;
  for (;;) {
    TRY_ASSIGN(const bool row, select_.Step());
    if (!row) break;
    states.push_back({Offset(select_.Int(1)), Offset(select_.Int(2)), select_.Int(3)});
    if (select_.Int(0) + 1 != static_cast<std::int64_t>(states.size()) || states.back().low > states.back().high) {
      return Status::Invalid("topic file '", db_.path(), "' is damaged: the counters of topic '", info_.name,
                             "' do not fit: restore a copy, or move it away");
    }
  }
  if (states.size() == static_cast<std::size_t>(info_.partitions)) return states;
  return Status::Invalid("topic '", info_.name, "' in '", db_.path(), "' was deleted or created anew while it was open",
                         " (its generation was ", info_.generation, "): restart to use what is there now");
}

Status LocalFile::SetPartition(Partition partition, const PartitionState& state) {
  update_.Bind(1, state.low.value).Bind(2, state.high.value).Bind(3, state.bytes);
  return update_.Bind(4, topic_id_).Bind(5, std::int64_t{partition.value}).Run();
}

}  // namespace pregao::topic
