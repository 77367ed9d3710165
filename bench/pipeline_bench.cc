/// The embedded engine against the raw read rate of the same topic, in one run:
///   pipeline_bench [messages=2000000] [folder=a temporary one] [topic=local:FOLDER/topic.db]
/// A topic on Kafka works too; one that has messages is taken as it is. bench/peers.py compares it there. Each row is a
/// process of its own, so that its peak memory is its own. Prints one table.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <functional>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "engine/embedded.h"
#include "engine/lake_sink.h"
#include "topic/open.h"
#include "yahoo/message_source.h"

namespace pregao {
namespace {

struct Figures {
  double seconds = 0, cpu_seconds = 0, peak_mib = 0;
};

double Seconds(const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; }

/// Runs `work` in a child process and measures the child as a whole.
Figures Measure(const std::function<Status()>& work) {
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child == 0) {
    const Status status = work();
    if (!status.ok()) fmt::print(stderr, "{}\n", status.ToString());
    std::_Exit(status.ok() ? 0 : 1);
  }
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) std::exit(1);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return {took.count(), Seconds(usage.ru_utime) + Seconds(usage.ru_stime), static_cast<double>(usage.ru_maxrss) / 1024};
}

Result<std::int64_t> Held(const topic::TopicUri& uri) {
  const auto reader = topic::OpenReader(uri);
  if (reader.status().IsKeyError()) return 0;
  TRY(reader.status());
  TRY_ASSIGN(const auto ranges, (*reader)->Ranges());
  std::int64_t held = 0;
  for (const auto& [partition, range] : ranges) held += range.high - range.low;
  return held;
}

Status Fill(const topic::TopicUri& uri, std::int64_t messages) {
  TRY_ASSIGN(const auto held, Held(uri));
  if (held >= messages) return Status::OK();
  TRY_ASSIGN(const auto writer, topic::OpenWriter(uri));
  yahoo::SimMessageOptions market;
  market.rejects = 0.001;
  yahoo::MessageSource source(market);
  std::vector<topic::NewRecord> records;
  for (std::int64_t sent = 0; sent < messages;) {
    records.clear();
    for (; sent < messages && records.size() < 50'000; ++sent) {
      const auto m = source.Next();
      records.push_back({std::string(m.key), std::string(m.value), m.timestamp, {}});
    }
    TRY(writer->Append(records));
  }
  return Status::OK();
}

Status ReadRaw(const topic::TopicUri& uri, std::int64_t messages) {
  TRY_ASSIGN(const auto reader, topic::OpenReader(uri));
  std::int64_t seen = 0;
  while (seen < messages) {
    TRY_ASSIGN(const auto polled, reader->Poll(8'192, std::chrono::seconds(5)));
    if (polled.assigned) {
      TRY_ASSIGN(const auto ranges, reader->Ranges());
      topic::Positions seek;
      for (const auto& [partition, range] : ranges) seek[partition] = range.low;
      TRY(reader->Seek(seek));
    } else if (polled.records.empty()) {
      return Status::IOError("the topic ended at ", seen);
    }
    seen += static_cast<std::int64_t>(polled.records.size());
  }
  return Status::OK();
}

Status RunEngine(const topic::TopicUri& uri, const std::string& lake, bool bronze, const std::string& compression) {
  const SystemClock clock;
  TRY_ASSIGN(const auto reader, topic::OpenReader(uri));
  TRY_ASSIGN(auto store, lake::OpenStore(lake));
  engine::LakeSinkOptions options;
  options.bronze = bronze;
  options.write.compression = compression;
  engine::LakeSink sink(std::move(store), &clock, options);
  engine::EngineOptions engine_options;
  engine_options.until_end = true;
  engine::EmbeddedEngine engine(reader.get(), &sink, &clock, engine_options);
  return engine.Run({});
}

int Main(int argc, char** argv) {
  const std::int64_t messages = argc > 1 ? std::atoll(argv[1]) : 2'000'000;
  const std::filesystem::path folder =
      argc > 2 ? argv[2] : std::filesystem::temp_directory_path() / fmt::format("pregao-bench-{}", getpid());
  std::filesystem::create_directories(folder);
  const auto parsed = topic::ParseTopic(argc > 3 ? argv[3] : "local:" + (folder / "topic.db").string());
  if (!parsed.ok()) {
    fmt::print(stderr, "{}\n", parsed.status().message());
    return 2;
  }
  const topic::TopicUri& uri = *parsed;
  const auto row = [&](const std::string& what, const std::function<Status()>& work) {
    const Figures f = Measure(work);
    const auto n = static_cast<double>(messages);
    fmt::print("{:<44} {:>9.0f} {:>14.2f} {:>9.0f}\n", what, n / f.seconds, f.cpu_seconds / n * 1e6, f.peak_mib);
    std::fflush(stdout);
    return n / f.seconds;
  };
  fmt::print("{} messages, {} topic of 4 partitions\n\n{:<44} {:>9} {:>14} {:>9}\n", messages,
             uri.kafka() ? "Kafka" : "local", "", "rows/s", "CPU-s/million", "peak MiB");
  row("append to the topic", [&] { return Fill(uri, messages); });
  const double raw = row("raw read", [&] { return ReadRaw(uri, messages); });
  const auto engine = [&](const std::string& lake, bool bronze, const std::string& compression) {
    return [&, lake, bronze, compression] { return RunEngine(uri, (folder / lake).string(), bronze, compression); };
  };
  const double silver = row("engine: silver (zstd)", engine("silver", false, "zstd"));
  row("engine: silver (snappy)", engine("snappy", false, "snappy"));
  const double all = row("engine: bronze, silver, quarantine (zstd)", engine("all", true, "zstd"));
  fmt::print("\nsilver / raw read {:.2f}, with bronze / silver {:.2f}\n", silver / raw, all / silver);
  if (argc <= 2) std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace pregao

int main(int argc, char** argv) { return pregao::Main(argc, argv); }
