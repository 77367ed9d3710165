#pragma once
/// The positions of a watchlist, and what their value in another currency needs.
#include <string>
#include <string_view>
#include <vector>

#include "market/watchlist.h"

namespace pregao::market {

/// Whether the entry is held: its quantity is above 0.
[[nodiscard]] bool IsPosition(const WatchlistEntry& entry);

/// The currencies' tickers (DollarTicker) with which every position can be given in `base`, those in the watchlist
/// included. A rate between two currencies goes through the dollar. Empty: nothing is held in another currency, or
/// `base` is empty.
[[nodiscard]] std::vector<std::string> RateTickers(const Watchlist& list, std::string_view base);

/// RateTickers that the watchlist does not have: to be listened to beside it.
[[nodiscard]] std::vector<std::string> ExtraTickers(const Watchlist& list, std::string_view base);

/// All tickers whose quotes the portfolio is made of: positions, the watchlist's currencies, RateTickers.
[[nodiscard]] std::vector<std::string> PortfolioTickers(const Watchlist& list, std::string_view base);

}  // namespace pregao::market
