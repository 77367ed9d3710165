#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <thread>

#include "topic/local_file.h"

namespace pregao::topic {
namespace {

using sqlite::Database;
using std::chrono::milliseconds;

constexpr std::int64_t kApplicationId = 0x70726730;  // "prg0": tells a topic file from anybody else's SQLite file
constexpr std::int64_t kSchemaVersion = 1;

// Chunks lie in one table a partition (LocalFile::TableName), so that a scan reads neighbouring pages and an append
// touches the end of a few trees only. AUTOINCREMENT: the id of a deleted topic never names another one.
constexpr char kSchema[] = R"sql(
  CREATE TABLE topic(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, generation TEXT NOT NULL,
                     partitions INTEGER NOT NULL, created INTEGER NOT NULL);
  CREATE TABLE partition(topic INTEGER NOT NULL, partition INTEGER NOT NULL, low INTEGER NOT NULL,
                         high INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY(topic, partition)) WITHOUT ROWID;
  CREATE TABLE committed(topic INTEGER NOT NULL, grp TEXT NOT NULL, partition INTEGER NOT NULL,
                         position INTEGER NOT NULL, PRIMARY KEY(topic, grp, partition)) WITHOUT ROWID;
)sql";

Status CreateFolder(const std::string& path) {
  const auto folder = std::filesystem::absolute(path).parent_path();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) return Status::OK();
  return Status::IOError("cannot create folder '", folder.string(), "' for topic file '", path, "': ", error.message(),
                         ": create it, or name a file elsewhere");
}

/// Checked before SQLite sees the path, whose own words for each of these are "unable to open database file".
Status CheckPath(const std::string& path, bool create) {
  if (path.empty()) return Status::Invalid("the topic file has no name: use local:PATH");
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::is_directory(status)) {
    return Status::Invalid("topic file '", path, "' is a folder: name a file in it");
  }
  if (status.type() == std::filesystem::file_type::not_found) {
    if (create) return CreateFolder(path);
    return Status::KeyError("topic file '", path, "' does not exist: start the listener first, or correct the path");
  }
  if (error) {
    return Status::IOError("topic file '", path, "' cannot be reached: ", error.message(),
                           ": give this user permission on it and on its folder");
  }
  return Status::OK();
}

/// Switching to WAL needs the file for itself and, unlike all else, does not wait for others.
Status SwitchToWal(Database& db, milliseconds busy) {
  const auto deadline = std::chrono::steady_clock::now() + busy;
  for (;;) {
    const Status status = db.Exec("PRAGMA journal_mode=WAL");
    if (!sqlite::IsBusy(status) || std::chrono::steady_clock::now() >= deadline) return status;
    std::this_thread::sleep_for(milliseconds(5));
  }
}

Status CreateSchema(Database& db, milliseconds busy) {
  // Larger pages than SQLite's 4 KiB: chunks are long blobs, and each page of one is a step.
  TRY(db.Exec("PRAGMA page_size=16384"));
  TRY(SwitchToWal(db, busy));
  TRY_ASSIGN(auto transaction, sqlite::Transaction::Begin(db, sqlite::Transaction::Kind::kWrite));
  TRY_ASSIGN(const std::int64_t id, db.QueryInt("PRAGMA application_id"));
  if (id == kApplicationId) return Status::OK();  // another process was quicker
  TRY(db.Exec(kSchema));
  TRY(db.Exec(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}", kApplicationId, kSchemaVersion)));
  return transaction.Commit();
}

Status CheckVersion(Database& db) {
  TRY_ASSIGN(const std::int64_t version, db.QueryInt("PRAGMA user_version"));
  if (version == kSchemaVersion) return Status::OK();
  if (version > kSchemaVersion) {
    return Status::NotImplemented("topic file '", db.path(), "' has schema version ", version,
                                  ", this pregao knows up to ", kSchemaVersion, ": use a newer pregao");
  }
  return Status::Invalid("topic file '", db.path(), "' has schema version ", version,
                         ", which never was: it is damaged");
}

}  // namespace

bool IsWritten(const std::string& path) {
  std::error_code unknown;
  return std::filesystem::exists(path + "-wal", unknown) || unknown;
}

Result<Database> OpenTopicFile(const std::string& path, bool create, milliseconds busy) {
  TRY(CheckPath(path, create));
  const auto mode = create ? Database::Mode::kCreate : Database::Mode::kExisting;
  TRY_ASSIGN(Database db, Database::Open(path, mode, busy));
  // In this order: a process that creates the topic now commits tables and id at once, between the two or not.
  auto counted = db.QueryInt("SELECT count(*) FROM sqlite_schema");
  // SQLite needs files beside this one, which who may only read cannot make. Without a WAL all is in the file itself.
  if (counted.status().IsIOError() && !sqlite::IsBusy(counted.status()) && !create && !IsWritten(path)) {
    TRY_ASSIGN(db, Database::Open(path, Database::Mode::kUnchanging, busy));
    counted = db.QueryInt("SELECT count(*) FROM sqlite_schema");
  }
  TRY_ASSIGN(const std::int64_t tables, counted);
  TRY_ASSIGN(const std::int64_t id, db.QueryInt("PRAGMA application_id"));
  if (id != kApplicationId) {
    if (tables > 0 || id != 0) {
      return Status::Invalid("topic file '", path,
                             "' is a SQLite file of another program: name another file, or move this one away");
    }
    if (!create) return Status::KeyError("topic file '", path, "' is empty: start the listener first");
    TRY(CreateSchema(db, busy));
  }
  TRY(CheckVersion(db));
  return db;
}

Result<std::vector<std::string>> ListLocalTopics(const std::string& path) {
  TRY_ASSIGN(Database db, OpenTopicFile(path, false, LocalTopicOptions{}.busy_timeout));
  TRY_ASSIGN(auto statement, db.Prepare("SELECT name FROM topic ORDER BY name"));
  std::vector<std::string> names;
  for (;;) {
    TRY_ASSIGN(const bool row, statement.Step());
    if (!row) return names;
    names.push_back(statement.Text(0));
  }
}

}  // namespace pregao::topic
