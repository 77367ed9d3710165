#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace pregao::web {

/// What the system knows of this process, under the names of Prometheus's own clients; nullopt: it does not tell.
struct ProcessStats {
  std::optional<double> cpu_seconds, start_time_seconds;  ///< user and system; since the epoch
  std::optional<std::int64_t> resident_bytes, virtual_bytes, threads, open_fds, max_fds;
};

[[nodiscard]] ProcessStats ReadProcessStats();

/// The same from the texts of /proc/self/stat and /proc/stat, without descriptors.
[[nodiscard]] ProcessStats ParseProcessStats(std::string_view self_stat, std::string_view proc_stat,
                                             std::int64_t ticks_per_second, std::int64_t page_bytes);

}  // namespace pregao::web
