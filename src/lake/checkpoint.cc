#include "lake/checkpoint.h"

#include <charconv>
#include <map>
#include <set>

#include "base/json_writer.h"
#include "lake/checkpoint_file.h"
#include "lake/json_reader.h"
#include "lake/log_path.h"
#include "lake/protocol_check.h"

namespace pregao::lake {
namespace {

using std::chrono::milliseconds;

/// The version that `_last_checkpoint` names, or -1.
Result<std::int64_t> LastCheckpointVersion(ObjectStore* store, const std::string& root) {
  const auto bytes = store->Get(LastCheckpointPath(root));
  if (bytes.status().IsKeyError()) return -1;
  TRY(bytes.status());
  simdjson::dom::parser parser;
  const auto object = ParseJsonObject(&parser, *bytes);
  return object.ok() ? JsonFields(*object, "_last_checkpoint").Int("version").ValueOr(-1) : -1;
}

/// The newest version in `infos` that has a complete checkpoint and is not above `limit`.
std::optional<TableVersion> NewestCheckpoint(const std::vector<ObjectInfo>& infos, std::size_t name_begin,
                                             TableVersion limit) {
  std::map<std::pair<TableVersion, std::int64_t>, std::set<std::int64_t>> parts;
  std::optional<TableVersion> newest;
  for (const auto& info : infos) {
    const auto file = ParseLogFile(std::string_view(info.path).substr(name_begin));
    if (!file || file->kind != LogFileKind::kCheckpoint || file->version > limit) continue;
    auto& seen = parts[{file->version, file->parts}];
    seen.insert(file->part);
    if (std::ssize(seen) == file->parts) newest = file->version;
  }
  return newest;
}

}  // namespace

milliseconds TombstoneRetention(const Metadata& metadata) {
  constexpr milliseconds kDefault = std::chrono::weeks(1);
  const auto found = metadata.configuration.find("delta.deletedFileRetentionDuration");
  if (found == metadata.configuration.end()) return kDefault;
  // "interval 3 days", as Spark and delta-rs write it.
  std::string_view text = found->second;
  if (text.starts_with("interval ")) text.remove_prefix(9);
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || count < 0 || count > 100'000'000) return kDefault;
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  if (unit.ends_with('s')) unit.remove_suffix(1);
  if (unit == "week") return std::chrono::weeks(count);
  if (unit == "day") return std::chrono::days(count);
  if (unit == "hour") return std::chrono::hours(count);
  if (unit == "minute") return std::chrono::minutes(count);
  if (unit == "second") return std::chrono::seconds(count);
  return kDefault;
}

Status WriteCheckpoint(ObjectStore* store, const std::string& root, const LogState& state, TimestampMs now) {
  TRY(CheckWritable(state.protocol(), state.metadata()));
  const LogEntry actions = state.MakeCheckpoint(now + (-TombstoneRetention(state.metadata()).count()));
  TRY_ASSIGN(const std::string bytes, WriteCheckpointFile(actions));
  TRY(store->Put(CheckpointPath(root, state.version()), bytes));
  TRY_ASSIGN(const std::int64_t present, LastCheckpointVersion(store, root));
  if (present >= state.version().value) return Status::OK();  // a rival was faster
  const std::size_t rows = actions.adds.size() + actions.removes.size() + actions.transactions.size() + 2;
  JsonWriter json;
  json.BeginObject();
  json.Key("version");
  json.Int(state.version().value);
  json.Key("size");
  json.Int(static_cast<std::int64_t>(rows));
  json.Key("sizeInBytes");
  json.Int(static_cast<std::int64_t>(bytes.size()));
  json.Key("numOfAddFiles");
  json.Int(std::ssize(actions.adds));
  json.EndObject();
  return store->Put(LastCheckpointPath(root), json.str());
}

Status CleanLog(ObjectStore* store, const std::string& root, TimestampMs cutoff) {
  const std::string folder = LogFolder(root);
  TRY_ASSIGN(const auto infos, store->List(folder));
  std::optional<TableVersion> last_old;  // entries are written in order: the first young one ends the search
  for (const auto& info : infos) {
    const auto file = ParseLogFile(std::string_view(info.path).substr(folder.size()));
    if (!file || file->kind != LogFileKind::kEntry) continue;
    if (info.modified > cutoff) break;
    last_old = file->version;
  }
  if (!last_old) return Status::OK();
  const auto keep = NewestCheckpoint(infos, folder.size(), *last_old);
  if (!keep) return Status::OK();
  for (const auto& info : infos) {  // oldest first: a crash between leaves a log without gaps
    const auto file = ParseLogFile(std::string_view(info.path).substr(folder.size()));
    if (file && file->version < *keep) TRY(store->Delete(info.path));
  }
  return Status::OK();
}

}  // namespace pregao::lake
