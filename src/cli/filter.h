#pragma once
#include <string>
#include <vector>

#include "base/status.h"

namespace pregao::cli {

/// Runs `sh -c command`, gives it the lines and returns those it writes: one for each, in their order. Invalid: it
/// failed, or wrote another number of lines. Its standard error is the caller's.
[[nodiscard]] Result<std::vector<std::string>> RunFilter(const std::string& command,
                                                         const std::vector<std::string>& lines);

}  // namespace pregao::cli
