#include "listen/spool_file.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <utility>

#include "listen/spool.h"

namespace pregao::listen {
namespace {

topic::NewRecord Copy(const topic::RecordBatch& batch, std::size_t i) {
  const auto text = [](std::optional<std::string_view> view) {
    return view ? std::optional<std::string>(*view) : std::nullopt;
  };
  const auto headers = batch.Headers(i);
  return {text(batch.Key(i)), text(batch.Value(i)), batch[i].timestamp, {headers.begin(), headers.end()}};
}

/// The same in every version: files have it in their names.
std::uint64_t Fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

}  // namespace

std::string SpoolName(const std::string& address) {
  constexpr std::size_t kLongest = 249;
  std::string name;
  for (const char c : address) {
    const bool legal = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
    name += legal ? c : '_';
  }
  if (name.size() <= kLongest) return name;
  // What tells two addresses of one cluster apart stands at their ends.
  const std::string hash = fmt::format("-{:016x}", Fnv1a(address));
  return name.substr(0, kLongest - hash.size()) + hash;
}

Offset FirstWaiting(const topic::Positions& sent, const topic::OffsetRange& there) {
  const auto at = sent.find(kSpoolPartition);
  return at == sent.end() ? there.low : std::clamp(at->second, there.low, there.high);
}

std::int64_t SpoolBytes(std::span<const topic::NewRecord> records) {
  std::size_t bytes = 0;
  for (const auto& record : records) {
    bytes += 20 + (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
    for (const auto& header : record.headers) bytes += 8 + header.key.size() + header.value.size();
  }
  return static_cast<std::int64_t>(bytes);
}

Result<std::unique_ptr<SpoolFile>> SpoolFile::Open(const std::string& path, const std::string& name) {
  topic::LocalTopicOptions options;
  options.path = path;
  options.name = name;
  options.partitions = 1;
  std::unique_ptr<SpoolFile> file(new SpoolFile(std::move(options)));
  const Status status = file->Start();
  if (!status.ok()) return status.WithMessage("the spool: ", status.message());
  return file;
}

Status SpoolFile::Start() {
  TRY_ASSIGN(writer_, topic::OpenLocalWriter(options_));
  TRY_ASSIGN(reader_, topic::OpenLocalReader(options_, {.group = kSpoolGroup, .partitions = {}}));
  TRY(reader_->Poll(1, std::chrono::milliseconds(0)).status());  // the assignment
  TRY_ASSIGN(const auto ranges, reader_->Ranges());
  TRY_ASSIGN(const auto sent, topic::LocalGroupPositions(options_, kSpoolGroup));
  const topic::OffsetRange there = ranges.at(kSpoolPartition);
  next_ = FirstWaiting(sent, there);
  left_records_ = there.high - next_;
  TRY_ASSIGN(left_bytes_, topic::TrimLocalTopic(options_, {{kSpoolPartition, next_}}));
  return reader_->Seek({{kSpoolPartition, next_}});
}

Result<std::vector<topic::NewRecord>> SpoolFile::Next(std::size_t most) {
  // A Poll that failed may have read on: what it had taken would be skipped, and removed with what follows.
  if (std::exchange(astray_, true)) TRY(reader_->Seek({{kSpoolPartition, next_}}));
  TRY_ASSIGN(const auto polled, reader_->Poll(most, std::chrono::seconds(1)));
  if (const auto lost = polled.lost.find(kSpoolPartition); lost != polled.lost.end()) {
    return Status::IOError(options_.path, ": ", lost->second.high - lost->second.low,
                           " records that waited were removed by another program before they were sent; start the "
                           "listener again, and it goes on behind them");
  }
  astray_ = false;
  std::vector<topic::NewRecord> records;
  for (std::size_t i = 0; i < polled.records.size(); ++i) {
    records.push_back(Copy(polled.records, i));
    next_ = polled.records[i].offset + 1;
  }
  return records;
}

Status SpoolFile::Forget() {
  TRY(reader_->Commit({{kSpoolPartition, next_}}));
  return topic::TrimLocalTopic(options_, {{kSpoolPartition, next_}}).status();
}

}  // namespace pregao::listen
