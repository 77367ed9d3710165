#pragma once
#include "cli/settings.h"

namespace pregao::cli {

/// Sends spdlog's default logger to standard error in the settings' level and format.
void SetUpLog(const Settings& settings);

}  // namespace pregao::cli
