#include <algorithm>
#include <iterator>

#include "cli/settings.h"

namespace pregao::cli {
namespace {

constexpr std::int64_t kSecond = 1000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr std::int64_t kMax = 1'000'000'000;

using S = Settings;

std::vector<SettingKey> SourceKeys() {
  return {
      {"topic", &S::topic,
       "Where quotes wait for the engine: local:PATH, a file on this machine, or kafka://host:port[,host:port…]/NAME"},
      {"lake", &S::lake, "Where the tables are: a folder, or gs://bucket/prefix"},
      {"watchlist", &S::watchlist, "The tickers to listen to: one a line, # for comments, re-read when it changes"},
      {.name = "calendars",
       .member = &S::calendars,
       .help = "A file of trading calendars read on top of the built-in ones (docs/history.md), or \"\"",
       .may_be_empty = true},
      {.name = "portfolio.currency",
       .member = &S::portfolio_currency,
       .help = "The currency in which all positions of the watchlist are given besides their own; \"\" for none",
       .may_be_empty = true,
       .currency = true},
      {"log.level", &S::log_level, "The least that is logged", 0, 0, {"trace", "debug", "info", "warning", "error"}},
      {"log.format", &S::log_format, "How log lines are written to standard error", 0, 0, {"text", "json"}},
      {"yahoo.stream-url", &S::yahoo_stream_url, "The quote stream, ws:// or wss://"},
      {"yahoo.symbols-per-connection", &S::yahoo_symbols_per_connection,
       "Tickers on one connection; Yahoo cuts off what is beyond 100 without a word", 1, 100},
      {"yahoo.chart-url", &S::yahoo_chart_url, "Where history is asked for: what comes before /v8/finance/chart"},
      {"yahoo.chart-requests-per-minute", &S::yahoo_chart_requests_per_minute,
       "Requests for history a minute; five more may go out at once after a rest", 1, 600},
      {"listen.dumb-timeout", &S::listen_dumb_timeout,
       "A connection that is open and says nothing for so long in market hours is made anew", kSecond, kDay},
      {"listen.resubscribe-interval", &S::listen_resubscribe_interval,
       "How often the subscription is sent again, which keeps the connection alive", 100, kHour},
      {.name = "listen.spool",
       .member = &S::listen_spool,
       .help =
           "Where quotes wait while the topic's broker is away; \"\" for nowhere. A local topic has none unless this "
           "is set",
       .may_be_empty = true},
      {"listen.spool-bytes", &S::listen_spool_bytes,
       "What may wait there; when it is full the stream is not read until the broker is back", 1 << 20, 1LL << 50},
      {"new-topic.partitions", &S::new_topic_partitions, "Partitions of a topic when it is created", 1, 256},
      {"new-topic.replication", &S::new_topic_replication,
       "Copies of each partition of a Kafka topic when it is created; -1: as the cluster has it", -1, 32},
      {"local.retention-age", &S::local_retention_age,
       "Records of a local topic older than this are deleted; \"\" keeps them", kMinute, 3650 * kDay},
      {"local.retention-bytes", &S::local_retention_bytes,
       "A local topic larger than this loses its oldest records; \"\" sets no limit", 1 << 20, 1LL << 50},
  };
}

std::vector<SettingKey> TableKeys() {
  return {
      {"engine.group", &S::engine_group,
       "The consumer group on Kafka: engines of one group share the partitions; lag tools know it by this name"},
      {"engine.commit-interval", &S::engine_commit_interval,
       "The longest that a row waits for its commit; on gs:// 10s when it is not set", 10, kHour},
      {"engine.max-rows", &S::engine_max_rows, "A commit does not wait for more rows than this", 1, 10'000'000},
      {"engine.partition-by",
       &S::engine_partition_by,
       "Partition columns of tables that are created",
       0,
       0,
       {"date", "ticker", "date,ticker"}},
      {"engine.compression", &S::engine_compression, "Compression of Parquet files", 0, 0, {"zstd", "snappy"}},
      {"engine.bronze", &S::engine_bronze, "Whether the messages are kept as they came, in bronze"},
      {"engine.dedupe-keys", &S::engine_dedupe_keys,
       "Recent rows held in memory to find duplicates; older ones are looked up in the table", 1000, 100'000'000},
      {"gold.enabled", &S::gold_enabled, "Whether run builds one-minute bars of the quotes, beside its work"},
      {"gold.interval", &S::gold_interval, "How often new quotes are made into bars", 100, kHour},
      {"gold.fill-gaps", &S::gold_fill_gaps,
       "Whether run and gold ask Yahoo's history for minutes that are missing in a session"},
      {"table.checkpoint-every", &S::table_checkpoint_every, "Commits between checkpoints of a table's log", 1, 10'000},
      {"table.log-retention", &S::table_log_retention, "How long log entries behind a checkpoint are kept", kHour,
       3650 * kDay},
      {"cache.folder", &S::cache_folder, "Where files of a gs:// lake are kept for reading"},
      {"cache.max-bytes", &S::cache_max_bytes,
       "What was read longest ago leaves the cache beyond this; \"\" sets no limit", 1 << 20, 1LL << 50},
      {"upkeep.enabled", &S::upkeep_enabled,
       "Whether run and silver pack small files, and delete old ones, beside their work"},
      {"upkeep.target-file-size", &S::upkeep_target_file_size, "How large packed files may get", 1 << 20, 4LL << 30},
      {"upkeep.small-files", &S::upkeep_small_files,
       "So many small files of a partition are packed together; those of a past day at once", 2, 100'000},
      {"upkeep.retention", &S::upkeep_retention,
       "How long files stay after they were packed or removed, for those who read older versions", kDay, 3650 * kDay},
      {.name = "web.listen",
       .member = &S::web_listen,
       .help = "Address and port of the page, /metrics, /healthz and /readyz, or \"\"; but for `run` and `serve`, only "
               "where somebody sets it",
       .may_be_empty = true},
      {.name = "web.hosts",
       .member = &S::web_hosts,
       .help = "Names, comma-joined, under which web.listen is asked besides IP addresses and localhost",
       .may_be_empty = true},
      {.name = "web.token",
       .member = &S::web_token,
       .help = "What whoever opens the page must show; needed where web.listen is not this machine's own 127.0.0.1",
       .may_be_empty = true},
  };
}

std::vector<SettingKey> ServiceKeys() {
  return {
      {.name = "spark.url",
       .member = &S::spark_url,
       .help = "The Spark Connect server of `silver --engine spark`: sc://host:15002[/;use_ssl=true;token=…]",
       .may_be_empty = true},
      {.name = "spark.lake",
       .member = &S::spark_lake,
       .help = "The lake's folder as the Spark cluster sees it, where it is another than here",
       .may_be_empty = true},
      {.name = "spark.checkpoints",
       .member = &S::spark_checkpoints,
       .help = "Where Spark keeps the checkpoints of its queries; \"\": in _spark below the lake",
       .may_be_empty = true},
      {"spark.watermark", &S::spark_watermark,
       "How long Spark remembers a row of the stream to find its duplicates there; it looks in the table besides",
       kSecond, 30 * kDay},
      {.name = "bigquery.project",
       .member = &S::bigquery_project,
       .help = "The Google Cloud project of `silver --to bigquery`; \"\": PROJECT_ID",
       .may_be_empty = true},
      {"bigquery.dataset", &S::bigquery_dataset, "The dataset that has the tables; it is made when absent"},
      {.name = "bigquery.location",
       .member = &S::bigquery_location,
       .help = "Where the dataset is made, such as US or southamerica-east1; \"\": where Google makes it",
       .may_be_empty = true},
      {"bigquery.endpoint", &S::bigquery_endpoint,
       "host:port of the Storage Write API; without TLS where BIGQUERY_EMULATOR_HOST is set"},
      {"bigquery.bronze", &S::bigquery_bronze, "Whether BigQuery gets the messages as they came, too"},
      {.name = "bigquery.temporary-bucket",
       .member = &S::bigquery_temporary_bucket,
       .help = "Where Spark puts the files that BigQuery loads, a bucket; \"\": what the cluster has set",
       .may_be_empty = true},
      {"sim.seed", &S::sim_seed, "Which market the simulator plays: the same seed, the same quotes", 0, kMax},
      {"sim.tick", &S::sim_tick, "Time between two quotes of a simulated ticker", 1, kHour},
  };
}

}  // namespace

const std::vector<SettingKey>& SettingKeys() {
  static const auto keys = [] {
    auto all = SourceKeys();
    for (auto more : {TableKeys(), ServiceKeys()}) std::ranges::move(more, std::back_inserter(all));
    return all;
  }();
  return keys;
}

}  // namespace pregao::cli
