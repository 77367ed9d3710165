#include "topic/sqlite.h"

#include <sqlite3.h>
#include <utility>

namespace pregao::topic::sqlite {

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
void Database::Close::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

Statement& Statement::Bind(int index, std::int64_t number) {
  if (const int code = sqlite3_bind_int64(statement_.get(), index, number); code != SQLITE_OK) bind_error_ = code;
  return *this;
}

Statement& Statement::Bind(int index, std::string_view text) {
  const int code = sqlite3_bind_text64(statement_.get(), index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (code != SQLITE_OK) bind_error_ = code;
  return *this;
}

Statement& Statement::Bind(int index, std::span<const char> blob) {
  const int code = sqlite3_bind_blob64(statement_.get(), index, blob.data(), blob.size(), SQLITE_STATIC);
  if (code != SQLITE_OK) bind_error_ = code;
  return *this;
}

Status Statement::Error(int code) const {
  const int extended = code == sqlite3_errcode(db_) ? sqlite3_extended_errcode(db_) : code;
  return ErrorOf(extended, *path_, sqlite3_errmsg(db_));
}

Result<bool> Statement::Step() {
  if (bind_error_ != SQLITE_OK) return Error(bind_error_);
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return Error(code);
}

Status Statement::Run() {
  const Resetter reset(*this);
  for (;;) {
    TRY_ASSIGN(const bool row, Step());
    if (!row) return Status::OK();
  }
}

void Statement::Reset() {
  sqlite3_reset(statement_.get());  // its code repeats the last Step's
  sqlite3_clear_bindings(statement_.get());
  bind_error_ = SQLITE_OK;
}

std::int64_t Statement::Int(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return text == nullptr ? std::string()
                         : std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)));
}

Result<std::span<const char>> Statement::Blob(int column) const {
  const void* blob = sqlite3_column_blob(statement_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  // A page of the value that cannot be read gives a null pointer; the reason is the connection's last error.
  if (blob == nullptr && sqlite3_errcode(db_) != SQLITE_ROW && sqlite3_errcode(db_) != SQLITE_OK) {
    return Error(sqlite3_errcode(db_));
  }
  return std::span(static_cast<const char*>(blob), blob == nullptr ? 0 : size);
}

namespace {

/// The address of a file that SQLite shall take for one that never changes.
std::string UnchangingUri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) uri += c == '%' ? "%25" : c == '?' ? "%3f" : c == '#' ? "%23" : std::string(1, c);
  return uri + "?immutable=1";
}

}  // namespace

Result<Database> Database::Open(const std::string& path, Mode mode, std::chrono::milliseconds busy) {
  const bool unchanging = mode == Mode::kUnchanging;
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | (mode == Mode::kCreate ? SQLITE_OPEN_CREATE : 0) |
                    (unchanging ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI : SQLITE_OPEN_READWRITE);
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2((unchanging ? UnchangingUri(path) : path).c_str(), &raw, flags, nullptr);
  Database db(std::make_unique<const std::string>(path), raw);
  db.unchanging_ = unchanging;
  if (code != SQLITE_OK) return ErrorOf(code, path, raw != nullptr ? sqlite3_errmsg(raw) : sqlite3_errstr(code));
  db.SetBusyTimeout(busy);
  return db;
}

Status Database::Exec(const std::string& sql) {
  const int code = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Status::OK() : ErrorOf(code, *path_, sqlite3_errmsg(db_.get()));
}

Result<Statement> Database::Prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  if (code != SQLITE_OK) return ErrorOf(code, *path_, sqlite3_errmsg(db_.get()));
  return Statement(db_.get(), path_.get(), statement);
}

Result<std::int64_t> Database::QueryInt(const std::string& sql) {
  TRY_ASSIGN(Statement statement, Prepare(sql));
  TRY_ASSIGN(const bool row, statement.Step());
  if (!row) return Status::KeyError("topic file '", *path_, "': no row for ", sql);
  return statement.Int(0);
}

void Database::SetBusyTimeout(std::chrono::milliseconds busy) {
  sqlite3_busy_timeout(db_.get(), static_cast<int>(busy.count()));
}

bool Database::read_only() const { return sqlite3_db_readonly(db_.get(), "main") == 1; }

Result<Transaction> Transaction::Begin(Database& db, Kind kind) {
  // A write transaction takes its lock at once: one that begins by reading could fail to upgrade later.
  TRY(db.Exec(kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN"));
  return Transaction(&db);
}

Transaction::~Transaction() {
  if (db_ != nullptr && sqlite3_get_autocommit(db_->handle()) == 0) {
    sqlite3_exec(db_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

Status Transaction::Commit() {
  TRY(db_->Exec("COMMIT"));
  db_ = nullptr;
  return Status::OK();
}

}  // namespace pregao::topic::sqlite
