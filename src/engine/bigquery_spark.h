#pragma once
/// The dataset as Spark's queries fill it: they have no positions but their checkpoints, and no streams that end.
#include <string>

#include "base/status.h"
#include "topic/topic.h"

#include "bigquery/rest.h"

namespace pregao::engine {

/// Marks a dataset as Spark's and says where its checkpoints are; people alone read its rows.
inline constexpr const char* kSparkTable = "spark_checkpoints";

/// Invalid: Spark fills this dataset, and what it is writing cannot be ended from here. For the embedded engine.
[[nodiscard]] Status RefuseSparks(bigquery::Rest* rest);
/// Marks the dataset as Spark's. Invalid: the embedded engine's streams are in it.
[[nodiscard]] Status ClaimForSpark(bigquery::Rest* rest, const topic::TopicInfo& topic, const std::string& checkpoints);

/// A query that does not run: to `committed` its table has every row, between that and `planned` it may have some.
struct SparkStand {
  std::string checkpoint;  ///< for people
  topic::Positions committed, planned;
};
/// Deletes from `table` what lies between the two, since the query will write it again. Nothing else is ever deleted.
/// Invalid: it has rows beyond `planned`, so this is not the checkpoint that they were written with.
[[nodiscard]] Status TakeOutUncommitted(bigquery::Rest* rest, const std::string& table, const std::string& topic,
                                        const SparkStand& stand);

}  // namespace pregao::engine
