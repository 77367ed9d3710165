#include "web/snapshot.h"

#include <algorithm>

namespace pregao::web {

Snapshot Take(const Sources& sources, const Clock& clock) {
  Snapshot out;
  if (sources.engine) out.engine = sources.engine();
  if (sources.gold) out.gold = sources.gold();
  if (sources.listener) out.listener = sources.listener();
  if (sources.spool) out.spool = sources.spool();
  if (sources.store) out.store = sources.store();
  if (sources.store_retries) out.store_retries = sources.store_retries();
  if (sources.lake) out.lake = sources.lake();
  if (sources.spark) out.spark = sources.spark();
  out.process = ReadProcessStats();
  out.now = clock.Now();
  return out;
}

std::optional<double> LagSeconds(const engine::EngineStats& stats, TimestampMs now) {
  std::optional<TimestampMs> oldest;
  for (const auto& [partition, lag] : stats.partitions) {
    if (lag.records() > 0 && lag.oldest) oldest = std::min(oldest.value_or(*lag.oldest), *lag.oldest);
  }
  if (!oldest) return std::nullopt;
  return static_cast<double>(std::max<std::int64_t>(0, now - *oldest)) / 1e3;
}

}  // namespace pregao::web
