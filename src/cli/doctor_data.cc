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
#include "lake/partition_path.h"
#include "lake/table.h"
#include "query/broken_file.h"
#include "query/session.h"
#include "topic/positions.h"

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

constexpr std::size_t kFilesLooked = 10'000, kBucketFilesLooked = 20;  // a request each there

/// What is wrong with the first of a version's newest files that is not there whole; empty: nothing. `looked` is told
/// how many were looked at.
std::string BrokenFile(lake::ObjectStore* store, const std::string& root, const lake::Snapshot& snapshot, bool bucket,
                       std::size_t* looked) {
  constexpr std::string_view kMagic = "PAR1";  // the last bytes of a Parquet file
  auto files = snapshot.files;
  *looked = std::min(files.size(), bucket ? kBucketFilesLooked : kFilesLooked);
  const auto end = files.begin() + static_cast<std::ptrdiff_t>(*looked);
  std::partial_sort(files.begin(), end, files.end(),
                    [](const auto& a, const auto& b) { return a->modified.value > b->modified.value; });
  for (auto file = files.begin(); file != end; ++file) {
    const std::string path = lake::UrlDecodePath((*file)->path);
    if (path.starts_with('/') || path.find("://") != std::string::npos) continue;  // of another store
    const auto last = static_cast<std::int64_t>(kMagic.size());
    const auto bytes = store->GetRange(root + "/" + path, (*file)->size - last, last);
    if (bytes.ok() && *bytes == kMagic) continue;
    const std::string why = bytes.status().IsKeyError() ? "is missing"
                            : bytes.ok()                ? "does not end as a Parquet file does"
                                                        : "cannot be read (" + bytes.status().message() + ")";
    return fmt::format("the file {}/{}/{} {}", store->uri(), root, path, why);
  }
  return "";
}

using TablePositions = std::map<std::string, std::int64_t>;

/// How far a table is. The engine that commits quarantine before silver leaves a version of quarantine out where there
/// is no reject: then silver tells how far it is.
TablePositions Reached(const std::string& view, const TablePositions& own, const TablePositions& silver) {
  TablePositions reached = own;
  if (view != "quarantine") return reached;
  for (const auto& [id, position] : silver) reached[id] = std::max(reached[id], position);
  return reached;
}

/// Where a table stands in the topic.
struct Reading {
  std::string text;
  std::string fix;  // empty where nothing is wrong
};

// "; 3 offsets behind the topic" over all partitions (a transaction's markers have offsets too), or that the table
// knows nothing of this topic.
Reading ReadingOf(const TablePositions& positions, const TopicState& topic) {
  const auto held = topic::PositionsOf(positions, topic.info, "", false);
  if (!held.ok()) {
    return {
        "; filled from another topic of this name (it was created anew, or lies elsewhere), at which pregao silver "
        "stops",
        "correct the setting topic or lake, or go on with `pregao silver --accept-new-topic`"};
  }
  if (held->empty()) return {"; nothing of this topic yet", ""};
  std::int64_t behind = 0;
  for (const auto& [partition, range] : topic.ranges) {
    const auto at = held->find(partition);
    behind += range.high - (at == held->end() ? range.low : at->second);
  }
  return {fmt::format("; {} offsets behind the topic", HumanCount(behind)), ""};
}

/// The table's finding, of its newest version.
Finding TableFinding(const Context& context, lake::ObjectStore* store, const query::TableName& name,
                     const lake::Snapshot& snapshot, const Reading& reading) {
  std::size_t looked = 0;
  const std::string broken = BrokenFile(store, name.root, snapshot, IsBucket(context.settings), &looked);
  const std::size_t all = snapshot.files.size();
  if (!broken.empty()) {
    return {name.view, Health::kFailure, fmt::format("version {}: {}", snapshot.version.value, broken),
            query::HowToMend(name, store->uri() + "/" + name.root)};
  }
  const auto rows = RowCount(snapshot);
  std::int64_t bytes = 0;
  for (const auto& file : snapshot.files) bytes += file->size;
  const auto count = [](std::size_t n) { return HumanCount(static_cast<std::int64_t>(n)); };
  return {
      name.view, reading.fix.empty() ? Health::kOk : Health::kWarning,
      fmt::format("version {}, {} rows in {} files{}, {}{}", snapshot.version.value,
                  rows ? HumanCount(*rows) : "uncounted", count(all),
                  looked == all ? "" : fmt::format(" ({} looked at)", count(looked)), HumanSize(bytes), reading.text),
      reading.fix};
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
  if (const Status named = lake::CheckLakeName(lake); !named.ok()) {
    out->push_back({"lake", Health::kFailure, named.message(), "correct the setting lake"});
    return;
  }
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
  TablePositions silver;
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
    if (name.view == "silver") silver = snapshot->positions;
    const bool read = topic.ok() && !name.root.starts_with("gold/");  // Gold's come from silver, or from history
    const Reading reading = read ? ReadingOf(Reached(name.view, snapshot->positions, silver), *topic) : Reading();
    out->push_back(TableFinding(context, store->get(), name, *snapshot, reading));
  }
}

}  // namespace pregao::cli
