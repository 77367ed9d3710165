#pragma once
#include <memory>
#include <string>

#include "cli/commands.h"
#include "engine/lake_sink.h"
#include "engine/repair.h"
#include "query/audit.h"
#include "query/audit_lake.h"

namespace pregao::cli {

/// What mends a lake's tables, as an audit has just seen them.
/// @param owner  whose tables they are (pregao.owner); if not the embedded engine's, that one must be at rest
[[nodiscard]] Result<std::unique_ptr<engine::Repair>> OpenLakeRepair(const Context& context,
                                                                     const query::LakeAuditTables& tables, bool dry_run,
                                                                     const std::string& owner = engine::kOwner);

/// Appends what the audit has found missing: out of Bronze, else out of the topic.
[[nodiscard]] Result<engine::RepairCounts> RepairLosses(const Context& context, query::AuditTables* tables,
                                                        const query::AuditLosses& losses, engine::Repair* repair);

}  // namespace pregao::cli
