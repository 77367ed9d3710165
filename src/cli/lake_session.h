#pragma once
#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "cli/commands.h"
#include "query/format.h"
#include "query/session.h"

namespace pregao::cli {

/// The SQL session over the settings' lake. Invalid when the lake's folder does not exist: reading makes no folders.
[[nodiscard]] Result<std::unique_ptr<query::Session>> OpenSession(const Context& context);

/// The flags --format and --limit.
struct FormatFlags {
  std::string format;  ///< empty: table, or JSON with --json
  std::int64_t limit = 1000;

  void Declare(CLI::App* app);
  /// @param following  rows come one by one, for ever: JSON is one object a line
  [[nodiscard]] query::FormatOptions Options(const Context& context, bool following = false) const;
};

}  // namespace pregao::cli
