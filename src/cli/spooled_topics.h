#pragma once
/// The listener's topics, with the spool before them where there is one.
#include <functional>
#include <memory>
#include <string>

#include "cli/topics.h"
#include "listen/spool.h"

namespace pregao::cli {

struct ListenerTopics {
  TopicWriters writers;
  std::function<listen::SpoolStats()> spool;  ///< of both together; empty where there is no spool
};

/// Whether the listener has a spool: before a topic on a broker it has, unless the setting is empty; before a local
/// topic only when the setting was given.
[[nodiscard]] bool HasSpool(const Settings& settings);

/// As OpenTopicWriters; with a spool a broker that is away is no error.
[[nodiscard]] Result<ListenerTopics> OpenListenerTopics(const Context& context);

/// " · spooled 1,234 (3.1 MiB) since 13:05:10 UTC: why"; empty while nothing waits.
[[nodiscard]] std::string SpoolText(const ListenerTopics& topics);

}  // namespace pregao::cli
