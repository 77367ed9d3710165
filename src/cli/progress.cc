#include "cli/progress.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.h"

namespace pregao::cli {

std::string ProgressText(const std::string& what, std::int64_t done, std::int64_t of, const std::string& unit) {
  constexpr std::int64_t kWidth = 20;
  if (of <= 0) return what + " …";
  const std::int64_t full = std::clamp<std::int64_t>(done * kWidth / of, 0, kWidth);
  std::string bar;
  for (std::int64_t i = 0; i < kWidth; ++i) bar += i < full ? "█" : "·";
  return fmt::format("{} ▕{}▏ {} %, {} of {} {}", what, bar, std::clamp<std::int64_t>(done * 100 / of, 0, 100),
                     HumanCount(done), HumanCount(of), unit);
}

}  // namespace pregao::cli
