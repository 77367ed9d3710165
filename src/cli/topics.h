#pragma once
/// Settings -> open topics.
#include <memory>

#include "cli/commands.h"
#include "topic/open.h"

namespace pregao::cli {

/// @param create  whether an absent topic is made
[[nodiscard]] topic::TopicSettings TopicSettingsOf(const Context& context, bool create);

/// Whether somebody has named the topic, so that its absence is a mistake and no beginning.
[[nodiscard]] bool TopicIsNamed(const Settings& settings);

/// The quotes' topic and the one beside it for what could not be decoded; both are made when absent, with their folder.
struct TopicWriters {
  std::unique_ptr<topic::TopicWriter> quotes, dead_letter;
};
[[nodiscard]] Result<TopicWriters> OpenTopicWriters(const Context& context);

}  // namespace pregao::cli
