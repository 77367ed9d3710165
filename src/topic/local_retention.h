#pragma once
/// Private to this folder.
#include "topic/local_file.h"

namespace pregao::topic {

/// One bounded piece of retention in a transaction of its own: removes the oldest chunks that the options do not keep.
/// @return how many records were removed; 0 when all that is there is kept
[[nodiscard]] Result<std::int64_t> RemoveExpired(LocalFile& file, const LocalTopicOptions& options, TimestampMs now);

}  // namespace pregao::topic
