#include "spark/bigquery_options.h"

#include <gmock/gmock.h>

namespace pregao::spark {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

TEST(BigQueryOptions, LoadEachBatchIntoTablesThatAreThere) {
  EXPECT_THAT(BigQuerySinkOptions({"my-project", "quotes", "", "", ""}),
              UnorderedElementsAre(Pair("writeMethod", "indirect"), Pair("createDisposition", "CREATE_NEVER"),
                                   Pair("useAvroLogicalTypes", "true"), Pair("parentProject", "my-project")));
  EXPECT_EQ(BigQueryPath({"my-project", "quotes", "", "", ""}, "silver_quotes"), "my-project.quotes.silver_quotes");
}

TEST(BigQueryOptions, SayWhereTheDatasetIsAndTheFilesMayLie) {
  const auto options = BigQuerySinkOptions({"p", "d", "southamerica-east1", "my-bucket", "http://127.0.0.1:9050"});
  EXPECT_EQ(options.at("location"), "southamerica-east1");
  EXPECT_EQ(options.at("temporaryGcsBucket"), "my-bucket");
  EXPECT_EQ(options.at("bigQueryHttpEndpoint"), "http://127.0.0.1:9050");
}

TEST(BigQueryOptions, AClusterWithoutTheConnectorIsToldWhatToAdd) {
  const Status missing = ExplainBigQuery(
      Status::Invalid("[DATA_SOURCE_NOT_FOUND] Failed to find the data source: bigquery. Make sure the provider name "
                      "is correct and the package is properly registered and compatible with your Spark version."));
  EXPECT_TRUE(missing.IsInvalid());
  EXPECT_THAT(missing.message(), AllOf(HasSubstr("has no spark-bigquery-connector"),
                                       HasSubstr("--packages com.google.cloud.spark:spark-4.1-bigquery:"),
                                       HasSubstr("[DATA_SOURCE_NOT_FOUND]")));
  for (const auto* words :
       {"java.lang.NoClassDefFoundError: org/apache/spark/sql/SQLContext", "java.lang.NoSuchMethodError: 'void x()'",
        "java.lang.AbstractMethodError", "javax/inject/Provider",
        "Could not initialize class com.google.cloud.spark.bigquery.repackaged.X"}) {
    EXPECT_THAT(ExplainBigQuery(Status::Invalid(words)).message(),
                AllOf(HasSubstr("not for this Spark"), HasSubstr(words)));
  }
}

TEST(BigQueryOptions, AMissingBucketIsASetting) {
  EXPECT_THAT(ExplainBigQuery(Status::Invalid("Either temporary or persistent GCS bucket must be set")).message(),
              HasSubstr("Set bigquery.temporary-bucket"));
}

TEST(BigQueryOptions, OtherErrorsAreLeftAsTheyAre) {
  const Status other = Status::IOError("Spark Connect at 127.0.0.1:1 does not answer");
  EXPECT_EQ(ExplainBigQuery(other), other);
  EXPECT_TRUE(ExplainBigQuery(Status::OK()).ok());
}

}  // namespace
}  // namespace pregao::spark
