#include "web/health_json.h"

#include "base/json_writer.h"
#include "base/version.h"

namespace pregao::web {
namespace {

void Engine(const engine::EngineStats& stats, TimestampMs now, JsonWriter* w) {
  w->BeginObject();
  for (const auto& [key, value] :
       {std::pair("rows", stats.rows), std::pair("duplicates", stats.duplicates),
        std::pair("rejected", stats.rejected()), std::pair("commits", stats.commits),
        std::pair("lag_records", stats.lag), std::pair("lost", stats.lost), std::pair("retries", stats.retries)}) {
    w->Key(key);
    w->Int(value);
  }
  w->Key("lag_seconds");
  w->Double(LagSeconds(stats, now).value_or(0));
  w->Key("last_commit");
  stats.last_commit ? w->Int(stats.last_commit->value) : w->Null();
  w->Key("last_commit_ms");
  w->Double(stats.last_commit_ms);
  w->Key("problem");
  w->String(!stats.write_problem.empty() ? stats.write_problem : stats.open_problem);
  w->EndObject();
}

void Listener(const listen::ListenerStats& stats, JsonWriter* w) {
  w->BeginObject();
  w->Key("messages");
  w->Int(static_cast<std::int64_t>(stats.messages));
  w->Key("dead_letters");
  w->Int(static_cast<std::int64_t>(stats.dead_letters));
  w->Key("reconnects");
  w->Int(static_cast<std::int64_t>(stats.reconnects));
  w->Key("connections");
  w->Int(static_cast<std::int64_t>(stats.connections));
  w->Key("connections_open");
  w->Int(static_cast<std::int64_t>(stats.connections_open));
  w->Key("silent");
  w->BeginArray();
  for (const auto& ticker : stats.silent) w->String(ticker);
  w->EndArray();
  w->Key("quiet");
  w->BeginArray();
  for (const auto& ticker : stats.quiet) w->String(ticker);
  w->EndArray();
  w->Key("closed");
  w->Int(static_cast<std::int64_t>(stats.closed));
  w->Key("problem");
  const bool down = stats.connections_open < stats.connections;
  w->String(!stats.refusal.empty() ? stats.refusal : down ? stats.last_problem : "");
  w->EndObject();
}

}  // namespace

std::string HealthJson(const HealthFacts& facts) {
  JsonWriter w;
  w.BeginObject();
  w.Key("now");
  w.Int(facts.snapshot.now.value);
  w.Key("version");
  w.String(kVersion);
  w.Key("source");
  w.String(facts.source);
  w.Key("messages_per_second");
  w.Double(facts.rate);
  w.Key("messages_seen");
  w.Int(facts.seen);
  w.Key("pages");
  w.Int(static_cast<std::int64_t>(facts.pages));
  w.Key("topic_problem");
  w.String(facts.topic_problem);
  w.Key("table_problem");
  w.String(facts.table_problem);
  w.Key("engine");
  facts.snapshot.engine ? Engine(*facts.snapshot.engine, facts.snapshot.now, &w) : w.Null();
  w.Key("listener");
  facts.snapshot.listener ? Listener(*facts.snapshot.listener, &w) : w.Null();
  w.Key("rejects");
  w.Raw(facts.rejects);
  w.EndObject();
  return w.Take();
}

}  // namespace pregao::web
