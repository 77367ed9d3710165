#pragma once
#include <string>

#include "cli/commands.h"

namespace pregao::cli {

/// Whether a command's help shows a setting: it does something there.
[[nodiscard]] bool Shows(const Command& command, const std::string& key);
/// Looks at the settings that a command uses and whose text has a form of its own: topic, [kafka], lake, web.listen,
/// yahoo.stream-url, yahoo.chart-url. Asks nobody and opens nothing. A Misuse names where the setting stands, its value
/// and the forms.
[[nodiscard]] Status CheckSettings(const Command& command, const Context& context);

}  // namespace pregao::cli
