#pragma once
/// Errors of whoever calls the program: a wrong flag, argument or setting. They end it with ExitCode::kUsage.
#include <initializer_list>
#include <string>

#include "base/status.h"

namespace CLI {
class App;
}

namespace pregao::cli {

/// An Invalid that IsMisuse knows.
[[nodiscard]] Status Misuse(const std::string& message);
/// The same error, known as the caller's own. OK stays OK.
[[nodiscard]] Status AsMisuse(const Status& status);
[[nodiscard]] bool IsMisuse(const Status& status);
/// Those of the flags that stand on the command line, comma-joined; "" for none.
/// @param app  of the command, which has declared them all
[[nodiscard]] std::string Given(const CLI::App& app, std::initializer_list<const char*> flags);

}  // namespace pregao::cli
