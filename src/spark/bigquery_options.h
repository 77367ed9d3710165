#pragma once
/// What the spark-bigquery-connector of a cluster is told. Source: its README and its streaming writer
/// (BigQueryIndirectDataSourceWriterContext), 0.45.0.
#include <map>
#include <string>

#include "base/status.h"

namespace pregao::spark {

/// The tables that the queries fill. Who may write them is the cluster's own identity: no credentials go to Spark.
struct BigQueryTarget {
  std::string project, dataset;
  std::string location;          ///< empty: the connector finds out
  std::string temporary_bucket;  ///< for the files that BigQuery loads; empty: what the cluster has set
  std::string http;              ///< base address of REST in Google's place; empty: Google's
};

/// `project.dataset.table`, the path of a stream's sink.
[[nodiscard]] std::string BigQueryPath(const BigQueryTarget& target, const std::string& table);
/// Options of a stream's sink. Every batch becomes files in the bucket and one load job, which is there in whole or not
/// at all. The connector's `direct` method would lose the rows: in a stream it never commits them.
[[nodiscard]] std::map<std::string, std::string> BigQuerySinkOptions(const BigQueryTarget& target);
/// The same error; where it is that the cluster has no connector, one for another Spark, or no bucket for it, with what
/// to add.
[[nodiscard]] Status ExplainBigQuery(const Status& status);

}  // namespace pregao::spark
