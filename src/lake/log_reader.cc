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

Result<LogListing> ListLog(ObjectStore* store, const std::string& root) {
  const std::string folder = LogFolder(root);
  TRY_ASSIGN(const auto infos, store->List(folder));
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

/// KeyError when there is no such entry.
Status ReadEntry(ObjectStore* store, const std::string& root, TableVersion version, LogState* state) {
  TRY_ASSIGN(const LogEntry entry, ReadLogEntry(store, root, version));
  const Status status = state->Apply(entry, version);
  return status.ok() ? status : status.WithMessage(Named(store, LogEntryPath(root, version)), ": ", status.message());
}

Status ReadEntries(ObjectStore* store, const std::string& root, TableVersion last, LogState* state) {
  while (state->version() < last) {
    const TableVersion version = state->version() + 1;
    const Status status = ReadEntry(store, root, version, state);
    if (status.IsKeyError()) {
      return Status::Invalid(Named(store, LogEntryPath(root, version)), " is missing, but version ", last.value,
                             " is there: the log is damaged; restore the file");
    }
    TRY(status);
  }
  return Status::OK();
}

Status CheckComplete(ObjectStore* store, const std::string& root, const LogState& state) {
  const Status status = state.CheckComplete();
  return status.ok() ? status : status.WithMessage(Named(store, LogFolder(root)), ": ", status.message());
}

/// The newest state by the checkpoint that the hint names, without a listing: the folder has a file for each commit of
/// the log's retention, and a local disk lists all or nothing. nullopt when the hint leads nowhere.
Result<std::optional<LogState>> LoadByHint(ObjectStore* store, const std::string& root, TableVersion hint) {
  LogState state;
  const Status read = ReadCheckpoint(store, root, {hint}, &state);
  if (read.IsKeyError()) return std::nullopt;  // cleaned up since, of several parts, or never there
  TRY(read);
  Status next;
  do {
    next = ReadEntry(store, root, state.version() + 1, &state);
  } while (next.ok());
  if (!next.IsKeyError()) return next;
  // The end of the log, unless what follows has been cleaned up, and then this version's entry went first.
  const auto last = store->GetRange(LogEntryPath(root, state.version()), 0, 1);
  if (last.status().IsKeyError()) return std::nullopt;
  TRY(last.status());
  TRY(CheckComplete(store, root, state));
  return state;
}

Result<LogState> LoadByListing(ObjectStore* store, const std::string& root) {
  TRY_ASSIGN(const LogListing listing, ListLog(store, root));
  TRY(CheckListing(store, root, listing));
  LogState state;
  if (listing.checkpoint) TRY(ReadCheckpoint(store, root, *listing.checkpoint, &state));
  if (listing.last_entry) TRY(ReadEntries(store, root, *listing.last_entry, &state));
  TRY(CheckComplete(store, root, state));
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
  if (hint) {
    TRY_ASSIGN(auto state, LoadByHint(store, root, *hint));
    if (state) return std::move(*state);
  }
  return LoadByListing(store, root);
}

}  // namespace pregao::lake
