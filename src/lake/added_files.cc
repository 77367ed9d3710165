#include "lake/added_files.h"

#include "lake/actions.h"
#include "lake/log_reader.h"
#include "lake/partition_path.h"

namespace pregao::lake {

std::vector<std::shared_ptr<const DataFile>> FilesAdded(const std::vector<LogEntry>& entries) {
  std::vector<std::shared_ptr<const DataFile>> files;
  for (const auto& entry : entries) {
    for (const auto& remove : entry.removes) {
      if (!remove.data_change) continue;
      std::erase_if(files, [&](const auto& file) { return UrlDecodePath(file->path) == UrlDecodePath(remove.path); });
    }
    for (const auto& add : entry.adds) {
      if (add.data_change) files.push_back(add.file);
    }
  }
  return files;
}

Result<std::vector<std::shared_ptr<const DataFile>>> FilesAddedBetween(ObjectStore* store, const std::string& root,
                                                                       TableVersion base, TableVersion newest) {
  std::vector<LogEntry> entries;
  for (TableVersion version = base + 1; version <= newest; version = version + 1) {
    auto entry = ReadLogEntry(store, root, version);
    if (entry.status().IsKeyError()) {
      return Status::Invalid("version ", base.value, " of ", root, " is older than the log goes back: start again");
    }
    TRY_ASSIGN(entries.emplace_back(), std::move(entry));
  }
  return FilesAdded(entries);
}

}  // namespace pregao::lake
