#pragma once
/// `pregao silver --engine spark --to bigquery`: the dataset's tables as Spark's queries fill them.
#include <vector>

#include "base/status.h"
#include "cli/commands.h"
#include "cli/spark_tables.h"

#include "spark/streams.h"

namespace pregao::cli {

/// Makes the tables where they are absent, marks the dataset as Spark's and says what the queries write. Invalid: it is
/// the embedded engine's, or there is no folder for the checkpoints that both Spark and this program reach.
[[nodiscard]] Status OpenBigQuery(const Context& context, const SparkRun& run, const topic::TopicInfo& topic,
                                  spark::StreamsSpec* spec);
/// To be called before StartStreams: a query that does not run and that ended within a batch will write that again, so
/// what the batch has left in the table is taken out. Tables of `active` queries are not touched.
[[nodiscard]] Status TakeOutUncommitted(const Context& context, const spark::StreamsSpec& spec,
                                        const std::vector<spark::QueryId>& active);

}  // namespace pregao::cli
