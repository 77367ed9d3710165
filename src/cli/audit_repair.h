#pragma once
#include <string>

#include "cli/commands.h"
#include "engine/lake_sink.h"
#include "engine/repair.h"
#include "query/audit.h"

namespace pregao::cli {

/// Appends what the audit has found missing: out of Bronze, else out of the topic.
/// @param owner  whose tables they are (pregao.owner); if not the embedded engine's, that one must be at rest
[[nodiscard]] Result<engine::RepairCounts> RepairLosses(const Context& context, query::Session* session,
                                                        const query::AuditLosses& losses, bool dry_run,
                                                        const std::string& owner = engine::kOwner);

}  // namespace pregao::cli
