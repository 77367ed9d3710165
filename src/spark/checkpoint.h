#pragma once
/// What a checkpoint of Spark's tells without Spark. Source: OffsetSeqLog and CommitLog of Spark 4 (text, "v1").
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/status.h"
#include "lake/object_store.h"

namespace pregao::spark {

using Offsets = std::map<std::int32_t, std::int64_t>;  ///< partition -> next offset to read

/// The end of a batch, out of its file in `offsets/`; empty where it names another topic. Invalid: it is no such file.
[[nodiscard]] Result<Offsets> ParseOffsets(std::string_view file, std::string_view topic);

/// Where the query of this checkpoint stands in `topic`: the end of the last batch that it has committed. What a batch
/// that was not marked as committed has written is beyond it. Empty before the first, and where there is no checkpoint.
/// @param folder  of the checkpoint, in the store
[[nodiscard]] Result<Offsets> CommittedOffsets(lake::ObjectStore* store, const std::string& folder,
                                               const std::string& topic);

/// Where a query of a checkpoint stands in its topic. Between the two lies the batch that it writes again when it is
/// started, and that its table may have already.
struct Stand {
  Offsets committed;  ///< see CommittedOffsets
  Offsets planned;    ///< the end of the last batch that it began; the same where that is committed
};
/// To be asked while the query does not run. Errors are those of CommittedOffsets.
[[nodiscard]] Result<Stand> StandOf(lake::ObjectStore* store, const std::string& folder, const std::string& topic);

}  // namespace pregao::spark
