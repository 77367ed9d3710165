#pragma once
/// `pregao silver --engine spark`: streaming queries on a Spark cluster do the work; this program starts and watches.
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/commands.h"
#include "cli/spark_tables.h"

namespace pregao::cli {

/// Starts the queries that do not run yet and watches them: until they end (`until_end`), or one fails, or a stop,
/// which leaves them running. A server that goes away is waited for; a query that it forgot is started again.
[[nodiscard]] Result<ExitCode> RunSpark(const Context& context, const SparkRun& run);
/// Prints what the queries do that fill tables of the format (see SparkRun).
[[nodiscard]] Result<ExitCode> ShowSpark(const Context& context, const std::string& format);
/// Ends them.
[[nodiscard]] Result<ExitCode> StopSpark(const Context& context, const std::string& format);

/// Ends the queries that fill tables of the format. IOError: the server does not answer. @return their names
[[nodiscard]] Result<std::vector<std::string>> EndQueries(const Context& context, const std::string& format = "delta");
/// Invalid when one of the queries runs that fill Delta tables.
[[nodiscard]] Status CheckQueriesRest(const Context& context);

}  // namespace pregao::cli
