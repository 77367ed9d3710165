#include "web/write_file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pregao::web {
namespace {

Status Failed(const std::filesystem::path& file) {
  return Status::IOError(file.string(), " cannot be written: ", std::strerror(errno));
}

Status WriteAll(int fd, std::string_view text, const std::filesystem::path& file) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno != EINTR) return Failed(file);
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
  return fsync(fd) == 0 ? Status::OK() : Failed(file);
}

}  // namespace

Status ReplaceFile(const std::filesystem::path& named, std::string_view text) {
  std::error_code error;
  const auto resolved = std::filesystem::weakly_canonical(named, error);
  const auto file = error ? named : resolved;
  struct stat old {};
  const bool there = stat(file.c_str(), &old) == 0;
  std::string temporary = file.string() + ".XXXXXX";
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return Failed(file);
  Status status = WriteAll(fd, text, file);
  if (status.ok() && fchmod(fd, there ? old.st_mode & 07777 : 0644) != 0) status = Failed(file);
  if (close(fd) != 0 && status.ok()) status = Failed(file);
  if (status.ok() && rename(temporary.c_str(), file.c_str()) != 0) status = Failed(file);
  if (!status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  // The text is in its place; that the name outlives a power cut is as well as the file system can do it.
  const int folder = open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    (void)fsync(folder);
    close(folder);
  }
  return Status::OK();
}

}  // namespace pregao::web
