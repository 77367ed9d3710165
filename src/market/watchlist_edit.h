#pragma once
/// Changes of a watchlist's text that leave everything else as it stands: comments, order, line ends.
#include <string>
#include <string_view>

#include "base/status.h"

namespace pregao::market {

/// The text with a line for `ticker` (in capitals) at its end. The same text when the ticker is in it. Invalid: it is
/// no ticker.
[[nodiscard]] Result<std::string> AddTicker(std::string_view text, std::string_view ticker);
/// The text without the lines of `ticker`. A comment behind the ticker goes with it; one on a line of its own stays.
/// KeyError: no line has the ticker.
[[nodiscard]] Result<std::string> RemoveTicker(std::string_view text, std::string_view ticker);

}  // namespace pregao::market
