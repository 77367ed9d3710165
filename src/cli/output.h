#pragma once
#include <string_view>

#include "base/status.h"

namespace pregao::cli {

/// Writes all of `text` to standard output, at once, without a buffer. Cancelled when its reader has gone (the program
/// then ends quietly), IOError when it cannot be written (a full disk).
[[nodiscard]] Status WriteOut(std::string_view text);
/// The same to standard error; failures there have nobody to hear of them.
void WriteError(std::string_view text);
/// Whether a person looks at standard output.
[[nodiscard]] bool OutIsTerminal();

}  // namespace pregao::cli
