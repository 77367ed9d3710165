#pragma once
#include "cli/commands.h"
#include "query/format.h"
#include "query/session.h"

namespace pregao::cli {

/// The interactive prompt: SQL over many lines until a ';', .help, .tables, .quit; its history is kept in
/// $XDG_STATE_HOME/pregao/history (~/.local/state). Ctrl-C drops the line or stops the running statement, Ctrl-D ends.
[[nodiscard]] Result<ExitCode> Prompt(query::Session* session, const Context& context,
                                      const query::FormatOptions& format);

/// Whether the text holds a statement that is complete: a ';' outside quotes and comments ends it.
[[nodiscard]] bool IsComplete(std::string_view sql);

}  // namespace pregao::cli
