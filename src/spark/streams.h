#pragma once
/// The three streaming queries that do what the embedded engine does: a Kafka topic into Bronze, quarantine and Silver.
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/types.h"

#include "spark/client.h"

namespace pregao::spark {

/// One table as a query fills it.
struct StreamTable {
  std::string path;        ///< as Spark sees it; of "bigquery" project.dataset.table
  std::string checkpoint;  ///< a folder of this query alone; where it has one already, it goes on from there
  std::map<std::int32_t, std::int64_t> start;  ///< partition -> first offset to read; absent: its earliest
};

struct StreamsSpec {
  std::string brokers, topic;
  std::map<std::string, std::string> kafka_options;  ///< more of the source's, see KafkaOptions
  std::int32_t partitions = 0;                       ///< of the topic
  StreamTable bronze, quarantine, silver;            ///< Bronze without a path: it is not kept
  /// Of the tables, or "parquet" or "bigquery": these tell of no duplicates beyond the watermark.
  std::string format = "delta";
  std::map<std::string, std::string> sink_options;   ///< of the tables' format
  std::vector<std::string> partition_by = {"date"};  ///< of Silver
  std::string watermark = "10 minutes";  ///< how long a row is remembered to find its duplicates in the stream
  std::string interval = "1 seconds";    ///< between the starts of two batches
  bool available_now = false;            ///< what the topic holds, then they end
};

/// The names of the queries of a topic: "pregao quotes silver".
[[nodiscard]] std::string QueryName(std::string_view topic, std::string_view table);
/// The session in which a lake's queries live: the same lake and topic, the same UUID.
[[nodiscard]] std::string SessionOf(std::string_view lake, std::string_view topic);
/// The folder of a query's checkpoint below the checkpoints' own. Spark begins at `start` only where there is no
/// checkpoint, so each table and each start has one of its own: tables that Spark gets back from another engine are
/// begun anew, where that engine stopped.
/// @param table_id    of the Delta table, so that a table made anew does not go on where the deleted one was
/// @param generation  of the topic
[[nodiscard]] std::string CheckpointName(std::string_view table, std::string_view table_id, std::string_view generation,
                                         const std::map<std::int32_t, std::int64_t>& start);
/// Kafka's `startingOffsets`: {"quotes":{"0":17,"1":0}}
[[nodiscard]] std::string StartingOffsets(const std::string& topic, std::int32_t partitions,
                                          const std::map<std::int32_t, std::int64_t>& start);

/// Starts those that do not run yet, quarantine before Silver; Delta tables must exist. Queries with a checkpoint go on
/// from it. When one cannot be started, those that this call has started are stopped again.
[[nodiscard]] Result<std::vector<QueryId>> StartStreams(Client* client, const StreamsSpec& spec);

}  // namespace pregao::spark
