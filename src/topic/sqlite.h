#pragma once
/// The little of SQLite that the local topic needs, with its errors as Status. Private to this folder.
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace pregao::topic::sqlite {

/// What a result code means to the user: the file, what happened and the remedy. `code` is an extended one.
[[nodiscard]] Status ErrorOf(int code, const std::string& path, const std::string& message);
/// True of the error that a lock held by another connection for longer than the busy time-out gives.
[[nodiscard]] bool IsBusy(const Status& status);

/// A prepared statement. Lives no longer than its Database. Not thread-safe. A failed Bind is reported by Step.
class Statement {
 public:
  Statement(Statement&&) noexcept = default;
  Statement& operator=(Statement&&) noexcept = default;

  /// Indices from 1. Text and blobs are borrowed until Reset.
  Statement& Bind(int index, std::int64_t number);
  Statement& Bind(int index, std::string_view text);
  Statement& Bind(int index, std::span<const char> blob);
  /// @return true when there is a row.
  [[nodiscard]] Result<bool> Step();
  /// Steps to the end, for statements without rows, and resets.
  [[nodiscard]] Status Run();
  void Reset();

  /// Columns of the present row, from 0. Views live until the next Step or Reset.
  [[nodiscard]] std::int64_t Int(int column) const;
  [[nodiscard]] std::string Text(int column) const;
  [[nodiscard]] Result<std::span<const char>> Blob(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Statement(sqlite3* db, const std::string* path, sqlite3_stmt* statement)
      : db_(db), path_(path), statement_(statement) {}
  [[nodiscard]] Status Error(int code) const;

  sqlite3* db_;
  const std::string* path_;  // the Database's
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bind_error_ = 0;
};

/// Resets a statement at the end of a scope, so that it does not hold its read transaction open.
class Resetter {
 public:
  explicit Resetter(Statement& statement) : statement_(statement) {}
  Resetter(const Resetter&) = delete;
  Resetter& operator=(const Resetter&) = delete;
  ~Resetter() { statement_.Reset(); }

 private:
  Statement& statement_;
};

/// A connection. Not thread-safe; must not cross a fork.
class Database {
 public:
  /// kUnchanging: to be read alone, without a lock or a file beside it, as it is right only while nobody writes.
  enum class Mode : std::uint8_t { kExisting, kCreate, kUnchanging };
  /// Falls back to reading only when the file may not be written.
  [[nodiscard]] static Result<Database> Open(const std::string& path, Mode mode, std::chrono::milliseconds busy);

  [[nodiscard]] Status Exec(const std::string& sql);
  [[nodiscard]] Result<Statement> Prepare(const std::string& sql);
  /// The first column of the first row; KeyError when there is none.
  [[nodiscard]] Result<std::int64_t> QueryInt(const std::string& sql);
  /// How long a call waits for another connection's lock before it fails; see IsBusy.
  void SetBusyTimeout(std::chrono::milliseconds busy);
  [[nodiscard]] bool read_only() const;
  [[nodiscard]] bool unchanging() const { return unchanging_; }
  [[nodiscard]] const std::string& path() const { return *path_; }
  [[nodiscard]] sqlite3* handle() const { return db_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* db) const;
  };
  Database(std::unique_ptr<const std::string> path, sqlite3* db) : path_(std::move(path)), db_(db) {}

  std::unique_ptr<const std::string> path_;  // behind a pointer: statements refer to it across moves
  std::unique_ptr<sqlite3, Close> db_;
  bool unchanging_ = false;
};

/// A transaction that is rolled back unless committed. Must not outlive or see a move of its Database.
class Transaction {
 public:
  enum class Kind : std::uint8_t { kRead, kWrite };
  [[nodiscard]] static Result<Transaction> Begin(Database& db, Kind kind);
  Transaction(Transaction&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  /// On an error nothing was committed.
  [[nodiscard]] Status Commit();

 private:
  explicit Transaction(Database* db) : db_(db) {}
  Database* db_;  // null once committed or moved from
};

}  // namespace pregao::topic::sqlite
