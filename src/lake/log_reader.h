#pragma once
/// Reading a Delta log from a store.
#include <string>

#include "base/status.h"
#include "lake/log_state.h"
#include "lake/object_store.h"

namespace pregao::lake {

/// The actions of one version. KeyError when there is no such entry; Invalid when it is damaged.
[[nodiscard]] Result<LogEntry> ReadLogEntry(ObjectStore* store, const std::string& root, TableVersion version);

/// The newest state: the newest complete checkpoint and the entries after it.
/// @return KeyError when there is no log at all; Invalid when it is damaged or has a gap, naming the file.
[[nodiscard]] Result<LogState> LoadLogState(ObjectStore* store, const std::string& root);

}  // namespace pregao::lake
