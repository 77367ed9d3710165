#include "web/metrics.h"

#include <prometheus/text_serializer.h>
#include <vector>

#include "base/version.h"

namespace pregao::web {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

/// Collects families, each with its series.
class Families {
 public:
  void Begin(std::string name, std::string help, MetricType type) {
    all_.push_back({std::move(name), std::move(help), type, {}});
  }
  ClientMetric& Series(Labels labels = {}) {
    all_.back().metric.emplace_back().label = std::move(labels);
    return all_.back().metric.back();
  }
  template <class Number>
  void Counter(std::string name, std::string help, Number value) {
    Begin(std::move(name), std::move(help), MetricType::Counter);
    Series().counter.value = static_cast<double>(value);
  }
  template <class Number>
  void Gauge(std::string name, std::string help, Number value) {
    Begin(std::move(name), std::move(help), MetricType::Gauge);
    Series().gauge.value = static_cast<double>(value);
  }
  template <class Number>
  void GaugeIfKnown(std::string name, std::string help, const std::optional<Number>& value) {
    if (value) Gauge(std::move(name), std::move(help), *value);
  }
  [[nodiscard]] std::string Text() const { return prometheus::TextSerializer().Serialize(all_); }

 private:
  std::vector<prometheus::MetricFamily> all_;
};

double Seconds(TimestampMs time) { return static_cast<double>(time.value) / 1e3; }

void AddLag(const engine::EngineStats& s, TimestampMs now, Families* out) {
  out->Begin("pregao_engine_lag_records",
             "Records in the topic that the tables do not have, holes in the offsets included.", MetricType::Gauge);
  for (const auto& [partition, lag] : s.partitions) {
    out->Series({{"partition", std::to_string(partition.value)}}).gauge.value = static_cast<double>(lag.records());
  }
  out->Begin("pregao_engine_position", "The next offset that the tables want.", MetricType::Gauge);
  for (const auto& [partition, lag] : s.partitions) {
    out->Series({{"partition", std::to_string(partition.value)}}).gauge.value = static_cast<double>(lag.position.value);
  }
  out->Gauge("pregao_engine_lag_seconds", "Age of the oldest record in the topic that the tables do not have.",
             LagSeconds(s, now).value_or(0));
}

void AddCommits(const engine::EngineStats& s, Families* out) {
  out->Begin("pregao_engine_commit_duration_seconds", "Time to write a batch into every table and to commit it.",
             MetricType::Histogram);
  auto& histogram = out->Series().histogram;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < engine::Durations::kBounds.size(); ++i) {
    sum += static_cast<std::uint64_t>(s.commit_durations.counts[i]);
    histogram.bucket.push_back({sum, engine::Durations::kBounds[i]});
  }
  histogram.sample_count = sum + static_cast<std::uint64_t>(s.commit_durations.counts.back());
  histogram.sample_sum = s.commit_durations.sum;
  out->Counter("pregao_engine_commits_total", "Batches committed to all tables.", s.commits);
  if (s.last_commit) {
    out->Gauge("pregao_engine_last_commit_timestamp_seconds", "When a batch was last committed.",
               Seconds(*s.last_commit));
  }
}

void AddEngine(const engine::EngineStats& s, TimestampMs now, Families* out) {
  out->Counter("pregao_engine_records_total", "Records read from the topic, those read again included.", s.consumed);
  out->Counter("pregao_engine_rows_total", "Rows committed to silver.", s.rows);
  out->Counter("pregao_engine_duplicates_total", "Records that were the duplicate of a row.", s.duplicates);
  out->Begin("pregao_engine_rejects_total", "Records that were no valid quote, by the rule that they broke.",
             MetricType::Counter);
  for (std::size_t i = 0; i < s.rejects.size(); ++i) {
    const std::string reason(medallion::RejectName(static_cast<medallion::Reject>(i)));
    out->Series({{"reason", reason}}).counter.value = static_cast<double>(s.rejects[i]);
  }
  out->Counter("pregao_engine_quarantined_total", "Rows committed to quarantine.", s.quarantined);
  out->Counter("pregao_engine_written_bytes_total", "Bytes of data files written, or of rows that BigQuery took.",
               s.bytes);
  AddCommits(s, out);
  AddLag(s, now, out);
  out->Counter("pregao_engine_fencings_total", "Batches given up because another process had committed theirs.",
               s.fencings);
  out->Counter("pregao_engine_retries_total", "Sessions begun again after an error of topic or lake.", s.retries);
  out->Counter("pregao_engine_lost_offsets_total", "Offsets that the topic's retention removed before they were read.",
               s.lost);
}

void AddGold(const engine::GoldStats& s, Families* out) {
  out->Counter("pregao_gold_quotes_total", "Rows of silver that were looked at to build bars.", s.ticks);
  out->Counter("pregao_gold_bars_total", "Bars written for the first time.", s.bars - s.revisions);
  out->Counter("pregao_gold_revisions_total", "Later revisions of bars written.", s.revisions);
  out->Counter("pregao_gold_volume_falls_total", "Falls of day_volume within a session, counted as no volume.",
               s.falls);
  out->Counter("pregao_gold_written_bytes_total", "Bytes of data files of bars written.", s.bytes);
  out->Counter("pregao_gold_commits_total", "Commits of bars.", s.commits);
  if (s.last_commit) {
    out->Gauge("pregao_gold_last_commit_timestamp_seconds", "When bars were last committed.", Seconds(*s.last_commit));
  }
  out->Gauge("pregao_gold_lag_versions", "Versions of silver not yet looked at, when last seen.", s.behind);
  out->Counter("pregao_gold_rebuilds_total", "Times that all bars were built anew.", s.rebuilds);
  out->Counter("pregao_gold_fencings_total", "Commits given up because another process had committed its bars.",
               s.fencings);
  out->Counter("pregao_gold_retries_total", "Sessions begun again after an error of the lake.", s.retries);
}

void AddListener(const listen::ListenerStats& s, Families* out) {
  out->Counter("pregao_listener_frames_total", "Frames received from the stream.", s.frames);
  out->Counter("pregao_listener_messages_total", "Messages durable in the topic.", s.messages);
  out->Counter("pregao_listener_dead_letters_total",
               "Frames that could not be decoded, durable in the dead-letter topic.", s.dead_letters);
  out->Counter("pregao_listener_ignored_total", "Frames that carry no price.", s.ignored);
  out->Counter("pregao_listener_write_errors_total", "Attempts to write that the topic refused.", s.write_errors);
  out->Gauge("pregao_listener_queued_frames", "Frames that wait for the topic.", s.queued);
  out->Gauge("pregao_listener_connections", "Connections that the watchlist needs.", s.connections);
  out->Gauge("pregao_listener_connections_open", "Connections that are open.", s.connections_open);
  out->Counter("pregao_listener_reconnects_total", "Connections that went down, and attempts that failed.",
               s.reconnects);
  out->Gauge("pregao_listener_watchlist_symbols", "Tickers listened to: the watchlist's and the portfolio's rates.",
             s.last_heard.size());
  out->Gauge("pregao_listener_silent_symbols", "Tickers listened to that have never spoken.", s.silent.size());
  out->Gauge("pregao_listener_quiet_symbols", "Tickers that say nothing though their exchange is open.",
             s.quiet.size());
  out->Gauge("pregao_listener_closed_symbols", "Tickers that say nothing and whose exchange is closed.", s.closed);
  if (s.last_heard.size() > kMaxTickerSeries) return;
  out->Begin("pregao_listener_last_heard_timestamp_seconds", "When a ticker last spoke; absent while it never has.",
             MetricType::Gauge);
  for (const auto& [ticker, heard] : s.last_heard) {
    if (heard) out->Series({{"ticker", ticker}}).gauge.value = Seconds(*heard);
  }
}

void AddSpool(const listen::SpoolStats& s, Families* out) {
  out->Gauge("pregao_listener_spool_records", "Records that wait on the disk for a topic that is away.", s.waiting);
  out->Gauge("pregao_listener_spool_bytes", "Bytes of the records that wait on the disk.", s.bytes);
  out->Counter("pregao_listener_spooled_total", "Records that had to wait on the disk.", s.spooled);
  out->Counter("pregao_listener_spool_refused_total", "Appends refused because the spool or its disk is full.",
               s.refused);
}

void AddStore(const lake::StoreStats& s, Families* out) {
  out->Begin("pregao_store_calls_total", "Calls of the lake's store, by what came of them.", MetricType::Counter);
  const auto name = [](std::size_t i) {
    return std::string(lake::OperationName(static_cast<lake::StoreOperation>(i)));
  };
  for (std::size_t i = 0; i < s.calls.size(); ++i) {
    const auto& calls = s.calls[i];
    for (const auto& [outcome, count] : {std::pair("ok", calls.ok), std::pair("absent", calls.absent),
                                         std::pair("exists", calls.exists), std::pair("failed", calls.failed)}) {
      out->Series({{"operation", name(i)}, {"outcome", outcome}}).counter.value = static_cast<double>(count);
    }
  }
  out->Begin("pregao_store_call_duration_seconds", "Time spent in calls of the lake's store.", MetricType::Summary);
  for (std::size_t i = 0; i < s.calls.size(); ++i) {
    auto& summary = out->Series({{"operation", name(i)}}).summary;
    summary.sample_count = static_cast<std::uint64_t>(s.calls[i].all());
    summary.sample_sum = s.calls[i].seconds;
  }
  out->Counter("pregao_store_read_bytes_total", "Bytes read from the lake's store.", s.bytes_read);
  out->Counter("pregao_store_written_bytes_total", "Bytes written to the lake's store.", s.bytes_written);
}

void AddSpark(const std::vector<spark::QueryReport>& queries, Families* out) {
  const auto each = [&](const char* name, const char* help, const auto& value) {
    out->Begin(name, help, MetricType::Gauge);
    for (const auto& query : queries) {
      out->Series({{"query", query.table}}).gauge.value = static_cast<double>(value(query));
    }
  };
  each("pregao_spark_query_active", "1 while the streaming query runs in Spark, else 0.",
       [](const auto& q) { return q.active ? 1 : 0; });
  each("pregao_spark_batch", "The number of the query's last batch.", [](const auto& q) { return q.progress.batch; });
  each("pregao_spark_batch_rows", "Records that the last batch has read.",
       [](const auto& q) { return q.progress.rows; });
  each("pregao_spark_input_rows_per_second", "Records that came in, a second.",
       [](const auto& q) { return q.progress.input_rate; });
  each("pregao_spark_processed_rows_per_second", "Records that the last batch has processed, a second.",
       [](const auto& q) { return q.progress.processed_rate; });
  each("pregao_spark_state_rows", "Rows that the query remembers to find their duplicates.",
       [](const auto& q) { return q.progress.state_rows; });
  each("pregao_spark_late_rows", "Rows that the last batch dropped because they came later than the watermark.",
       [](const auto& q) { return q.progress.late_rows; });
}

void AddProcess(const ProcessStats& s, Families* out) {
  if (s.cpu_seconds) {
    out->Counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", *s.cpu_seconds);
  }
  out->GaugeIfKnown("process_resident_memory_bytes", "Resident memory size in bytes.", s.resident_bytes);
  out->GaugeIfKnown("process_virtual_memory_bytes", "Virtual memory size in bytes.", s.virtual_bytes);
  out->GaugeIfKnown("process_threads", "Number of OS threads in the process.", s.threads);
  out->GaugeIfKnown("process_open_fds", "Number of open file descriptors.", s.open_fds);
  out->GaugeIfKnown("process_max_fds", "Maximum number of open file descriptors.", s.max_fds);
  out->GaugeIfKnown("process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
                    s.start_time_seconds);
}

}  // namespace

std::string MetricsText(const Snapshot& snapshot, bool ready) {
  Families families;
  families.Begin("pregao_build_info", "1, with the version of the program.", MetricType::Gauge);
  families.Series({{"version", std::string(kVersion)}}).gauge.value = 1;
  families.Gauge("pregao_ready", "1 when /readyz says that all is well, else 0.", ready ? 1 : 0);
  if (snapshot.listener) AddListener(*snapshot.listener, &families);
  if (snapshot.spool) AddSpool(*snapshot.spool, &families);
  if (snapshot.engine) AddEngine(*snapshot.engine, snapshot.now, &families);
  if (snapshot.gold) AddGold(*snapshot.gold, &families);
  if (snapshot.store) AddStore(*snapshot.store, &families);
  if (snapshot.store_retries) {
    families.Counter("pregao_store_retries_total", "Requests that the store's client sent again.",
                     *snapshot.store_retries);
  }
  if (!snapshot.spark.empty()) AddSpark(snapshot.spark, &families);
  AddProcess(snapshot.process, &families);
  return families.Text();
}

}  // namespace pregao::web
