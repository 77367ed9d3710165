#include "spark/bigquery_options.h"

#include <array>
#include <string_view>

namespace pregao::spark {
namespace {

constexpr std::string_view kAdd =
    "Start the server with `--packages com.google.cloud.spark:spark-4.1-bigquery:0.45.0` (or spark.jars.packages, or "
    "its jar in spark.jars), the connector of your Spark's version, 0.44 or newer; the Scala artifacts "
    "spark-bigquery-with-dependencies_2.12 and _2.13 are for Spark 3. docs/spark.md has more";

struct Fault {
  std::string_view words;  ///< of Spark or the connector
  std::string_view meaning;
  std::string_view remedy;
};

constexpr std::array kFaults{
    Fault{"DATA_SOURCE_NOT_FOUND", "the Spark server has no spark-bigquery-connector. ", kAdd},
    Fault{"does not support streamed writing", "this spark-bigquery-connector writes no streams. ", kAdd},
    // A connector that was built for another Spark finds neither classes nor methods of its.
    Fault{"NoClassDefFoundError", "this spark-bigquery-connector is not for this Spark. ", kAdd},
    Fault{"Could not initialize class com.google.cloud.spark", "this spark-bigquery-connector is not for this Spark. ",
          kAdd},
    Fault{"NoSuchMethodError", "this spark-bigquery-connector is not for this Spark. ", kAdd},
    Fault{"AbstractMethodError", "this spark-bigquery-connector is not for this Spark. ", kAdd},
    Fault{"IncompatibleClassChangeError", "this spark-bigquery-connector is not for this Spark. ", kAdd},
    Fault{"GCS bucket must be", "the spark-bigquery-connector has no bucket for the files that BigQuery loads. ",
          "Set bigquery.temporary-bucket to one that the cluster may write and BigQuery may read"},
    Fault{"No FileSystem for scheme \"gs\"", "the Spark server cannot write to the bucket. ",
          "Add the GCS connector, as docs/spark.md says for gs:// tables"},
};

/// Of a class that is not there, Spark Connect tells the path alone: javax/inject/Provider.
bool IsClassPath(const std::string& message) {
  return message.find('/') != std::string::npos && message.find_first_of(" :") == std::string::npos;
}

}  // namespace

std::string BigQueryPath(const BigQueryTarget& target, const std::string& table) {
  return target.project + "." + target.dataset + "." + table;
}

std::map<std::string, std::string> BigQuerySinkOptions(const BigQueryTarget& target) {
  std::map<std::string, std::string> options{
      {"writeMethod", "indirect"},
      {"createDisposition", "CREATE_NEVER"},  // pregao makes the tables, with their partitions
      {"useAvroLogicalTypes", "true"},        // else BigQuery takes times and dates for integers
      {"parentProject", target.project},
  };
  if (!target.location.empty()) options["location"] = target.location;
  if (!target.temporary_bucket.empty()) options["temporaryGcsBucket"] = target.temporary_bucket;
  if (!target.http.empty()) options["bigQueryHttpEndpoint"] = target.http;
  return options;
}

Status ExplainBigQuery(const Status& status) {
  for (const Fault& fault : kFaults) {
    const bool same = status.message().find(fault.words) != std::string::npos ||
                      (fault.words == "NoClassDefFoundError" && IsClassPath(status.message()));
    if (!same) continue;
    return status.WithMessage(fault.meaning, fault.remedy, " (", status.message(), ")");
  }
  return status;
}

}  // namespace pregao::spark
