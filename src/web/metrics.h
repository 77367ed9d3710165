#pragma once
#include <string>

#include "web/snapshot.h"

namespace pregao::web {

/// The content type of MetricsText.
inline constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";
/// A watchlist longer than this has no series a ticker: counts only.
inline constexpr std::size_t kMaxTickerSeries = 500;

/// The figures in Prometheus's text format: base units, counters end in _total. Parts that this process has not are
/// absent. Pure.
[[nodiscard]] std::string MetricsText(const Snapshot& snapshot, bool ready);

}  // namespace pregao::web
