#pragma once
/// Folders of a partitioned table, and file paths as the log has them.
#include <string>
#include <string_view>

#include "base/status.h"
#include "lake/table.h"

namespace pregao::lake {

/// `date=2026-11-22/ticker=BRK%2FB`: Hive's layout and escapes, columns in the order of their names; empty for none.
/// A null is __HIVE_DEFAULT_PARTITION__. Invalid for an empty value, which Delta cannot tell from null.
[[nodiscard]] Result<std::string> PartitionPath(const PartitionValues& values);

/// A path of the store as the log's `path`, URL-encoded (RFC 2396), and back. '/' stays.
[[nodiscard]] std::string UrlEncodePath(std::string_view path);
/// Percent signs that begin no escape are kept as they are.
[[nodiscard]] std::string UrlDecodePath(std::string_view path);

}  // namespace pregao::lake
