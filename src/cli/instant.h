#pragma once
#include <string>

#include "base/status.h"
#include "base/types.h"

namespace pregao::cli {

/// A point in time as people write it: a duration before `now` ("10m"), or a date with or without a time
/// ("2026-11-22", "2026-11-22T17:05", "2026-11-22 17:05:20.123-03:00"), UTC where no zone is given.
/// Invalid names the text and the forms.
[[nodiscard]] Result<TimestampMs> ParseInstant(const std::string& text, TimestampMs now);
/// The same, of a flag: a Misuse names it too.
[[nodiscard]] Result<TimestampMs> InstantOf(const std::string& flag, const std::string& text, TimestampMs now);

}  // namespace pregao::cli
