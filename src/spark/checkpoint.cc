#include "spark/checkpoint.h"

#include <charconv>
#include <optional>
#include <simdjson.h>

namespace pregao::spark {
namespace {

/// The batch that a file of a log is about; nullopt: it is about none, such as a checksum.
std::optional<std::int64_t> BatchOf(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  std::int64_t batch = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), batch);
  if (error != std::errc() || end != name.data() + name.size() || batch < 0) return std::nullopt;
  return batch;
}

Result<Offsets> OffsetsOf(simdjson::dom::object partitions) {
  Offsets out;
  for (const auto [key, value] : partitions) {
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), partition);
    if (error != std::errc() || end != key.data() + key.size() || value.get(offset) != simdjson::SUCCESS) {
      return Status::Invalid("'", std::string(key), "' is no partition with an offset");
    }
    out[partition] = offset;
  }
  return out;
}

/// The end of the last batch that a log, `offsets` or `commits`, has; empty where it has none.
Result<Offsets> EndOf(lake::ObjectStore* store, const std::string& folder, const char* log, const std::string& topic) {
  TRY_ASSIGN(const auto batches, store->List(folder + "/" + log + "/"));
  std::optional<std::int64_t> last;
  for (const auto& file : batches) last = std::max(last, BatchOf(file.path));  // nullopt is less than any
  if (!last) return Offsets{};
  const std::string path = folder + "/offsets/" + std::to_string(*last);
  TRY_ASSIGN(const auto text, store->Get(path));
  const auto offsets = ParseOffsets(text, topic);
  if (!offsets.ok()) {
    return Status::Invalid(store->uri(), "/", path,
                           " is not what a checkpoint of Spark 4 has: ", offsets.status().message());
  }
  return offsets;
}

}  // namespace

Result<Offsets> ParseOffsets(std::string_view file, std::string_view topic) {
  if (!file.starts_with("v1\n")) return Status::Invalid("it does not start with 'v1'");
  // A line about the batch, then one line a source: a query of ours has one, Kafka.
  const auto meta_end = file.find('\n', 3);
  if (meta_end == std::string_view::npos) return Status::Invalid("it has no line of a source");
  const std::string_view line = file.substr(meta_end + 1);
  simdjson::dom::parser parser;
  simdjson::dom::element source;
  if (const auto error = parser.parse(line.data(), line.size()).get(source)) {
    return Status::Invalid("its source's offsets are no JSON: ", simdjson::error_message(error));
  }
  simdjson::dom::object partitions;
  if (source[topic].get(partitions) != simdjson::SUCCESS) return Offsets{};
  return OffsetsOf(partitions);
}

Result<Offsets> CommittedOffsets(lake::ObjectStore* store, const std::string& folder, const std::string& topic) {
  return EndOf(store, folder, "commits", topic);
}

Result<Stand> StandOf(lake::ObjectStore* store, const std::string& folder, const std::string& topic) {
  Stand out;
  TRY_ASSIGN(out.committed, EndOf(store, folder, "commits", topic));
  TRY_ASSIGN(out.planned, EndOf(store, folder, "offsets", topic));
  return out;
}

}  // namespace pregao::spark
