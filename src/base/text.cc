#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <limits>
namespace pregao {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
// Largest first, so that printing takes the first that fits.
constexpr std::array<Unit, 5> kDurations{{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 10> kSizes{{{"TiB", 1LL << 40},
                                       {"GiB", 1LL << 30},
                                       {"MiB", 1LL << 20},
                                       {"KiB", 1LL << 10},
                                       {"TB", 1'000'000'000'000},
                                       {"GB", 1'000'000'000},
                                       {"MB", 1'000'000},
                                       {"kB", 1'000},
                                       {"KB", 1'000},
                                       {"B", 1}}};

// The number of base units that `text` says; nullopt when it is no such thing.
std::optional<std::int64_t> ParseUnits(std::string_view text, std::span<const Unit> units, std::string_view bare) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (parsed.ec != std::errc() || !std::isfinite(number) || number < 0) return std::nullopt;
  std::string_view unit(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  if (unit.empty()) unit = bare;
  for (const Unit& u : units) {
    if (u.name != unit) continue;
    const double value = number * static_cast<double>(u.factor);
    if (value >= 9e15 || value != std::floor(value)) return std::nullopt;  // 2^53: exact in a double
    return static_cast<std::int64_t>(value);
  }
  return std::nullopt;
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

}  // namespace

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  if (const auto ms = ParseUnits(text, kDurations, "")) return std::chrono::milliseconds(*ms);
  return Status::Invalid("'", text, "' is not a duration; write a number and ms, s, m, h or d, such as 500ms or 2h");
}

std::string FormatDuration(std::chrono::milliseconds duration) {
  if (duration.count() == 0) return "0s";
  for (const Unit& u : kDurations) {
    if (duration.count() % u.factor == 0) return fmt::format("{}{}", duration.count() / u.factor, u.name);
  }
  return fmt::format("{}ms", duration.count());
}

Result<std::int64_t> ParseSize(std::string_view text) {
  if (const auto bytes = ParseUnits(text, kSizes, "B")) return *bytes;
  return Status::Invalid("'", text, "' is not a size; write bytes, or a number and KiB, MiB or GiB, such as 64MiB");
}

std::string FormatSize(std::int64_t bytes) {
  for (const Unit& u : std::span(kSizes).first(4)) {
    if (bytes != 0 && bytes % u.factor == 0) return fmt::format("{}{}", bytes / u.factor, u.name);
  }
  return std::to_string(bytes);
}

std::string HumanSize(std::int64_t bytes) {
  for (const Unit& u : std::span(kSizes).first(4)) {
    if (bytes >= u.factor) {
      return fmt::format("{:.1f} {}", static_cast<double>(bytes) / static_cast<double>(u.factor), u.name);
    }
  }
  return fmt::format("{} B", bytes);
}

std::string WithoutUserInfo(std::string_view text) {
  std::string out(text);
  for (std::size_t at = 0; (at = out.find("://", at)) != std::string::npos;) {
    at += 3;
    const std::size_t end = std::min(out.find_first_of("/?# \"'", at), out.size());
    const std::size_t mark = std::string_view(out).substr(0, end).rfind('@');
    if (mark != std::string::npos && mark >= at) out.replace(at, mark - at, "…");
  }
  return out;
}

std::string HumanCount(std::int64_t count) {
  std::string digits = std::to_string(count);
  const std::size_t first = count < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::size_t EditDistance(std::string_view a, std::string_view b) {
  // Optimal string alignment, three rows at a time.
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = Lower(a[i - 1]) == Lower(b[j - 1]);
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && Lower(a[i - 1]) == Lower(b[j - 2]) && Lower(a[i - 2]) == Lower(b[j - 1])) {
        now[j] = std::min(now[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

std::optional<std::string> NearestName(std::string_view word, std::span<const std::string> candidates) {
  std::optional<std::string> best;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const std::string& candidate : candidates) {
    const std::size_t distance = EditDistance(word, candidate);
    const std::size_t allowed = std::max<std::size_t>(1, std::max(word.size(), candidate.size()) / 3);
    if (distance <= allowed && distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

std::string Paint(std::string_view text, Colour colour, bool enabled) {
  if (!enabled) return std::string(text);
  std::string_view code;
  switch (colour) {
    case Colour::kRed:
      code = "31";
      break;
    case Colour::kGreen:
      code = "32";
      break;
    case Colour::kYellow:
      code = "33";
      break;
    case Colour::kDim:
      code = "2";
      break;
    case Colour::kBold:
      code = "1";
      break;
  }
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

}  // namespace pregao
