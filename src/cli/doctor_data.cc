// The doctor's looks at the data: topic, lake, tables.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/doctor.h"
#include "cli/lake_store.h"
#include "cli/topics.h"
#include "lake/data_file.h"
#include "lake/table.h"
#include "query/session.h"

namespace pregao::cli {
namespace {

constexpr std::chrono::milliseconds kPatience{3'000};  // for a broker's answer

// Rows by the files' statistics; nullopt when a file has none.
std::optional<std::int64_t> RowCount(const lake::Snapshot& snapshot) {
  std::int64_t total = 0;
  for (const auto& file : snapshot.files) {
    const auto rows = lake::StatRows(*file);
    if (!rows) return std::nullopt;
    total += *rows;
  }
  return total;
}

// "position 12 of 15, 3 behind" over all partitions; empty when the table knows nothing of this topic.
std::string Lag(const lake::Snapshot& snapshot, const TopicState& topic) {
  std::int64_t position = 0, high = 0;
  bool known = false;
  for (const auto& [partition, range] : topic.ranges) {
    const auto at = snapshot.positions.find(
        fmt::format("pregao:{}:{}:{}", topic.info.name, topic.info.generation, partition.value));
    known = known || at != snapshot.positions.end();
    position += at == snapshot.positions.end() ? range.low.value : at->second;
    high += range.high.value;
  }
  if (!known) return "; nothing of this topic yet";
  return fmt::format("; {} records behind the topic", HumanCount(high - position));
}

}  // namespace

Result<TopicState> LookAtTopic(const Context& context) {
  TRY_ASSIGN(const topic::TopicUri uri, topic::ParseTopic(context.settings.topic));
  topic::TopicSettings settings = TopicSettingsOf(context, false);
  settings.patience = kPatience;
  TRY_ASSIGN(const auto reader, topic::OpenReader(uri, settings, {.group = "pregao-doctor"}));
  TRY_ASSIGN(auto ranges, reader->Ranges());
  return TopicState{reader->info(), std::move(ranges)};
}

void CheckTopic(const Context& context, std::vector<Finding>* out) {
  const auto state = LookAtTopic(context);
  if (state.status().IsKeyError()) {
    out->push_back({"topic", Health::kWarning, state.status().message(),
                    "nothing to do: `pregao run` or `pregao listen` makes it"});
    return;
  }
  if (!state.ok()) {
    const auto uri = topic::ParseTopic(context.settings.topic);
    out->push_back({"topic", Health::kFailure, state.status().message(),
                    !uri.ok() || !uri->kafka() ? "correct the setting topic or the file"
                    : state.status().IsIOError()
                        ? "start the broker, open the way to it, or correct the setting topic and security.protocol"
                        : "correct [kafka] or the rights on the cluster: docs/kafka.md"});
    return;
  }
  std::int64_t records = 0;
  std::string ranges;
  for (const auto& [partition, range] : state->ranges) {
    records += range.high - range.low;
    ranges +=
        fmt::format("{}{}: [{}, {})", ranges.empty() ? "" : ", ", partition.value, range.low.value, range.high.value);
  }
  out->push_back({"topic", Health::kOk,
                  fmt::format("{}: {} offsets in {} partitions ({})", context.settings.topic, HumanCount(records),
                              state->ranges.size(), ranges),
                  ""});
}

void CheckLake(const Context& context, std::vector<Finding>* out) {
  if (IsBucket(context.settings)) return CheckBucket(context, out);
  const std::string& lake = context.settings.lake;
  std::error_code error;
  if (lake.find("://") == std::string::npos && !std::filesystem::exists(lake, error)) {
    out->push_back({"lake", Health::kWarning, lake + ": there is no such folder yet",
                    "nothing to do: `pregao run` or `pregao silver` makes it"});
    return;
  }
  const std::string probe = fmt::format("pregao-doctor-{}", getpid());
  const Status status = [&]() -> Status {
    TRY_ASSIGN(const auto store, OpenLake(context));
    TRY(store->Put(probe, "probe"));
    return store->Delete(probe);
  }();
  if (status.ok()) {
    out->push_back({"lake", Health::kOk, lake + ": can be written", ""});
  } else {
    out->push_back({"lake", Health::kFailure, status.message(), "correct the setting lake or the folder's owner"});
  }
}

void CheckTables(const Context& context, std::vector<Finding>* out) {
  std::error_code error;
  const std::string& lake = context.settings.lake;
  if (lake.find("://") == std::string::npos && !std::filesystem::exists(lake, error)) return;  // CheckLake said so
  const auto store = OpenLake(context);
  if (!store.ok() || std::any_of(out->begin(), out->end(), [](const Finding& finding) {
        return finding.check == "lake" && finding.health == Health::kFailure;
      })) {
    return;  // CheckLake said so
  }
  const auto topic = LookAtTopic(context);
  for (const query::TableName& name : query::LakeTables()) {
    const auto table = lake::Table::Open(*store, name.root, context.clock);
    if (table.status().IsKeyError()) {
      if (!name.always) continue;
      out->push_back({name.view, Health::kWarning, "there is no table " + name.root + " yet",
                      "nothing to do: " + name.maker + " makes it"});
      continue;
    }
    if (!table.ok()) {
      out->push_back({name.view, Health::kFailure, table.status().message(),
                      table.status().IsNotImplemented() ? "use the pregao that wrote it, or a newer one"
                                                        : "restore the file named from a copy of the lake"});
      continue;
    }
    const auto snapshot = (*table)->snapshot();
    const auto rows = RowCount(*snapshot);
    std::int64_t bytes = 0;
    for (const auto& file : snapshot->files) bytes += file->size;
    out->push_back({name.view, Health::kOk,
                    fmt::format("version {}, {} rows in {} files, {}{}", snapshot->version.value,
                                rows ? HumanCount(*rows) : "uncounted",
                                HumanCount(static_cast<std::int64_t>(snapshot->files.size())), HumanSize(bytes),
                                topic.ok() ? Lag(*snapshot, *topic) : ""),
                    ""});
  }
}

}  // namespace pregao::cli
