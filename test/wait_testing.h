#pragma once
#include <chrono>
#include <thread>

namespace pregao {

/// Waits for something that sockets, files or other threads bring about where there is nothing to be notified by;
/// gives up after a minute. @return whether it came about.
template <class Condition>
[[nodiscard]] bool Eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace pregao
