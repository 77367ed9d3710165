#pragma once
/// The portfolio at the board's prices.
#include <memory>
#include <mutex>
#include <string>

#include "market/watchlist.h"
#include "query/database.h"

#include "web/quote_board.h"

namespace pregao::web {

/// Asks the very SQL of the view `portfolio`, so that page and tables agree, in a small database of its own.
/// Thread-safe.
class LivePortfolio {
 public:
  /// {"positions":[…],"totals":[…],"base":{…} or null,"rates":[…]} as src/web/openapi.yaml has it; what is not known is
  /// null. @param currency  the base currency; empty: none
  [[nodiscard]] Result<std::string> Json(const market::Watchlist& list, const std::string& currency,
                                         const QuoteBoard& board);

 private:
  Result<std::string> Rows(const std::string& sql);

  std::mutex mutex_;
  std::unique_ptr<query::Database> database_;  // guarded by mutex_; made when first used
};

}  // namespace pregao::web
