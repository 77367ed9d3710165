#pragma once
/// Which files brought rows to a table, as opposed to those that hold older rows anew.
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/types.h"
#include "lake/object_store.h"
#include "lake/table.h"

namespace pregao::lake {

struct LogEntry;

/// The files that hold the rows that `entries` added: a file that was only rewritten (optimize) counts as before, and a
/// file whose rows were deleted counts no more.
[[nodiscard]] std::vector<std::shared_ptr<const DataFile>> FilesAdded(const std::vector<LogEntry>& entries);

/// The same of the versions after `base` up to `newest`, read from the log. Invalid when it no longer goes back so far.
[[nodiscard]] Result<std::vector<std::shared_ptr<const DataFile>>> FilesAddedBetween(ObjectStore* store,
                                                                                     const std::string& root,
                                                                                     TableVersion base,
                                                                                     TableVersion newest);

}  // namespace pregao::lake
