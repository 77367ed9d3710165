#pragma once
/// What is sent in the stead of a rejected record or a dead letter.
#include <string>
#include <vector>

#include "base/clock.h"
#include "medallion/message_edit.h"
#include "query/again.h"

namespace pregao::cli {

/// The record itself, through the command if there is one, then with the edits made.
[[nodiscard]] query::Propose ProposeRepaired(std::vector<medallion::FieldEdit> edits, std::string through,
                                             const Clock* clock);
/// The frame's message, if the present decoder makes one of it, with the edits made.
[[nodiscard]] query::Propose ProposeDecoded(std::vector<medallion::FieldEdit> edits, std::string source,
                                            const Clock* clock);

}  // namespace pregao::cli
