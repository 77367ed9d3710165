#pragma once
/// Which tables we may read and write. Source: "Table Features" in PROTOCOL.md of delta-io/delta.
#include "base/status.h"
#include "lake/actions.h"

namespace pregao::lake {

/// NotImplemented when the table needs a reader feature that we lack, with the remedy.
[[nodiscard]] Status CheckReadable(const Protocol& protocol);
[[nodiscard]] Status CheckReadable(const Metadata& metadata);
/// NotImplemented when a writer must do something that we cannot: writer versions above 2, column invariants.
[[nodiscard]] Status CheckWritable(const Protocol& protocol, const Metadata& metadata);
/// `delta.appendOnly`: nothing may be removed but by a commit that leaves the rows as they are.
[[nodiscard]] bool IsAppendOnly(const Metadata& metadata);

}  // namespace pregao::lake
