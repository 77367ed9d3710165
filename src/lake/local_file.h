#pragma once
/// POSIX files with errors that name the path and the remedy.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace pregao::lake {

/// An open file descriptor. Move-only.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  ~FileDescriptor();
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

/// The Status for `error` (an errno) met while doing `action` ("write", "read") with `path`.
/// ENOENT and ENOTDIR are KeyError; everything else is IOError with what to do about it.
[[nodiscard]] Status FileError(std::string_view action, const std::string& path, int error);

/// Creates `path`, which must not exist, writes `bytes` and syncs it. On an error the file is removed.
[[nodiscard]] Status WriteSyncedFile(const std::string& path, std::string_view bytes);
/// Reads [offset, offset + size) of `path`, or all of it when `size` is negative. Invalid when the file ends before.
[[nodiscard]] Result<std::string> ReadFileRange(const std::string& path, std::int64_t offset, std::int64_t size);
/// Makes the names in `folder` durable.
[[nodiscard]] Status SyncFolder(const std::string& folder);
/// mkdir -p, durably.
[[nodiscard]] Status MakeFolders(const std::string& folder);

}  // namespace pregao::lake
