#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "engine/gold.h"
#include "engine/stats.h"
#include "lake/counting_store.h"
#include "listen/listener.h"
#include "listen/spool.h"

#include "spark/progress.h"
#include "web/lake_probe.h"
#include "web/process_stats.h"

namespace pregao::web {

/// Where a process's figures come from. An empty function: this process has no such part. All are thread-safe and
/// return at once.
struct Sources {
  std::function<engine::EngineStats()> engine;
  std::function<engine::GoldStats()> gold;
  std::function<listen::ListenerStats()> listener;
  std::function<listen::SpoolStats()> spool;  ///< before the listener's topic
  std::function<lake::StoreStats()> store;
  std::function<std::int64_t()> store_retries;  ///< requests that the store's client sent again
  std::function<LakeProbe::Answer()> lake;
  std::function<std::vector<spark::QueryReport>()> spark;  ///< queries that this process watches
};

/// The process at one moment.
struct Snapshot {
  TimestampMs now;
  std::optional<engine::EngineStats> engine;
  std::optional<engine::GoldStats> gold;
  std::optional<listen::ListenerStats> listener;
  std::optional<listen::SpoolStats> spool;
  std::optional<lake::StoreStats> store;
  std::optional<std::int64_t> store_retries;
  std::optional<LakeProbe::Answer> lake;
  std::vector<spark::QueryReport> spark;
  ProcessStats process;
};

[[nodiscard]] Snapshot Take(const Sources& sources, const Clock& clock);

/// How old the oldest record is that the topic has and the tables have not; nullopt: there is none, or nobody has read
/// it yet.
[[nodiscard]] std::optional<double> LagSeconds(const engine::EngineStats& stats, TimestampMs now);

}  // namespace pregao::web
