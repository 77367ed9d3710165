#pragma once
#include <cstdint>
#include <string>

#include "web/snapshot.h"

namespace pregao::web {

/// What the page knows of the pipeline's health.
struct HealthFacts {
  Snapshot snapshot;
  double rate = 0;             ///< messages a second, by the topic's tail
  std::int64_t seen = 0;       ///< messages since the page is served
  std::string topic_problem;   ///< empty: none
  std::string table_problem;   ///< empty: none
  std::string source;          ///< what is looked at
  std::size_t pages = 0;       ///< open now
  std::string rejects = "[]";  ///< JSON: [[ms, reason, detail, key, value],…], newest first
};

/// The answer of /api/health. Parts that this process has not are null. Pure.
[[nodiscard]] std::string HealthJson(const HealthFacts& facts);

}  // namespace pregao::web
