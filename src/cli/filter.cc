#include "cli/filter.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pregao::cli {
namespace {

/// A pipe; both ends are closed with it.
struct Pipe {
  int ends[2] = {-1, -1};
  Pipe() = default;
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    Close(0);
    Close(1);
  }
  bool Open() { return pipe2(ends, O_CLOEXEC) == 0; }
  void Close(int end) {
    if (ends[end] >= 0) close(ends[end]);
    ends[end] = -1;
  }
};

/// The child does not inherit that this program takes its signals on a thread of its own.
Result<pid_t> Spawn(const std::string& command, Pipe* in, Pipe* out) {
  if (!in->Open() || !out->Open()) return Status::IOError("no pipe to the filter: ", std::strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, in->ends[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out->ends[1], STDOUT_FILENO);
  sigset_t none, defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string shell = "sh", option = "-c", text = command;
  char* const argv[] = {shell.data(), option.data(), text.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, "sh", &actions, &attributes, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  in->Close(0);
  out->Close(1);
  if (error != 0) return Status::IOError("the filter cannot be started: ", std::strerror(error));
  return child;
}

/// Writes `input` and reads to the end, whichever is possible, so that neither side waits for the other.
Result<std::string> Exchange(const std::string& input, Pipe* in, Pipe* out) {
  fcntl(in->ends[1], F_SETFL, O_NONBLOCK);
  std::size_t written = 0;
  std::string output;
  char buffer[65536];
  for (;;) {
    if (written == input.size()) in->Close(1);
    pollfd fds[2] = {{out->ends[0], POLLIN, 0}, {in->ends[1], POLLOUT, 0}};
    if (poll(fds, in->ends[1] >= 0 ? 2 : 1, -1) < 0 && errno != EINTR) {
      return Status::IOError("the filter: ", std::strerror(errno));
    }
    if (in->ends[1] >= 0 && fds[1].revents != 0) {
      const ssize_t n = write(in->ends[1], input.data() + written, input.size() - written);
      if (n > 0) written += static_cast<std::size_t>(n);
      if (n < 0 && errno != EAGAIN && errno != EINTR) written = input.size();  // it reads no more: its output tells
    }
    if (fds[0].revents == 0) continue;
    const ssize_t n = read(out->ends[0], buffer, sizeof buffer);
    if (n > 0) output.append(buffer, static_cast<std::size_t>(n));
    if (n == 0) return output;
    if (n < 0 && errno != EINTR) return Status::IOError("the filter's output: ", std::strerror(errno));
  }
}

}  // namespace

Result<std::vector<std::string>> RunFilter(const std::string& command, const std::vector<std::string>& lines) {
  std::string input;
  for (const auto& line : lines) input += line + "\n";
  Pipe in, out;
  TRY_ASSIGN(const pid_t child, Spawn(command, &in, &out));
  const auto output = Exchange(input, &in, &out);
  in.Close(1);
  out.Close(0);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  TRY(output.status());
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return Status::Invalid("the filter '", command, "' failed (", WIFEXITED(status) ? "exit code " : "signal ",
                           WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), "): nothing of it was sent");
  }
  std::vector<std::string> result;
  for (std::size_t begin = 0; begin < output->size();) {
    const std::size_t end = std::min(output->find('\n', begin), output->size());
    result.push_back(output->substr(begin, end - begin));
    begin = end + 1;
  }
  if (result.size() == lines.size()) return result;
  return Status::Invalid("the filter '", command, "' wrote ", result.size(), " lines for ", lines.size(),
                         ": it must write one for each, an empty one to leave a record alone");
}

}  // namespace pregao::cli
