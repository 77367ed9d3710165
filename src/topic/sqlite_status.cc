#include <sqlite3.h>

#include "topic/sqlite.h"

namespace pregao::topic::sqlite {
namespace {

class BusyDetail final : public arrow::StatusDetail {
 public:
  [[nodiscard]] const char* type_id() const override { return kTypeId; }
  [[nodiscard]] std::string ToString() const override { return "locked"; }
  static constexpr char kTypeId[] = "pregao::topic::sqlite::BusyDetail";
};

}  // namespace

Status ErrorOf(int code, const std::string& path, const std::string& message) {
  const std::string file = "topic file '" + path + "' ";
  switch (code & 0xff) {
    case SQLITE_NOTADB:
      return Status::Invalid(file, "is not a topic file (", message, "): name another file, or move this one away");
    case SQLITE_CORRUPT:
      return Status::Invalid(file, "is damaged (", message, "): restore a copy, save what can be read with `sqlite3 '",
                             path, "' .recover`, or move it away and start a new topic");
    case SQLITE_CANTOPEN:
      return Status::IOError(file, "cannot be opened (", message,
                             "): check that its folder exists and that this user may read and write both");
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
      return Status::IOError(file, "cannot be written (", message,
                             "): give this user write permission on it and on its folder");
    case SQLITE_FULL:
      return Status::IOError(file, "cannot grow, the disk is full (", message,
                             "): free some space or set a retention; what was acknowledged is safe");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return Status::IOError(file, "is locked by another process (", message, "): wait for it or stop it, then retry")
          .WithDetail(std::make_shared<BusyDetail>());
    case SQLITE_IOERR:
      return Status::IOError(file, "could not be read or written (", message,
                             "): check the disk's space, quota and health");
    case SQLITE_TOOBIG:
      return Status::Invalid(file, "cannot hold a value of this size (", message, ")");
    case SQLITE_NOMEM:
      return Status::OutOfMemory(file, "needs more memory than there is");
    case SQLITE_ERROR:  // of a statement that was prepared for our schema: the schema is another one
      return Status::Invalid(file, "has not the tables of a topic (", message, "): restore a copy, or move it away");
    default:
      return Status::UnknownError(file, "failed: ", message, " (SQLite code ", code, ")");
  }
}

bool IsBusy(const Status& status) {
  return status.detail() != nullptr && status.detail()->type_id() == BusyDetail::kTypeId;
}

}  // namespace pregao::topic::sqlite
