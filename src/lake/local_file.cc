#include "lake/local_file.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace pregao::lake {
namespace {

std::string_view Remedy(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "; free some space, or move the lake to another disk";
    case EACCES:
    case EPERM:
      return "; give this user the right to read and write there, or choose another lake";
    case EROFS:
      return "; the disk is mounted read-only: choose another lake";
    case ENAMETOOLONG:
      return "; a partition value is too long for a file name: partition by date alone";
    case EMFILE:
    case ENFILE:
      return "; raise the limit of open files (ulimit -n)";
    case EEXIST:
    case EISDIR:
      return "; something of another kind has that name: move it away, or choose another lake";
    default:
      return "";
  }
}

int OpenRetrying(const std::string& path, int flags) {
  int fd;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Status FileError(std::string_view action, const std::string& path, int error) {
  if (error == ENOENT || error == ENOTDIR) return Status::KeyError(path, " does not exist");
  return Status::IOError("cannot ", action, " ", path, ": ", std::generic_category().message(error), Remedy(error));
}

Status WriteSyncedFile(const std::string& path, std::string_view bytes) {
  const FileDescriptor file(OpenRetrying(path, O_WRONLY | O_CREAT | O_EXCL));
  if (file.get() < 0) return FileError("create", path, errno);
  const auto fail = [&](std::string_view action) {
    const int error = errno;
    ::unlink(path.c_str());
    return FileError(action, path, error);
  };
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail("write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.get()) != 0) return fail("sync");
  return Status::OK();
}

Result<std::string> ReadFileRange(const std::string& path, std::int64_t offset, std::int64_t size) {
  const FileDescriptor file(OpenRetrying(path, O_RDONLY));
  if (file.get() < 0) return FileError("read", path, errno);
  struct stat info;
  if (::fstat(file.get(), &info) != 0) return FileError("read", path, errno);
  if (S_ISDIR(info.st_mode)) return FileError("read", path, ENOENT);  // a folder is no object
  const std::int64_t total = info.st_size;
  if (size < 0) size = total - offset;
  if (offset < 0 || offset > total || size > total - offset) {
    return Status::Invalid(path, " has ", total, " bytes: cannot read ", size, " at ", offset);
  }
  std::string bytes(static_cast<std::size_t>(size), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n =
        ::pread(file.get(), bytes.data() + done, bytes.size() - done, offset + static_cast<std::int64_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError("read", path, errno);
    if (n == 0) return Status::Invalid(path, " became shorter while it was read");
    done += static_cast<std::size_t>(n);
  }
  return bytes;
}

Status SyncFolder(const std::string& folder) {
  const FileDescriptor file(OpenRetrying(folder, O_RDONLY | O_DIRECTORY));
  if (file.get() < 0) return FileError("open", folder, errno);
  if (::fsync(file.get()) != 0) return FileError("sync", folder, errno);
  return Status::OK();
}

Status MakeFolders(const std::string& folder) {
  struct stat info;
  if (::stat(folder.c_str(), &info) == 0) {
    return S_ISDIR(info.st_mode) ? Status::OK() : FileError("create folder", folder, EEXIST);
  }
  if (errno == ENOTDIR) return Status::IOError("cannot create folder ", folder, ": a part of it is a file");
  if (errno != ENOENT) return FileError("create folder", folder, errno);
  const std::size_t slash = folder.rfind('/');
  const std::string parent = slash == std::string::npos || slash == 0 ? "/" : folder.substr(0, slash);
  if (parent != folder) TRY(MakeFolders(parent));
  if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) return FileError("create folder", folder, errno);
  return SyncFolder(parent);
}

}  // namespace pregao::lake
