#pragma once
/// A table goes from one engine to another: it keeps its positions.
#include "base/status.h"
#include "lake/table.h"
#include "topic/topic.h"

namespace pregao::engine {

/// Moves the table's positions in `topic` forward to `to`, by a commit without rows; a partition that is there already,
/// or further, stays where it is. For tables that nobody writes to meanwhile: IOError when somebody moved them.
[[nodiscard]] Status AdvancePositions(lake::Table* table, const topic::TopicInfo& topic, const topic::Positions& to);

}  // namespace pregao::engine
