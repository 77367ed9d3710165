// A look at a spool from outside.
#include <filesystem>

#include "listen/spool.h"
#include "listen/spool_file.h"

namespace pregao::listen {
namespace {

Result<SpoolWaiting> LookAt(const std::string& path, const std::string& name) {
  topic::LocalTopicOptions options;
  options.path = path;
  options.name = name;
  options.create = false;
  SpoolWaiting waiting{name, 0, 0, {}};
  TRY_ASSIGN(const auto reader, topic::OpenLocalReader(options, {.group = "look", .partitions = {}}));
  TRY_ASSIGN(const auto sent, topic::LocalGroupPositions(options, kSpoolGroup));
  TRY_ASSIGN(const auto ranges, reader->Ranges());
  const topic::OffsetRange there = ranges.at(kSpoolPartition);
  const Offset next = FirstWaiting(sent, there);
  waiting.records = there.high - next;
  if (waiting.records == 0) return waiting;
  TRY_ASSIGN(waiting.bytes, topic::LocalTopicBytes(options));
  TRY(reader->Poll(1, std::chrono::milliseconds(0)).status());  // the assignment
  TRY(reader->Seek({{kSpoolPartition, next}}));
  TRY_ASSIGN(const auto first, reader->Poll(1, std::chrono::milliseconds(0)));
  if (!first.records.empty()) waiting.oldest = first.records[0].timestamp;
  return waiting;
}

}  // namespace

Result<std::vector<SpoolWaiting>> LookAtSpool(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return Status::KeyError("there is no spool ", path);
  TRY_ASSIGN(const auto names, topic::ListLocalTopics(path));
  std::vector<SpoolWaiting> all;
  for (const std::string& name : names) {
    TRY_ASSIGN(auto waiting, LookAt(path, name));
    if (waiting.records > 0) all.push_back(std::move(waiting));
  }
  return all;
}

}  // namespace pregao::listen
