#pragma once
/// Gold's tables in the lake. Whoever appends to them opens them with these.
#include "lake/table.h"

namespace pregao::engine {

inline constexpr const char* kBarsRoot = "gold/bars";
inline constexpr const char* kCorporateActionsRoot = "gold/corporate_actions";

/// medallion::BarSchema() by date. Append-only: a bar that changes gets a row with the next revision.
[[nodiscard]] lake::TableSpec BarsSpec();
/// medallion::CorporateActionSchema(), not partitioned: there are few.
[[nodiscard]] lake::TableSpec CorporateActionsSpec();

/// Opens the table, or creates it. Invalid when another engine owns it (property pregao.owner).
/// `clock` must outlive the answer.
[[nodiscard]] Result<std::shared_ptr<lake::Table>> OpenGold(std::shared_ptr<lake::ObjectStore> store, const char* root,
                                                            const Clock* clock, const lake::TableOptions& options = {});

}  // namespace pregao::engine
