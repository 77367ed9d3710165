#pragma once
#include <chrono>
#include <thread>

namespace pregao::yahoo {

/// Waits for something that another thread or process brings about; gives up after a minute.
/// For sockets, where there is nothing to be notified by.
template <class Condition>
[[nodiscard]] bool Eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace pregao::yahoo
