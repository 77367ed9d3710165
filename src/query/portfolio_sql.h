#pragma once
/// The arithmetic of a portfolio, as SQL: over Silver for the views `portfolio` and `portfolio_totals`, over live
/// quotes for the page.
#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "market/watchlist.h"

namespace pregao::query {

/// Whose positions a session shows.
struct PortfolioSource {
  std::function<Result<market::Watchlist>()> read;  ///< asked at each statement; empty: there is no portfolio
  std::string currency;                             ///< ISO 4217, or empty: nothing is converted
};

inline constexpr char kPortfolioView[] = "portfolio", kPortfolioTotalsView[] = "portfolio_totals";

/// SELECT of the positions in the watchlist's order, columns as docs/gold.md has them. What is not known is NULL.
/// @param quotes  a relation with the columns ticker, price, change, currency (null or empty: judged by the ticker) and
///                event_time, of each ticker one row
[[nodiscard]] std::string PortfolioSql(const market::Watchlist& list, const std::string& currency,
                                       const std::string& quotes);

/// SELECT of the sums in each currency, and of all in the base currency (NULL while a rate is unknown). Positions
/// without a quote are left out. @param portfolio  a relation as PortfolioSql gives it
[[nodiscard]] std::string PortfolioTotalsSql(const std::string& portfolio);

}  // namespace pregao::query
