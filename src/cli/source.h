#pragma once
#include <memory>
#include <string>

#include "base/status.h"
#include "cli/commands.h"
#include "listen/listener.h"
#include "yahoo/sim_server.h"

namespace pregao::cli {

/// Where the demo keeps what the simulator sends: apart from real quotes, always.
inline constexpr const char* kDemoTopic = "local:data/demo/topic.db";
inline constexpr const char* kDemoLake = "data/demo/lake";

/// Points the settings at the demo's topic and lake when nobody named others, there is no lake where they say, and the
/// demo has one; says so.
void UseDemoWhereAlone(Settings* settings);

struct Source {
  listen::ListenerOptions options;
  std::unique_ptr<yahoo::SimServer> simulator;  ///< serves while it lives; null when the source is Yahoo
};

/// What `run` listens to. `wanted` is auto, yahoo or simulator; auto tries the settings' stream, and takes the
/// simulator, saying so, when it is Yahoo's and out of reach. With the simulator, topic and lake become the demo's
/// (unless the user has named others with "simulator").
[[nodiscard]] Result<Source> ChooseSource(const std::string& wanted, Context* context);

}  // namespace pregao::cli
