#pragma once
#include "cli/settings.h"

namespace pregao::cli {

/// Whether yahoo.stream-url and yahoo.chart-url are addresses. Invalid names the setting, where it is from, the value
/// and how to write it.
[[nodiscard]] Status CheckUrls(const Settings& settings);

}  // namespace pregao::cli
