#include "lake/local_store.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "lake/local_file.h"
#include "lake/store_path.h"

namespace pregao::lake {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kTemporary = ".pregao-tmp";

std::string Parent(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// A vanished parent is no missing object but a fault: somebody deletes folders under us.
Status WriteFault(const Status& status) {
  return status.IsKeyError() ? Status::IOError("cannot write: ", status.message()) : status;
}

/// Deletes what crashed writers left behind more than a day ago. Best effort: leftovers do no harm.
void DeleteStaleTemporaries(const std::string& folder) {
  std::error_code ignored;
  const auto limit = fs::file_time_type::clock::now() - std::chrono::hours(24);
  for (fs::directory_iterator it(folder, ignored), end; !ignored && it != end; it.increment(ignored)) {
    std::error_code error;
    if (const auto modified = it->last_write_time(error); !error && modified < limit) fs::remove(it->path(), error);
  }
}

/// link(2), or where the file system has no hard links, a rename that does not replace. @return 0 or an errno.
int LinkWithoutReplacing(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return 0;
  if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS && errno != EMLINK) return errno;
  return ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0 ? 0 : errno;
}

bool IsEmpty(const std::string& folder) {
  std::error_code error;
  return fs::is_empty(folder, error) && !error;
}

/// Walks the folders below a root that can hold a match of List.
class Lister {
 public:
  Lister(std::string root, const std::string& prefix, const std::string& start_after)
      : root_(std::move(root)), prefix_(prefix), start_after_(start_after) {}

  /// `folder` is relative and ends in '/', or is empty for the root.
  Status Walk(const std::string& folder) {
    std::error_code error;
    fs::directory_iterator it(root_ + "/" + folder, error);
    for (const fs::directory_iterator end; !error && it != end; it.increment(error)) {
      const std::string path = folder + it->path().filename().string();
      if (path == kTemporary) continue;
      std::error_code gone;  // an entry may vanish while we look: then it is not there
      if (it->is_directory(gone)) {
        if (MayHold(path + "/")) TRY(Walk(path + "/"));
      } else if (path.starts_with(prefix_) && path > start_after_) {
        Add(path);
      }
    }
    if (!error || error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory) {
      return Status::OK();
    }
    return FileError("list", root_ + "/" + folder, error.value());
  }

  std::vector<ObjectInfo> Take() {
    std::sort(found_.begin(), found_.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    return std::move(found_);
  }

 private:
  [[nodiscard]] bool MayHold(std::string_view folder) const {
    const std::size_t common = std::min(folder.size(), prefix_.size());
    if (folder.substr(0, common) != std::string_view(prefix_).substr(0, common)) return false;
    return std::string_view(start_after_).substr(0, folder.size()) <= folder;
  }

  void Add(const std::string& path) {
    struct stat info;
    if (::stat((root_ + "/" + path).c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return;
    const std::int64_t ms = std::int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000;
    found_.push_back({path, info.st_size, TimestampMs(ms)});
  }

  const std::string root_;
  const std::string& prefix_;
  const std::string& start_after_;
  std::vector<ObjectInfo> found_;
};

}  // namespace

Result<std::shared_ptr<ObjectStore>> LocalStore::Open(const std::string& folder) {
  std::error_code error;
  std::string root = fs::absolute(folder, error).lexically_normal().string();
  if (error) return Status::IOError("cannot find folder '", folder, "': ", error.message());
  while (root.size() > 1 && root.back() == '/') root.pop_back();
  TRY(WriteFault(MakeFolders(root)));
  DeleteStaleTemporaries(root + "/" + std::string(kTemporary));
  std::shared_ptr<LocalStore> store(new LocalStore(std::move(root)));
  store->had_content_ = !IsEmpty(store->root_);
  return store;
}

Status LocalStore::CheckRoot() const {
  std::error_code error;
  const bool there = fs::is_directory(root_, error);
  if (there && !(had_content_ && IsEmpty(root_))) return Status::OK();
  return Status::IOError("the lake's folder ", root_, there ? " has become empty" : " has gone",
                         ": mount its disk again, or put the folder back");
}

Status LocalStore::Absence(const Status& status) const {
  if (status.IsKeyError()) TRY(CheckRoot());
  return status;
}

Result<std::string> LocalStore::FullPath(const std::string& path) const {
  TRY(CheckStorePath(path));
  if (path.starts_with(kTemporary)) return Status::Invalid("store path '", path, "' is kept for temporary files");
  return root_ + "/" + path;
}

Result<std::string> LocalStore::WriteTemporary(std::string_view bytes) {
  const std::string folder = root_ + "/" + std::string(kTemporary);
  const std::string path = folder + "/" + NewUuid();
  Status status = WriteSyncedFile(path, bytes);
  if (status.IsKeyError()) {  // the first write of all, or somebody tidied up
    TRY(CheckRoot());
    TRY(WriteFault(MakeFolders(folder)));
    status = WriteSyncedFile(path, bytes);
  }
  TRY(WriteFault(status));
  had_content_ = true;
  return path;
}

Status LocalStore::Put(const std::string& path, std::string_view bytes) {
  TRY_ASSIGN(const std::string target, FullPath(path));
  TRY_ASSIGN(const std::string temporary, WriteTemporary(bytes));
  Status made = WriteFault(MakeFolders(Parent(target)));
  if (made.ok() && ::rename(temporary.c_str(), target.c_str()) != 0)
    made = WriteFault(FileError("write", target, errno));
  if (!made.ok()) {
    ::unlink(temporary.c_str());
    return made;
  }
  return WriteFault(SyncFolder(Parent(target)));
}

Result<PutOutcome> LocalStore::PutIfAbsent(const std::string& path, std::string_view bytes) {
  TRY_ASSIGN(const std::string target, FullPath(path));
  struct stat info;
  if (::stat(target.c_str(), &info) == 0 && S_ISREG(info.st_mode)) return PutOutcome::kExists;
  TRY_ASSIGN(const std::string temporary, WriteTemporary(bytes));
  Status made = WriteFault(MakeFolders(Parent(target)));
  const int error = made.ok() ? LinkWithoutReplacing(temporary, target) : 0;
  ::unlink(temporary.c_str());
  TRY(made);
  if (error == EEXIST && ::stat(target.c_str(), &info) == 0 && S_ISREG(info.st_mode)) return PutOutcome::kExists;
  if (error != 0) return WriteFault(FileError("write", target, error));
  TRY(WriteFault(SyncFolder(Parent(target))));
  return PutOutcome::kCreated;
}

Result<std::string> LocalStore::Get(const std::string& path) {
  TRY_ASSIGN(const std::string target, FullPath(path));
  auto bytes = ReadFileRange(target, 0, -1);
  return bytes.ok() ? std::move(bytes) : Absence(bytes.status());
}

Result<std::string> LocalStore::GetRange(const std::string& path, std::int64_t offset, std::int64_t size) {
  TRY_ASSIGN(const std::string target, FullPath(path));
  if (size < 0) return Status::Invalid(target, ": cannot read ", size, " bytes");
  auto bytes = ReadFileRange(target, offset, size);
  return bytes.ok() ? std::move(bytes) : Absence(bytes.status());
}

Result<std::vector<ObjectInfo>> LocalStore::List(const std::string& prefix, const std::string& start_after) {
  const std::size_t slash = prefix.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : prefix.substr(0, slash + 1);
  if (!folder.empty()) TRY(CheckStorePath(std::string_view(folder).substr(0, slash)));
  TRY(CheckRoot());
  Lister lister(root_, prefix, start_after);
  TRY(lister.Walk(folder));
  return lister.Take();
}

Status LocalStore::Delete(const std::string& path) {
  TRY_ASSIGN(const std::string target, FullPath(path));
  if (::unlink(target.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR) return Status::OK();
  return FileError("delete", target, errno);
}

}  // namespace pregao::lake
