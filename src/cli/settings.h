#pragma once
/// Every setting of pregao: one table (settings_table.cc) that the settings file, the environment, the flags, the
/// sample file and `pregao doctor` are all made from.
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/status.h"

namespace pregao::cli {

using Duration = std::chrono::milliseconds;
struct Bytes {
  std::int64_t value = 0;
  friend bool operator==(Bytes, Bytes) = default;
};
using Names = std::vector<std::string>;

/// The values, each with its default. Member `a_b_c` is the key `a.b-c`.
struct Settings {
  std::string topic = "local:data/topic.db";
  std::string lake = "data/lake";
  std::string watchlist = "carteira.txt";
  std::string calendars;            ///< empty: the built-in ones alone
  std::string portfolio_currency;   ///< ISO 4217; empty: nothing is converted
  std::string log_level = "info";   ///< trace, debug, info, warning, error
  std::string log_format = "text";  ///< text, json
  std::string yahoo_stream_url = "wss://streamer.finance.yahoo.com/?version=2";
  std::int64_t yahoo_symbols_per_connection = 100;
  std::string yahoo_chart_url = "https://query1.finance.yahoo.com";
  std::int64_t yahoo_chart_requests_per_minute = 30;
  Duration listen_dumb_timeout = std::chrono::seconds(60);
  Duration listen_resubscribe_interval = std::chrono::seconds(15);
  std::int64_t new_topic_partitions = 4;
  std::int64_t new_topic_replication = -1;
  std::string listen_spool = "data/spool.db";
  std::optional<Bytes> listen_spool_bytes = Bytes{1LL << 30};
  std::optional<Duration> local_retention_age = std::chrono::hours(7 * 24);  ///< nullopt: keep
  std::optional<Bytes> local_retention_bytes;                                ///< nullopt: no limit
  std::string engine_group = "pregao";
  Duration engine_commit_interval = std::chrono::seconds(1);
  std::int64_t engine_max_rows = 40'000;
  Names engine_partition_by = {"date"};
  std::string engine_compression = "zstd";  ///< zstd, snappy
  bool engine_bronze = true;
  std::int64_t engine_dedupe_keys = 1'000'000;
  bool gold_enabled = true;
  Duration gold_interval = std::chrono::seconds(10);
  bool gold_fill_gaps = true;
  std::int64_t table_checkpoint_every = 100;
  Duration table_log_retention = std::chrono::hours(7 * 24);
  std::string cache_folder = "~/.cache/pregao/lake";
  std::optional<Bytes> cache_max_bytes = Bytes{std::int64_t{4} << 30};
  bool upkeep_enabled = true;
  Bytes upkeep_target_file_size{128 << 20};
  std::int64_t upkeep_small_files = 64;
  Duration upkeep_retention = std::chrono::hours(7 * 24);
  std::string web_listen = "127.0.0.1:8686";  ///< empty: off
  std::string web_hosts;                      ///< comma-joined
  std::string spark_url;                      ///< empty: none
  std::string spark_lake;                     ///< empty: as `lake`
  std::string spark_checkpoints;              ///< empty: below the lake
  Duration spark_watermark = std::chrono::minutes(10);
  std::string web_token;         ///< empty: none
  std::string bigquery_project;  ///< empty: project_id
  std::string bigquery_dataset = "pregao";
  std::string bigquery_location;  ///< empty: Google's default
  std::string bigquery_endpoint = "bigquerystorage.googleapis.com:443";
  bool bigquery_bronze = false;
  std::string bigquery_temporary_bucket;  ///< empty: what the Spark cluster has set
  std::int64_t sim_seed = 1;
  Duration sim_tick = std::chrono::seconds(1);

  /// The `[kafka]` table as it stands: any property of librdkafka.
  std::map<std::string, std::string> kafka;
  /// The seed project's variables, from the environment or .env; empty when unset.
  std::string project_id, bucket_name, google_application_credentials;
  /// What Google's tools read from the environment (or .env); empty when unset.
  std::string storage_emulator_host, bigquery_emulator_host, gce_metadata_host, cloudsdk_config, home;

  /// Where the value of each key came from: "default", "pregao.toml:3", ".env:1", "PREGAO_TOPIC", "--topic".
  std::map<std::string, std::string> origins;
};

/// One row of the table of settings.
struct SettingKey {
  using Member = std::variant<std::string Settings::*, std::int64_t Settings::*, bool Settings::*, Duration Settings::*,
                              Bytes Settings::*, std::optional<Duration> Settings::*, std::optional<Bytes> Settings::*,
                              Names Settings::*>;
  std::string name;  ///< "yahoo.stream-url"
  Member member;
  std::string help;               ///< one sentence, without a full stop
  std::int64_t min = 0, max = 0;  ///< of numbers, durations (ms) and sizes (bytes), both inclusive; 0, 0: no bounds
  Names allowed = {};             ///< of strings: the values; of Names: the whole lists, comma-joined. Empty: any
  bool may_be_empty = false;      ///< of strings
  bool currency = false;          ///< of strings: an ISO 4217 code
};
[[nodiscard]] const std::vector<SettingKey>& SettingKeys();
/// The environment variable of a key: yahoo.stream-url gives PREGAO_YAHOO_STREAM_URL.
[[nodiscard]] std::string EnvironmentName(const std::string& key);
/// The value as the settings file would have it: "local:data/topic.db" quoted, 4, true, ["date"].
[[nodiscard]] std::string ValueText(const SettingKey& key, const Settings& settings);
/// The kind of value and its bounds, for messages and help: "a duration such as \"1s\", 100ms to 1h".
[[nodiscard]] std::string Expectation(const SettingKey& key);
/// Sets one key from a flag's or variable's text. Invalid names the key, the value and what is expected.
[[nodiscard]] Status SetFromText(const SettingKey& key, const std::string& text, Settings* settings);

/// What a program is started with. Flags win over the environment, which wins over .env, the file, and the defaults.
struct SettingSources {
  std::string file = "pregao.toml";
  bool file_required = false;                ///< named by the user: its absence is an error
  std::string env_file = ".env";             ///< absent: no error
  std::vector<std::string> environment;      ///< "NAME=value"
  std::map<std::string, std::string> flags;  ///< key -> text
};
struct LoadedSettings {
  Settings settings;
  std::vector<std::string> warnings;  ///< PREGAO_ variables that no key has
};
/// Invalid names file, line, key, value and remedy. BUCKET_NAME, the seed's, is the lake when nobody has named one.
[[nodiscard]] Result<LoadedSettings> LoadSettings(const SettingSources& sources);
/// Gives the commit interval that fits the lake, unless somebody has set one: 10 s on gs://, where each commit costs
/// requests, 1 s in a folder. To be called when the lake changes.
void FitToLake(Settings* settings);
/// `path` with "~/" at its begin as the home folder; the folder for temporary files where there is no home.
[[nodiscard]] std::string ExpandHome(const std::string& path, const Settings& settings);

/// pregao.toml.example: every key with its help and default, commented out.
[[nodiscard]] std::string SampleFile();

}  // namespace pregao::cli
