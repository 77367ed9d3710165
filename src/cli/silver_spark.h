#pragma once
/// `pregao silver --engine spark`: streaming queries on a Spark cluster do the work; this program starts and watches.
#include "base/status.h"
#include "cli/commands.h"

namespace pregao::cli {

struct SparkRun {
  bool until_end = false;
  bool take_over = false;         ///< of tables that another engine owns
  bool accept_new_topic = false;  ///< see LakeSinkOptions
};

/// Starts the queries that do not run yet and watches them: until they end (`until_end`), or one fails, or a stop,
/// which leaves them running. A server that goes away is waited for; a query that it forgot is started again.
[[nodiscard]] Result<ExitCode> RunSpark(const Context& context, const SparkRun& run);
/// Prints what the lake's queries do.
[[nodiscard]] Result<ExitCode> ShowSpark(const Context& context);
/// Ends the lake's queries.
[[nodiscard]] Result<ExitCode> StopSpark(const Context& context);

}  // namespace pregao::cli
