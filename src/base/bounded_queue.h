#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace pregao {

/// A queue between threads that never holds more than `capacity` items: a slow consumer holds its producer back.
/// Thread-safe. Closing wakes both sides; what is inside can still be taken.
template <class T>
class BoundedQueue {
 public:
  /// @param capacity  at least 1
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  /// Waits for room. @return false when the queue was closed, or had no room when `stop` was requested: the item is
  /// dropped.
  [[nodiscard]] bool Push(T item, std::stop_token stop = {}) {
    std::unique_lock lock(mutex_);
    if (!room_.wait(lock, stop, [&] { return closed_ || items_.size() < capacity_; }) || closed_) return false;
    items_.push_back(std::move(item));
    filled_.notify_one();
    return true;
  }

  /// Waits at most `timeout` for room. @return whether a Push of the only producer would not wait.
  template <class Rep, class Period>
  [[nodiscard]] bool WaitForRoom(std::chrono::duration<Rep, Period> timeout, std::stop_token stop = {}) {
    std::unique_lock lock(mutex_);
    return room_.wait_for(lock, stop, timeout, [&] { return closed_ || items_.size() < capacity_; });
  }

  /// Waits for an item at most `timeout`. @return nullopt on time-out, stop, or when closed and empty.
  template <class Rep, class Period>
  [[nodiscard]] std::optional<T> Pop(std::chrono::duration<Rep, Period> timeout, std::stop_token stop = {}) {
    std::unique_lock lock(mutex_);
    filled_.wait_for(lock, stop, timeout, [&] { return closed_ || !items_.empty(); });
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    room_.notify_one();
    return item;
  }

  void Close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    room_.notify_all();
    filled_.notify_all();
  }
  [[nodiscard]] bool closed() const {
    std::lock_guard lock(mutex_);
    return closed_;
  }
  [[nodiscard]] std::size_t size() const {
    std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable_any room_, filled_;
  std::deque<T> items_;  // guarded by mutex_
  bool closed_ = false;  // guarded by mutex_
};

}  // namespace pregao
