#pragma once
/// The file of local topics: its schema and the topics in it. Private to this folder.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "topic/local_topic.h"
#include "topic/sqlite.h"

namespace pregao::topic {

/// Which file a path named when it was opened, to notice that it was removed or replaced: SQLite would go on writing to
/// a file that nobody can open any more.
class FileIdentity {
 public:
  [[nodiscard]] static Result<FileIdentity> Of(const std::string& path);
  /// To be taken for unchanging, see sqlite::Database.
  void BeUnchanging() { unchanging_ = true; }
  /// Invalid when the path names another file or none; IOError when somebody writes what was taken for unchanging.
  [[nodiscard]] Status StillThere() const;

 private:
  std::string path_;  // absolute: the process may change its folder
  std::uint64_t device_ = 0, inode_ = 0;
  bool unchanging_ = false;
};

/// A partition's counters as stored. Offsets are never used again: `high` survives the removal of records.
struct PartitionState {
  Offset low, high;
  std::int64_t bytes = 0;  ///< of its chunks
};

/// An open connection and the topic it was opened for. Not thread-safe.
class LocalFile {
 public:
  /// What an open file must hold up: kDurable fsyncs each commit, kRelaxed may lose the last ones in a power cut.
  enum class Sync : std::uint8_t { kDurable, kRelaxed };
  /// Opens the file and finds the topic; creates both when `options.create` is set.
  [[nodiscard]] static Result<LocalFile> Open(const LocalTopicOptions& options, Sync sync);

  /// The counters of every partition. Invalid when the topic was deleted (or created anew) since Open. Call it inside
  /// the transaction that uses them.
  [[nodiscard]] Result<std::vector<PartitionState>> Partitions();
  [[nodiscard]] Status SetPartition(Partition partition, const PartitionState& state);
  /// The table of a partition's chunks.
  [[nodiscard]] std::string ChunkTable(Partition partition) const { return TableName(topic_id_, partition); }
  [[nodiscard]] static std::string TableName(std::int64_t topic_id, Partition partition);

  [[nodiscard]] sqlite::Database& db() { return db_; }
  [[nodiscard]] const TopicInfo& info() const { return info_; }
  [[nodiscard]] std::int64_t topic_id() const { return topic_id_; }
  [[nodiscard]] const FileIdentity& identity() const { return identity_; }

 private:
  LocalFile(sqlite::Database db, FileIdentity identity, std::int64_t topic_id, TopicInfo info, sqlite::Statement select,
            sqlite::Statement update)
      : db_(std::move(db)),
        identity_(std::move(identity)),
        topic_id_(topic_id),
        info_(std::move(info)),
        select_(std::move(select)),
        update_(std::move(update)) {}

  sqlite::Database db_;  // before the statements, which must go first
  FileIdentity identity_;
  std::int64_t topic_id_;
  TopicInfo info_;
  sqlite::Statement select_, update_;
};

/// Whether some process has the topic open for writing, or died so: a WAL stands beside it.
[[nodiscard]] bool IsWritten(const std::string& path);
/// Opens the file with its schema checked, or created when `create` is set and the file is empty or absent.
/// KeyError when it is absent otherwise. One that may only be read is opened as unchanging where nobody writes it.
[[nodiscard]] Result<sqlite::Database> OpenTopicFile(const std::string& path, bool create,
                                                     std::chrono::milliseconds busy);

}  // namespace pregao::topic
