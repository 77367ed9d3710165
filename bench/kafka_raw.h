#pragma once
#include <cstdint>

#include "topic/open.h"

namespace pregao {

/// Consumes `messages` from every partition of a Kafka topic as librdkafka alone would, and does nothing with them:
/// what a reader's rate is to be compared with.
[[nodiscard]] Status ConsumeRaw(const topic::TopicUri& uri, std::int64_t messages);

}  // namespace pregao
