#pragma once
#include <cstdint>

#include "cli/commands.h"
#include "engine/repair.h"
#include "query/audit.h"

namespace pregao::cli {

/// Appends what the audit has found missing: out of Bronze, else out of the topic.
[[nodiscard]] Result<engine::RepairCounts> RepairLosses(const Context& context, query::Session* session,
                                                        const query::AuditLosses& losses, bool dry_run);

}  // namespace pregao::cli
