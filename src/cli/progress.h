#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "cli/status_line.h"

namespace pregao::cli {

/// How far a counted work is, as text of one line: "silver ▕█████·····▏ 50 %, 12 of 24 files".
[[nodiscard]] std::string ProgressText(const std::string& what, std::int64_t done, std::int64_t of,
                                       const std::string& unit);

/// A progress bar on a terminal's standard error, log lines elsewhere, while it lives. Update is thread-safe.
class ProgressBar {
 public:
  ProgressBar(std::string what, std::string unit)
      : what_(std::move(what)),
        unit_(std::move(unit)),
        line_([this] { return ProgressText(what_, done_, of_, unit_); }) {}

  void Update(std::int64_t done, std::int64_t of) {
    of_ = of;
    done_ = done;
  }

 private:
  const std::string what_, unit_;
  std::atomic<std::int64_t> done_ = 0, of_ = 0;
  const StatusLine line_;  // last: it uses the others
};

}  // namespace pregao::cli
