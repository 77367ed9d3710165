#pragma once
/// From settings to the parts of the pipeline, for the commands that run them.
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/status.h"
#include "cli/commands.h"
#include "engine/embedded.h"
#include "engine/gold.h"
#include "engine/lake_sink.h"
#include "lake/counting_store.h"
#include "lake/upkeep.h"
#include "topic/open.h"

#include "cloud/http_client.h"

namespace pregao::cli {

/// Where the engine's rows go.
enum class Target { kLake, kBigQuery };

/// The embedded engine with its topic and tables.
struct EnginePipeline {
  std::unique_ptr<topic::TopicReader> reader;
  std::shared_ptr<lake::CountingStore> store;     ///< null with BigQuery
  std::shared_ptr<cloud::HttpCounters> requests;  ///< to Google; null where the lake is a folder
  std::function<Status()> look;                   ///< whether the tables can be reached; thread-safe
  std::unique_ptr<engine::Sink> sink;
  std::unique_ptr<engine::EmbeddedEngine> engine;
  std::unique_ptr<lake::Upkeep> upkeep;  ///< null when the settings do not want it
};
/// What the settings say of the tables.
[[nodiscard]] engine::LakeSinkOptions SinkOptionsOf(const Settings& settings);
/// The parts that `context`'s settings describe; the topic is made when absent. What is in BigQuery has no upkeep.
/// Unless `until_end`, a broker that is away or refuses us is no error: the engine waits for it. Invalid: [kafka] is
/// wrong by itself.
[[nodiscard]] Result<EnginePipeline> OpenEngine(const Context& context, bool until_end, bool accept_new_topic,
                                                Target target = Target::kLake);

/// What builds the bars of a lake; `options` are completed by the settings.
[[nodiscard]] std::unique_ptr<engine::Gold> NewGold(const Context& context, std::shared_ptr<lake::ObjectStore> store,
                                                    engine::GoldOptions options = {});
/// Upkeep of these tables; null when the settings do not want it.
[[nodiscard]] std::unique_ptr<lake::Upkeep> NewUpkeep(const Context& context, std::shared_ptr<lake::ObjectStore> store,
                                                      std::vector<std::string> roots);

/// Looks after the tables until the answer is destroyed, which ends it quickly.
[[nodiscard]] std::jthread StartUpkeep(const EnginePipeline& pipeline);

/// " · waits for the topic: why"; empty while the engine reads.
[[nodiscard]] std::string WaitText(const engine::EngineStats& stats);

/// What an engine did, as one line for people or one JSON object.
/// @param target  where the tables are, for people; with --json the member `lake`
/// @param gold    what was built from it; may be null
/// @param filled  bars that came out of Yahoo's history beside it
[[nodiscard]] std::string Summary(const engine::EngineStats& stats, const std::string& target, bool json,
                                  const engine::GoldStats* gold = nullptr, std::int64_t filled = 0);

}  // namespace pregao::cli
