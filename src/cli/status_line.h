#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

namespace pregao::cli {

/// Says how a long work is getting on: a line on standard error that renews itself twice a second on a terminal, and a
/// log line every ten seconds elsewhere (none while `text` stays the same). Ends with the object.
class StatusLine {
 public:
  /// `text` runs on another thread and gives one line.
  explicit StatusLine(std::function<std::string()> text);
  ~StatusLine();
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

 private:
  void Loop(std::stop_token stop);

  const std::function<std::string()> text_;
  const bool terminal_;
  std::jthread thread_;  // last: it uses the others
};

/// "[#####               ]  25% repairing: 1,000 of 4,000"
[[nodiscard]] std::string ProgressText(const std::string& what, std::int64_t done, std::int64_t total);

/// Events a second since the last call, from a running total. Not thread-safe.
class RateMeter {
 public:
  [[nodiscard]] double PerSecond(std::int64_t total);

 private:
  std::chrono::steady_clock::time_point at_ = std::chrono::steady_clock::now();
  std::int64_t total_ = 0;
  double rate_ = 0;
};

}  // namespace pregao::cli
