#include "market/portfolio.h"

#include <algorithm>
#include <set>

#include "market/currency.h"

namespace pregao::market {

bool IsPosition(const WatchlistEntry& entry) { return entry.quantity.value_or(0) > 0; }

std::vector<std::string> RateTickers(const Watchlist& list, std::string_view base) {
  if (base.empty()) return {};
  std::set<std::string_view> currencies;
  for (const WatchlistEntry& entry : list.entries) {
    if (!IsPosition(entry)) continue;
    const std::string_view currency = CurrencyUnitOf(QuotedIn(entry.ticker)).currency;
    if (!currency.empty() && currency != base) currencies.insert(currency);
  }
  if (currencies.empty()) return {};
  currencies.insert(base);
  currencies.erase("USD");
  std::vector<std::string> out;
  for (const std::string_view currency : currencies) out.push_back(DollarTicker(currency));
  return out;
}

std::vector<std::string> ExtraTickers(const Watchlist& list, std::string_view base) {
  std::vector<std::string> out = RateTickers(list, base);
  std::erase_if(out, [&](const std::string& ticker) {
    return std::any_of(list.entries.begin(), list.entries.end(),
                       [&](const WatchlistEntry& entry) { return entry.ticker == ticker; });
  });
  return out;
}

std::vector<std::string> PortfolioTickers(const Watchlist& list, std::string_view base) {
  std::vector<std::string> out = ExtraTickers(list, base);
  for (const WatchlistEntry& entry : list.entries) {
    if (IsPosition(entry) || entry.ticker.ends_with("=X")) out.push_back(entry.ticker);
  }
  return out;
}

}  // namespace pregao::market
