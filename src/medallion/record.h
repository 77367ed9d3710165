#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace pregao::medallion {

/// A topic's record as the medallion sees it. Borrows its bytes.
struct Record {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = 0;  ///< the broker's, since the epoch, UTC; negative: none
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  ///< 64 bytes behind it can be read
};

}  // namespace pregao::medallion
