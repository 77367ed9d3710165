#include "cli/status_line.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <fmt/format.h>
#include <mutex>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/output.h"

namespace pregao::cli {
namespace {

constexpr std::chrono::milliseconds kTerminalPeriod{500};
constexpr std::chrono::seconds kLogPeriod{10};

std::size_t TerminalWidth() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/// The text's start that fits into `width` columns.
std::string Cut(const std::string& text, std::size_t width) {
  std::size_t end = text.size();
  while (end > 0 && DisplayWidth(std::string_view(text).substr(0, end)) > width) {
    do {
      --end;
    } while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80);
  }
  return text.substr(0, end);
}

}  // namespace

StatusLine::StatusLine(std::function<std::string()> text)
    : text_(std::move(text)), terminal_(ErrorIsTerminal()), thread_([this](std::stop_token stop) { Loop(stop); }) {}

StatusLine::~StatusLine() {
  thread_.request_stop();
  thread_.join();
  if (terminal_) WriteError("\r\x1b[K");
}

void StatusLine::Loop(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::string logged;
  while (!stop.stop_requested()) {
    std::unique_lock lock(mutex);
    const auto period = terminal_ ? std::chrono::milliseconds(kTerminalPeriod) : std::chrono::milliseconds(kLogPeriod);
    never.wait_for(lock, stop, period, [] { return false; });
    if (stop.stop_requested()) return;
    const std::string text = text_();
    if (terminal_) {
      // The cursor goes back to the line's start, so that a log line writes over it.
      WriteError("\r" + Cut(text, TerminalWidth() - 1) + "\x1b[K\r");
    } else if (text != logged) {
      spdlog::info("{}", text);
      logged = text;
    }
  }
}

std::string ProgressText(const std::string& what, std::int64_t done, std::int64_t total) {
  constexpr std::int64_t kWidth = 20;
  const std::int64_t least = std::min(done, total), all = std::max<std::int64_t>(total, 1);
  const auto filled = static_cast<std::size_t>(least * kWidth / all);
  return fmt::format("[{}{}] {:3}% {}: {} of {}", std::string(filled, '#'), std::string(kWidth - filled, ' '),
                     least * 100 / all, what, HumanCount(done), HumanCount(total));
}

double RateMeter::PerSecond(std::int64_t total) {
  const auto now = std::chrono::steady_clock::now();
  const std::chrono::duration<double> passed = now - at_;
  if (passed.count() < 0.2) return rate_;
  rate_ = static_cast<double>(total - total_) / passed.count();
  at_ = now;
  total_ = total;
  return rate_;
}

}  // namespace pregao::cli
