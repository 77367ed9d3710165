#pragma once
#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <thread>

#include "cli/commands.h"
#include "lake/object_store.h"
#include "query/format.h"
#include "query/session.h"

namespace pregao::cli {

/// The store of the settings' lake. Invalid when its folder does not exist: looking makes no folders.
[[nodiscard]] Result<std::shared_ptr<lake::ObjectStore>> OpenExistingLake(const Context& context);
/// The SQL session over the settings' lake, opened so.
[[nodiscard]] Result<std::unique_ptr<query::Session>> OpenSession(const Context& context,
                                                                  const query::DatabaseOptions& options = {});

/// The same for SQL that comes from the page: see query::Session::OpenGuarded.
[[nodiscard]] Result<std::unique_ptr<query::Session>> OpenGuardedSession(const Context& context);

/// While it lives, a stop ends the session's running statement, and the next ones too: an interrupt that comes between
/// two statements is forgotten by DuckDB, so it is repeated.
class InterruptOnStop {
 public:
  InterruptOnStop(query::Session* session, std::stop_token stop);

 private:
  std::jthread thread_;
};

/// The flags --format and --limit.
struct FormatFlags {
  std::string format;  ///< empty: table, or JSON with --json
  std::int64_t limit = 1000;

  void Declare(CLI::App* app);
  /// @param following  rows come one by one, for ever: JSON is one object a line
  [[nodiscard]] query::FormatOptions Options(const Context& context, bool following = false) const;
};

}  // namespace pregao::cli
