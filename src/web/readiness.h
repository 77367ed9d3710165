#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "web/snapshot.h"

namespace pregao::web {

/// One thing that must be well.
struct Check {
  std::string name;  ///< listener, topic, lake (or bigquery, in its place), engine
  bool ok = true;
  std::string detail;  ///< how it is, or what is wrong
};

struct ReadinessLimits {
  std::chrono::milliseconds no_commit{60'000};  ///< while records wait; more than the commit interval
  std::chrono::milliseconds no_answer{30'000};  ///< of a lake that is looked at
  std::string tables = "lake";                  ///< what holds the tables: the name of its check
};

/// Whether the process does its work: it hears its source, the topic and the lake answer, and what is in the topic gets
/// into the tables. The parts that this process has not are left out. Pure.
[[nodiscard]] std::vector<Check> JudgeReadiness(const Snapshot& snapshot, const ReadinessLimits& limits);

/// {"ready":false,"checks":[{"check":"lake","ok":false,"detail":"…"},…]}
[[nodiscard]] std::string ReadinessJson(const std::vector<Check>& checks);
[[nodiscard]] bool AllOk(const std::vector<Check>& checks);

}  // namespace pregao::web
