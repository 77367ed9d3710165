#pragma once
#include <string_view>

#include "base/status.h"

namespace pregao::cli {

/// Writes all of `text` to standard output, at once, without a buffer. Cancelled when its reader has gone (the program
/// then ends quietly), IOError when it cannot be written (a full disk).
[[nodiscard]] Status WriteOut(std::string_view text);
/// The same to standard error, whole before anybody else's; failures there have nobody to hear of them. Thread-safe.
void WriteError(std::string_view text);
/// Whether standard error is a terminal on which a line can be renewed: TERM is not dumb.
[[nodiscard]] bool ErrorIsTerminal();
/// Whether to colour what goes to this file descriptor: it is a terminal, NO_COLOR is unset or empty, TERM is not dumb.
[[nodiscard]] bool WantsColour(int fd);
/// Whether a person looks at standard output.
[[nodiscard]] bool OutIsTerminal();

}  // namespace pregao::cli
