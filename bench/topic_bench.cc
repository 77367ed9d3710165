/// Raw rates of the local topic: what the engine's own rate is to be compared with.
/// topic_bench [--benchmark_filter=Read]; the file lies in $TMPDIR.
#include <algorithm>
#include <benchmark/benchmark.h>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "topic/local_topic.h"

namespace pregao::topic {
namespace {

constexpr int kTickers = 200;

/// Messages of about 185 bytes, as the listener writes for an equity.
std::vector<NewRecord> Messages(std::size_t count) {
  std::vector<NewRecord> records;
  records.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string ticker = "TICK" + std::to_string(i % kTickers) + ".SA";
    const std::string cents = std::to_string(10 + i % 90);
    const auto time = 1'739'577'599'000 + static_cast<std::int64_t>(i);
    records.push_back(
        {ticker,
         R"({"ticker":")" + ticker + R"(","price":38.)" + cents + R"(,"time":)" + std::to_string(time) +
             R"(,"exchange":"SAO","change_percent":0.4213,"change":0.16,"market_hours":"REGULAR_MARKET")" +
             R"(,"received_at":)" + std::to_string(time + 250) + R"(,"source":"yahoo"})",
         TimestampMs(time + 251),
         {}});
  }
  return records;
}

/// A topic in a folder of its own, removed at the end.
class Scratch {
 public:
  Scratch() {
    std::string folder = (std::filesystem::temp_directory_path() / "pregao-bench-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) Status::IOError("cannot create ", folder).Abort();
    folder_ = folder;
    options.path = (folder_ / "topic.db").string();
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  LocalTopicOptions options;

 private:
  std::filesystem::path folder_;
};

void Append(benchmark::State& state) {
  const Scratch scratch;
  const auto writer = OpenLocalWriter(scratch.options).ValueOrDie();
  const auto records = Messages(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    const Status status = writer->Append(records);
    if (!status.ok()) return state.SkipWithError(status.ToString().c_str());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
  const auto file = static_cast<double>(std::filesystem::file_size(scratch.options.path));
  const auto wal = static_cast<double>(std::filesystem::file_size(scratch.options.path + "-wal"));
  state.counters["file_bytes_per_record"] = file / static_cast<double>(state.items_processed());
  state.counters["wal_MiB"] = wal / (1 << 20);
}
BENCHMARK(Append)->ArgName("batch")->Arg(1)->Arg(100)->Arg(1'000)->Arg(10'000)->Arg(100'000)->UseRealTime();

/// Reads `total` records that were appended `batch` at a time: each small append is a row of its own.
void Read(benchmark::State& state) {
  const Scratch scratch;
  const std::int64_t total = state.range(0), batch = state.range(1);
  {
    const auto writer = OpenLocalWriter(scratch.options).ValueOrDie();
    const auto records = Messages(static_cast<std::size_t>(batch));
    for (std::int64_t i = 0; i < total; i += batch) {
      const Status status = writer->Append(records);
      if (!status.ok()) return state.SkipWithError(status.ToString().c_str());
    }
  }
  for (auto _ : state) {
    const auto reader = OpenLocalReader(scratch.options).ValueOrDie();
    Positions start;
    const Polled first = reader->Poll(1, std::chrono::seconds(1)).ValueOrDie();
    for (const Partition partition : first.assigned.value()) start[partition] = Offset(0);
    Status status = reader->Seek(start);
    std::int64_t seen = 0;
    while (status.ok() && seen < total) {
      auto polled = reader->Poll(10'000, std::chrono::seconds(10));
      status = polled.status();
      if (polled.ok()) seen += static_cast<std::int64_t>(polled->records.size());
    }
    if (!status.ok()) return state.SkipWithError(status.ToString().c_str());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * total);
}
BENCHMARK(Read)
    ->ArgNames({"records", "batch"})
    ->Args({1'000'000, 10'000})
    ->Args({1'000'000, 100})
    ->Args({20'000, 1})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

/// Appends while a reader reads the whole topic over and over: how far do its snapshots let the WAL grow?
void AppendWhileRead(benchmark::State& state) {
  const Scratch scratch;
  const auto writer = OpenLocalWriter(scratch.options).ValueOrDie();
  const auto records = Messages(10'000);
  std::jthread reading([&](const std::stop_token& stop) {
    const auto reader = OpenLocalReader(scratch.options).ValueOrDie();
    Positions start;
    const Polled first = reader->Poll(1, std::chrono::seconds(1)).ValueOrDie();
    for (const Partition partition : first.assigned.value()) start[partition] = Offset(0);
    while (!stop.stop_requested() && reader->Seek(start).ok()) {
      while (!reader->Poll(10'000, std::chrono::milliseconds(0), stop).ValueOrDie().records.empty()) continue;
    }
  });
  double wal = 0;
  for (auto _ : state) {
    const Status status = writer->Append(records);
    if (!status.ok()) return state.SkipWithError(status.ToString().c_str());
    wal = std::max(wal, static_cast<double>(std::filesystem::file_size(scratch.options.path + "-wal")));
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * 10'000);
  state.counters["max_wal_MiB"] = wal / (1 << 20);
}
BENCHMARK(AppendWhileRead)->UseRealTime()->Iterations(300);

/// The processor time that a reader uses while nothing comes.
void Idle(benchmark::State& state) {
  const Scratch scratch;
  const auto reader = OpenLocalReader(scratch.options).ValueOrDie();
  (void)reader->Poll(1, std::chrono::seconds(1)).ValueOrDie();
  for (auto _ : state) benchmark::DoNotOptimize(reader->Poll(1, std::chrono::seconds(1)).ValueOrDie().records.size());
}
BENCHMARK(Idle)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pregao::topic

BENCHMARK_MAIN();
