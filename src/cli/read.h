#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/lake_session.h"

namespace pregao::cli {

/// What `pregao read` was asked for.
struct ReadOptions {
  std::string what;  ///< topic, dead-letter, bronze, silver, quarantine, bars, portfolio
  std::optional<std::int64_t> tail;
  bool follow = false;
  std::string ticker;                ///< empty: all
  std::optional<TimestampMs> since;  ///< inclusive
  FormatFlags format;
  std::string columns;  ///< comma-joined; empty: a choice for tables, all for programs

  /// How many of the newest rows are shown; nullopt: all that match.
  [[nodiscard]] std::optional<std::int64_t> Newest() const {
    return tail || since ? tail : std::optional<std::int64_t>(10);
  }
};

/// Reads the topic or its dead letters and moves nobody's position.
[[nodiscard]] Result<ExitCode> ReadTopic(const Context& context, const ReadOptions& options);
/// Reads a table of the lake.
[[nodiscard]] Result<ExitCode> ReadTable(const Context& context, const ReadOptions& options);

/// Reads a table of BigQuery. Invalid: bars, and --follow, which are not there.
[[nodiscard]] Result<ExitCode> ReadBigQuery(const Context& context, const ReadOptions& options);

/// Shows the positions at Silver's last prices, and to people their sums.
[[nodiscard]] Result<ExitCode> ReadPortfolio(const Context& context, const ReadOptions& options);

/// Comma-joined column names one by one, and as SQL has them.
[[nodiscard]] std::vector<std::string> ColumnNames(const std::string& names);
[[nodiscard]] std::string ColumnList(const std::string& names);

/// Waits as long as one look follows another. @return false when asked to stop.
[[nodiscard]] bool WaitForNextLook(const Context& context);

}  // namespace pregao::cli
