#include "cli/output.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <unistd.h>

namespace pregao::cli {
namespace {

// 0, or the errno of the write that failed.
int WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

bool KnowsEscapes(int fd) {
  const char* const term = std::getenv("TERM");
  return (term == nullptr || std::string_view(term) != "dumb") && isatty(fd) == 1;
}

}  // namespace

Status WriteOut(std::string_view text) {
  const int error = WriteAll(STDOUT_FILENO, text);
  if (error == 0) return Status::OK();
  if (error == EPIPE) return Status::Cancelled("the reader of standard output has gone");
  return Status::IOError("standard output cannot be written: ", std::strerror(error));
}

void WriteError(std::string_view text) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  (void)WriteAll(STDERR_FILENO, text);
}

bool ErrorIsTerminal() { return KnowsEscapes(STDERR_FILENO); }

bool WantsColour(int fd) {
  const char* const no_color = std::getenv("NO_COLOR");  // the convention of no-color.org: set and not empty
  return (no_color == nullptr || *no_color == '\0') && KnowsEscapes(fd);
}

bool OutIsTerminal() { return isatty(STDOUT_FILENO) == 1; }

}  // namespace pregao::cli
