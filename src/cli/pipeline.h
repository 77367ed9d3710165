#pragma once
/// From settings to the parts of the pipeline, for the commands that run them.
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "cli/commands.h"
#include "engine/embedded.h"
#include "engine/lake_sink.h"
#include "topic/open.h"

namespace pregao::cli {

[[nodiscard]] topic::TopicSettings TopicSettingsOf(const Settings& settings, const Clock* clock);
[[nodiscard]] engine::LakeSinkOptions SinkOptionsOf(const Settings& settings);
[[nodiscard]] engine::EngineOptions EngineOptionsOf(const Settings& settings);

/// The embedded engine with its topic and lake.
struct EnginePipeline {
  std::unique_ptr<topic::TopicReader> reader;
  std::unique_ptr<engine::LakeSink> sink;
  std::unique_ptr<engine::EmbeddedEngine> engine;
};
[[nodiscard]] Result<EnginePipeline> OpenEngine(const Settings& settings, const Clock* clock, bool until_end,
                                                bool accept_new_topic);

/// What an engine did, as one line for people or one JSON object.
[[nodiscard]] std::string Summary(const engine::EngineStats& stats, const Settings& settings, bool json);

}  // namespace pregao::cli
