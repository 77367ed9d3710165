#pragma once
/// The lake's tables as Spark's queries fill them.
#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/status.h"
#include "cli/commands.h"
#include "engine/lake_sink.h"
#include "lake/object_store.h"
#include "query/audit_lake.h"
#include "query/session.h"
#include "topic/open.h"

#include "spark/streams.h"

namespace pregao::cli {

/// The tables that a topic fills, by the name of their view, in the order in which the embedded engine commits.
inline constexpr std::array kFilled{std::pair("bronze", engine::kBronzeRoot),
                                    std::pair("quarantine", engine::kQuarantineRoot),
                                    std::pair("silver", engine::kSilverRoot)};

/// The topic of the settings. Invalid: it is not Kafka's, which alone Spark reads.
[[nodiscard]] Result<topic::TopicUri> KafkaTopic(const Settings& settings);
/// The lake, and the folder of the queries' checkpoints, as Spark names them.
[[nodiscard]] std::string SparkLake(const Settings& settings);
/// Where tables of a format stand: Delta's are the lake's own, Parquet's have a folder `parquet` in it, BigQuery's are
/// in a dataset.
[[nodiscard]] std::string SparkHome(const Settings& settings, const std::string& format);
[[nodiscard]] std::string SparkCheckpoints(const Settings& settings);
/// The folder of the checkpoints in the lake's store; nullopt: they lie elsewhere.
[[nodiscard]] std::optional<std::string> CheckpointsInLake(const Settings& settings);

/// Makes `owner` the engine of the tables that exist. A running embedded engine that loses one finds out at its next
/// commit and stops.
[[nodiscard]] Status GiveTables(const Context& context, const std::shared_ptr<lake::ObjectStore>& store,
                                const std::string& owner);

struct SparkRun {
  std::string format = "delta";  ///< or "parquet", "bigquery"
  bool until_end = false;
  bool take_over = false;         ///< of tables that another engine owns
  bool accept_new_topic = false;  ///< see LakeSinkOptions
};
/// Opens the tables for Spark, made where absent, and says where the queries begin in them. Invalid: another engine
/// owns one, and there is no take_over; or see OpenBigQuery. Parquet files have neither owner nor positions: Spark's
/// checkpoints alone tell how far they have come, and the first start is at the topic's first record.
[[nodiscard]] Result<spark::StreamsSpec> PrepareTables(const Context& context, const SparkRun& run);

/// How far those of the tables have come that are Spark's: their logs tell only where it began. What their checkpoints
/// tell, where they lie in the lake, or their rows, whichever is more. Tables of others are not named.
[[nodiscard]] Result<query::Reached> ReachOfSpark(const Context& context, query::Session* session);

}  // namespace pregao::cli
