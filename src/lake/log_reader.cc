#include "lake/log_reader.h"

#include <map>
#include <set>

#include "lake/checkpoint_file.h"
#include "lake/json_reader.h"
#include "lake/log_path.h"
#include "lake/store_path.h"

namespace pregao::lake {
namespace {

/// A checkpoint whose parts are all there.
struct CheckpointRef {
  TableVersion version;
  std::int64_t parts = 1;
};

struct LogListing {
  std::optional<CheckpointRef> checkpoint;  ///< the newest
  std::optional<TableVersion> first_entry, last_entry;
  bool has_other_checkpoint = false;  ///< of a kind that we do not read
};

/// Whole path of a log file for messages.
std::string Named(ObjectStore* store, const std::string& path) { return JoinPath(store->uri(), path); }

/// `_last_checkpoint` spares a listing of the whole log. It is only a hint: absent or damaged, it says nothing.
Result<std::optional<TableVersion>> ReadHint(ObjectStore* store, const std::string& root) {
  const auto bytes = store->Get(LastCheckpointPath(root));
  if (bytes.status().IsKeyError()) return std::nullopt;
  TRY(bytes.status());
  simdjson::dom::parser parser;
  const auto object = ParseJsonObject(&parser, *bytes);
  if (!object.ok()) return std::nullopt;
  const auto version = JsonFields(*object, "_last_checkpoint").Int("version");
  if (!version.ok() || *version < 0) return std::nullopt;
  return TableVersion(*version);
}

Result<LogListing> ListLog(ObjectStore* store, const std::string& root, std::optional<TableVersion> from) {
  const std::string folder = LogFolder(root);
  TRY_ASSIGN(const auto infos, store->List(folder, from ? LogPrefix(root, *from) : ""));
  LogListing listing;
  std::map<std::pair<TableVersion, std::int64_t>, std::set<std::int64_t>> parts;  // (version, parts) -> parts seen
  for (const auto& info : infos) {
    const std::string name = info.path.substr(folder.size());
    const auto file = ParseLogFile(name);
    if (!file || name.find('/') != std::string::npos) continue;
    switch (file->kind) {
      case LogFileKind::kEntry:
        if (!listing.first_entry) listing.first_entry = file->version;
        listing.last_entry = file->version;
        break;
      case LogFileKind::kCheckpoint: {
        auto& seen = parts[{file->version, file->parts}];
        seen.insert(file->part);
        if (std::ssize(seen) == file->parts) listing.checkpoint = CheckpointRef{file->version, file->parts};
        break;
      }
      case LogFileKind::kOther:
        listing.has_other_checkpoint |= name.find(".checkpoint.") != std::string::npos;
        break;
    }
  }
  return listing;
}

Status CheckListing(ObjectStore* store, const std::string& root, const LogListing& listing) {
  const std::string folder = Named(store, LogFolder(root));
  if (listing.checkpoint) return Status::OK();
  if (!listing.first_entry && !listing.has_other_checkpoint) {
    return Status::KeyError("there is no Delta table at ", Named(store, root), ": no log in ", folder);
  }
  if (listing.first_entry == TableVersion(0)) return Status::OK();
  if (listing.has_other_checkpoint) {
    return Status::NotImplemented(folder,
                                  " has checkpoints of a kind that pregao does not read (V2 or incomplete): set "
                                  "delta.checkpointPolicy to classic and write one");
  }
  return Status::Invalid(folder, " begins with version ", listing.first_entry->value,
                         " and has no complete checkpoint: the log is damaged; restore the missing files");
}

Status ReadCheckpoint(ObjectStore* store, const std::string& root, const CheckpointRef& checkpoint, LogState* state) {
  LogEntry actions;
  std::string first;
  for (std::int64_t part = 1; part <= checkpoint.parts; ++part) {
    const std::string path = CheckpointPartPath(root, checkpoint.version, part, checkpoint.parts);
    if (part == 1) first = Named(store, path);
    TRY_ASSIGN(std::string bytes, store->Get(path));
    TRY(ReadCheckpointFile(std::move(bytes), Named(store, path), &actions));
  }
  const Status status = state->Apply(actions, checkpoint.version);
  return status.ok() ? status : status.WithMessage(first, ": ", status.message());
}

Status ReadEntries(ObjectStore* store, const std::string& root, TableVersion last, LogState* state) {
  while (state->version() < last) {
    const TableVersion version = state->version() + 1;
    const std::string name = Named(store, LogEntryPath(root, version));
    const auto entry = ReadLogEntry(store, root, version);
    if (entry.status().IsKeyError()) {
      return Status::Invalid(name, " is missing, but version ", last.value,
                             " is there: the log is damaged; restore the file");
    }
    TRY(entry.status());
    const Status status = state->Apply(*entry, version);
    if (!status.ok()) return status.WithMessage(name, ": ", status.message());
  }
  return Status::OK();
}

/// @return KeyError "gone" when the checkpoint was cleaned up between the listing and the reading.
Result<LogState> LoadFrom(ObjectStore* store, const std::string& root, std::optional<TableVersion> hint) {
  TRY_ASSIGN(LogListing listing, ListLog(store, root, hint));
  if (hint && !listing.checkpoint) {
    TRY_ASSIGN(listing, ListLog(store, root, std::nullopt));
  }
  TRY(CheckListing(store, root, listing));
  LogState state;
  if (listing.checkpoint) TRY(ReadCheckpoint(store, root, *listing.checkpoint, &state));
  if (listing.last_entry) TRY(ReadEntries(store, root, *listing.last_entry, &state));
  if (const Status status = state.CheckComplete(); !status.ok()) {
    return status.WithMessage(Named(store, LogFolder(root)), ": ", status.message());
  }
  return state;
}

}  // namespace

Result<LogEntry> ReadLogEntry(ObjectStore* store, const std::string& root, TableVersion version) {
  const std::string path = LogEntryPath(root, version);
  TRY_ASSIGN(const std::string bytes, store->Get(path));
  return ParseLogEntry(bytes, Named(store, path));
}

Result<LogState> LoadLogState(ObjectStore* store, const std::string& root) {
  TRY_ASSIGN(const auto hint, ReadHint(store, root));
  auto state = LoadFrom(store, root, hint);
  if (hint && state.status().IsKeyError()) return LoadFrom(store, root, std::nullopt);
  return state;
}

}  // namespace pregao::lake
