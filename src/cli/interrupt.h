#pragma once
#include <stop_token>
#include <thread>

namespace pregao::cli {

/// Turns SIGINT and SIGTERM into a stop request; the second one ends the process at once with 130. Create it before any
/// other thread, for it blocks both signals in the calling thread and all that come from it. One at a time.
class SignalWatch {
 public:
  SignalWatch();
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }

 private:
  void Watch();

  std::stop_source stop_;
  std::stop_source done_;
  std::thread thread_;
};

}  // namespace pregao::cli
