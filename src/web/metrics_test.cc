#include "web/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <regex>
#include <set>
#include <sstream>
#include <unistd.h>

#include "web/process_stats.h"

namespace pregao::web {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr TimestampMs kNow{1'800'000'000'500};

Snapshot Everything() {
  Snapshot s;
  s.now = kNow;
  s.engine.emplace();
  s.engine->rows = 1'234'567'890'123;
  s.engine->rejects[static_cast<std::size_t>(medallion::Reject::kBadPrice)] = 3;
  s.engine->partitions[Partition(0)] = {Offset(5), Offset(9), kNow + -2'500};
  s.engine->partitions[Partition(1)] = {Offset(7), Offset(7), std::nullopt};
  s.engine->commit_durations.Add(0.02);
  s.engine->commit_durations.Add(100);
  s.engine->last_commit = kNow;
  s.listener.emplace();
  s.listener->last_heard = {{"AAPL", kNow}, {"odd\"\\\nname", kNow}, {"MUTE", std::nullopt}};
  s.listener->silent = {"MUTE"};
  s.listener->quiet = {"AAPL", "MSFT"};
  s.listener->closed = 7;
  s.spool.emplace();
  s.spool->waiting = 12;
  s.store.emplace();
  s.store->calls[static_cast<std::size_t>(lake::StoreOperation::kGet)] = {4, 3, 2, 1, 0.5};
  s.store_retries = 6;
  s.gold.emplace();
  s.gold->bars = 100;
  s.gold->revisions = 30;
  s.gold->behind = 4;
  s.gold->last_commit = kNow;
  s.spark = {{"bronze", true, {}}, {"silver", false, {7, 100, 12.5, 50, "", "", 35, 2}}};
  s.process = ReadProcessStats();
  return s;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(Metrics, LagIsGivenInOffsetsAPartitionAndInSeconds) {
  const std::string text = MetricsText(Everything(), true);
  EXPECT_THAT(text, HasSubstr("\npregao_engine_lag_records{partition=\"0\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("\npregao_engine_lag_records{partition=\"1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("\npregao_engine_lag_seconds 2.5\n"));
}

TEST(Metrics, EachQueryInSparkHasItsProgress) {
  const std::string text = MetricsText(Everything(), true);
  EXPECT_THAT(text, HasSubstr("\npregao_spark_query_active{query=\"bronze\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\npregao_spark_query_active{query=\"silver\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("\npregao_spark_input_rows_per_second{query=\"silver\"} 12.5\n"));
  EXPECT_THAT(text, HasSubstr("\npregao_spark_late_rows{query=\"silver\"} 2\n"));
  EXPECT_THAT(MetricsText(Snapshot{}, true), Not(HasSubstr("spark")));
}

TEST(Metrics, GoldHasItsBarsItsLagAndItsLastCommit) {
  const std::string text = MetricsText(Everything(), true);
  EXPECT_THAT(text, HasSubstr("\npregao_gold_bars_total 70\n"));
  EXPECT_THAT(text, HasSubstr("\npregao_gold_revisions_total 30\n"));
  EXPECT_THAT(text, HasSubstr("\npregao_gold_lag_versions 4\n"));
  EXPECT_THAT(text, HasSubstr("\npregao_gold_last_commit_timestamp_seconds 1800000000.5\n"));
}

TEST(Metrics, NumbersKeepTheirDigits) {
  const std::string text = MetricsText(Everything(), true);
  EXPECT_THAT(text, HasSubstr("\npregao_engine_rows_total 1234567890123\n"));
  EXPECT_THAT(text, HasSubstr("\npregao_engine_last_commit_timestamp_seconds 1800000000.5\n"));
}

TEST(Metrics, CommitTimesAreAHistogramWhoseBucketsAddUp) {
  const std::string text = MetricsText(Everything(), true);
  EXPECT_THAT(text, HasSubstr("pregao_engine_commit_duration_seconds_bucket{le=\"0.01\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("pregao_engine_commit_duration_seconds_bucket{le=\"0.025\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("pregao_engine_commit_duration_seconds_bucket{le=\"60\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("pregao_engine_commit_duration_seconds_bucket{le=\"+Inf\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("pregao_engine_commit_duration_seconds_count 2\n"));
}

TEST(Metrics, EveryReasonOfARejectHasASeriesFromTheStart) {
  const std::string text = MetricsText(Everything(), true);
  EXPECT_THAT(text, HasSubstr("pregao_engine_rejects_total{reason=\"bad_price\"} 3\n"));
  for (int i = 0; i < medallion::kRejectCount; ++i) {
    EXPECT_THAT(text, HasSubstr(std::string(medallion::RejectName(static_cast<medallion::Reject>(i))) + "\"} "));
  }
}

TEST(Metrics, StoreCallsAreGivenByOperationAndOutcome) {
  const std::string text = MetricsText(Everything(), true);
  EXPECT_THAT(text, HasSubstr("pregao_store_calls_total{operation=\"get\",outcome=\"exists\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("pregao_store_call_duration_seconds_count{operation=\"get\"} 10\n"));
  EXPECT_THAT(text, HasSubstr("pregao_store_call_duration_seconds_sum{operation=\"get\"} 0.5\n"));
  EXPECT_THAT(text, HasSubstr("\npregao_store_retries_total 6\n"));
}

TEST(Metrics, WhatWaitsInTheSpoolIsCounted) {
  EXPECT_THAT(MetricsText(Everything(), true), HasSubstr("\npregao_listener_spool_records 12\n"));
}

TEST(Metrics, TickersHaveASeriesEachUpToALimit) {
  Snapshot s = Everything();
  const std::string text = MetricsText(s, true);
  EXPECT_THAT(text, HasSubstr("{ticker=\"AAPL\"} 1800000000.5\n"));
  EXPECT_THAT(text, HasSubstr(R"({ticker="odd\"\\\nname"})"));
  EXPECT_THAT(text, Not(HasSubstr("{ticker=\"MUTE\"}")));
  EXPECT_THAT(text, HasSubstr("\npregao_listener_silent_symbols 1\n"));
  EXPECT_THAT(text, HasSubstr("\npregao_listener_quiet_symbols 2\n"));
  EXPECT_THAT(text, HasSubstr("\npregao_listener_closed_symbols 7\n"));
  for (std::size_t i = 0; i <= kMaxTickerSeries; ++i) s.listener->last_heard["T" + std::to_string(i)] = kNow;
  EXPECT_THAT(MetricsText(s, true), Not(HasSubstr("ticker=")));
}

TEST(Metrics, PartsThatAProcessHasNotAreAbsent) {
  const std::string text = MetricsText(Snapshot{}, false);
  for (const char* part : {"pregao_engine", "pregao_listener", "pregao_store", "pregao_gold"})
    EXPECT_THAT(text, Not(HasSubstr(part)));
  EXPECT_THAT(text, HasSubstr("\npregao_ready 0\n"));
}

TEST(Metrics, NamesKeepPrometheusConventions) {
  std::set<std::string> named;
  for (const std::string& line : Lines(MetricsText(Everything(), true))) {
    std::smatch found;
    if (!std::regex_match(line, found, std::regex("# TYPE (\\S+) (\\S+)"))) continue;
    const std::string name = found[1], type = found[2];
    EXPECT_TRUE(named.insert(name).second) << name << " twice";
    EXPECT_EQ(type == "counter", name.ends_with("_total")) << line;
    EXPECT_TRUE(name.starts_with("pregao_") || name.starts_with("process_")) << line;
    EXPECT_FALSE(std::regex_search(name, std::regex("milli|_ms\\b|minutes|_kb|mega"))) << "no base unit: " << name;
  }
  EXPECT_GT(named.size(), 30u);
}

TEST(ProcessStats, TheProgramsNameMayHoldAnything) {
  const auto stats = ParseProcessStats("7 (a) b (c)) S 1 7 7 0 -1 0 0 0 0 0 250 150 0 0 20 0 12 0 3000 4096 5 0",
                                       "cpu 1\nbtime 1700000000\n", 100, 4096);
  EXPECT_DOUBLE_EQ(*stats.cpu_seconds, 4.0);
  EXPECT_EQ(stats.threads, 12);
  EXPECT_DOUBLE_EQ(*stats.start_time_seconds, 1'700'000'030.0);
  EXPECT_EQ(stats.virtual_bytes, 4096);
  EXPECT_EQ(stats.resident_bytes, 5 * 4096);
}

TEST(ProcessStats, WhatCannotBeReadIsUnknown) {
  for (const char* text : {"", "7 (x", "7 (x) S 1"}) {
    const auto stats = ParseProcessStats(text, "", 100, 4096);
    EXPECT_FALSE(stats.cpu_seconds || stats.resident_bytes || stats.start_time_seconds) << text;
  }
}

TEST(ProcessStats, OurOwnAreSane) {
  const auto stats = ReadProcessStats();
  EXPECT_GT(*stats.resident_bytes, 1 << 20);
  EXPECT_GE(*stats.open_fds, 3);
  EXPECT_GE(*stats.max_fds, *stats.open_fds);
  EXPECT_LT(*stats.start_time_seconds, static_cast<double>(time(nullptr)) + 1);
}

}  // namespace
}  // namespace pregao::web
