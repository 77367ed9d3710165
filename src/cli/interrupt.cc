#include "cli/interrupt.h"

#include <mutex>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "cli/commands.h"

namespace pregao::cli {
namespace {

struct Hook {
  std::mutex mutex;
  std::function<void()> on_interrupt;  // guarded by mutex
};
Hook& TheHook() {
  static Hook hook;
  return hook;
}

sigset_t Signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

// Whether a handler took the interrupt.
bool Handled() {
  Hook& hook = TheHook();
  std::lock_guard lock(hook.mutex);
  if (!hook.on_interrupt) return false;
  hook.on_interrupt();
  return true;
}

}  // namespace

InterruptHandler::InterruptHandler(std::function<void()> on_interrupt) {
  std::lock_guard lock(TheHook().mutex);
  TheHook().on_interrupt = std::move(on_interrupt);
}
InterruptHandler::~InterruptHandler() {
  std::lock_guard lock(TheHook().mutex);
  TheHook().on_interrupt = nullptr;
}

SignalWatch::SignalWatch() {
  const sigset_t set = Signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);  // a reader that went away is an error of write, handled there
  thread_ = std::thread([this] { Watch(); });
}

SignalWatch::~SignalWatch() {
  done_.request_stop();
  pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
}

void SignalWatch::Watch() {
  const sigset_t set = Signals();
  for (;;) {
    int number = 0;
    if (sigwait(&set, &number) != 0) continue;
    if (done_.stop_requested()) return;
    if (number == SIGINT && Handled()) continue;
    if (!stop_.request_stop()) _exit(static_cast<int>(ExitCode::kInterrupted));
  }
}

}  // namespace pregao::cli
