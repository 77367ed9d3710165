#include "web/readiness.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/text.h"

namespace pregao::web {
namespace {

std::int64_t AgeMs(TimestampMs now, TimestampMs then) { return std::max<std::int64_t>(0, now - then); }

Check CheckListener(const listen::ListenerStats& s) {
  const std::string connections = fmt::format("{} of {} connections are open", s.connections_open, s.connections);
  if (s.connections_open > 0) return {"listener", true, connections};
  return {"listener", false, connections + (s.last_problem.empty() ? "" : ": " + s.last_problem)};
}

/// The topic as those see it who read and write it here.
Check CheckTopic(const Snapshot& snapshot) {
  if (snapshot.engine && !snapshot.engine->topic_problem.empty()) {
    return {"topic", false, "it cannot be read: " + snapshot.engine->topic_problem};
  }
  if (snapshot.listener && !snapshot.listener->refusal.empty()) {
    return {"topic", false, "it cannot be written: " + snapshot.listener->refusal};
  }
  if (snapshot.spool && snapshot.spool->since) {
    return {"topic", false,
            fmt::format("it is away, {} records wait in the spool: {}",
                        HumanCount(static_cast<std::int64_t>(snapshot.spool->waiting)), snapshot.spool->problem)};
  }
  return {"topic", true, "it answers"};
}

Check CheckTables(const Snapshot& snapshot, const ReadinessLimits& limits) {
  const auto& engine = snapshot.engine;
  if (engine && !engine->open_problem.empty())
    return {limits.tables, false, "it cannot be opened: " + engine->open_problem};
  if (engine && !engine->write_problem.empty() && engine->lag > 0) {
    return {limits.tables, false, "it cannot be written: " + engine->write_problem};
  }
  if (snapshot.lake) {
    if (!snapshot.lake->status.ok()) return {limits.tables, false, snapshot.lake->status.message()};
    const auto age = AgeMs(snapshot.now, snapshot.lake->at);
    if (age > limits.no_answer.count()) return {limits.tables, false, fmt::format("no answer for {} s", age / 1000)};
  }
  return {limits.tables, true, "it answers"};
}

Check CheckEngine(const engine::EngineStats& s, TimestampMs now, const ReadinessLimits& limits) {
  if (!s.reading && !s.topic_problem.empty()) return {"engine", false, "it waits for the topic"};
  if (!s.reading) {
    return {
        "engine", false,
        s.last_problem.empty() ? "it has not begun to read yet" : "it waits before it tries again: " + s.last_problem};
  }
  const auto quiet = AgeMs(now, std::max(*s.reading, s.last_commit.value_or(*s.reading)));
  const auto waited = LagSeconds(s, now);
  const auto no_commit = limits.no_commit.count();
  if (s.lag > 0 && quiet > no_commit && (!waited || *waited * 1e3 > static_cast<double>(no_commit))) {
    return {"engine", false,
            fmt::format("{} records wait, and nothing was committed for {} s", HumanCount(s.lag), quiet / 1000)};
  }
  return {"engine", true, fmt::format("{} commits, {} records wait", HumanCount(s.commits), HumanCount(s.lag))};
}

}  // namespace

std::vector<Check> JudgeReadiness(const Snapshot& snapshot, const ReadinessLimits& limits) {
  std::vector<Check> checks;
  if (snapshot.listener) checks.push_back(CheckListener(*snapshot.listener));
  if (snapshot.listener || snapshot.engine) checks.push_back(CheckTopic(snapshot));
  if (snapshot.engine || snapshot.lake) checks.push_back(CheckTables(snapshot, limits));
  if (snapshot.engine) checks.push_back(CheckEngine(*snapshot.engine, snapshot.now, limits));
  return checks;
}

bool AllOk(const std::vector<Check>& checks) {
  return std::all_of(checks.begin(), checks.end(), [](const Check& check) { return check.ok; });
}

std::string ReadinessJson(const std::vector<Check>& checks) {
  JsonWriter w;
  w.BeginObject();
  w.Key("ready");
  w.Bool(AllOk(checks));
  w.Key("checks");
  w.BeginArray();
  for (const Check& check : checks) {
    w.BeginObject();
    w.Key("check");
    w.String(check.name);
    w.Key("ok");
    w.Bool(check.ok);
    w.Key("detail");
    w.String(Printable(check.detail));
    w.EndObject();
  }
  w.EndArray();
  w.EndObject();
  return w.Take() + "\n";
}

}  // namespace pregao::web
