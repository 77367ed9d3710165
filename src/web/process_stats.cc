#include "web/process_stats.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace pregao::web {
namespace {

std::string ReadText(const char* path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::optional<std::int64_t> Number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end != text.data() ? std::optional(number) : std::nullopt;
}

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; (at = text.find_first_not_of(" \n", at)) != std::string_view::npos;) {
    const auto end = std::min(text.find_first_of(" \n", at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

}  // namespace

ProcessStats ParseProcessStats(std::string_view self_stat, std::string_view proc_stat, std::int64_t ticks_per_second,
                               std::int64_t page_bytes) {
  ProcessStats out;
  // The program's name stands in parentheses and may hold anything; proc(5) counts the fields, from 3 behind it.
  const auto name_end = self_stat.rfind(')');
  if (name_end == std::string_view::npos) return out;
  const auto fields = Words(self_stat.substr(name_end + 1));
  const auto field = [&](std::size_t number) -> std::optional<std::int64_t> {
    return number - 3 < fields.size() ? Number(fields[number - 3]) : std::nullopt;
  };
  const auto user = field(14), system = field(15), started = field(22), pages = field(24);
  const auto ticks = static_cast<double>(ticks_per_second);
  if (user && system) out.cpu_seconds = static_cast<double>(*user + *system) / ticks;
  out.threads = field(20);
  out.virtual_bytes = field(23);
  if (pages) out.resident_bytes = *pages * page_bytes;
  const auto boot = proc_stat.find("btime ");
  if (boot != std::string_view::npos && started) {
    if (const auto seconds = Number(proc_stat.substr(boot + 6))) {
      out.start_time_seconds = static_cast<double>(*seconds) + static_cast<double>(*started) / ticks;
    }
  }
  return out;
}

ProcessStats ReadProcessStats() {
  ProcessStats out = ParseProcessStats(ReadText("/proc/self/stat"), ReadText("/proc/stat"), sysconf(_SC_CLK_TCK),
                                       sysconf(_SC_PAGESIZE));
  std::error_code error;
  std::int64_t open = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end; it.increment(error)) {
    ++open;
  }
  if (open > 0) out.open_fds = open - 1;  // not the one that looks
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    out.max_fds = static_cast<std::int64_t>(limit.rlim_cur);
  }
  return out;
}

}  // namespace pregao::web
