#pragma once
/// What the page's API answers from: the board, the tables, the watchlist, the pipeline's own figures.
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "market/watchlist.h"
#include "query/limited.h"
#include "query/session.h"

#include "web/gap_list.h"
#include "web/live_portfolio.h"
#include "web/quote_board.h"
#include "web/remembered.h"
#include "web/shared_session.h"
#include "web/snapshot.h"

namespace pregao::web {

struct PageOptions {
  std::filesystem::path watchlist;
  std::string source;              ///< in words: what the page looks at, such as the lake's path
  query::Limits sql_limits;        ///< of the page's own SQL box
  std::string portfolio_currency;  ///< in which all positions are given besides; empty: none
  /// Opens a session whose database has DatabaseOptions::only_folders; called again until it succeeds.
  OpenQuerySession open_session;
  Sources sources;  ///< of this process; all may be empty
};

/// Answers as JSON. Thread-safe.
class Page {
 public:
  /// `clock` must outlive the page.
  Page(PageOptions options, const Clock* clock);

  [[nodiscard]] QuoteBoard* board() { return &board_; }
  /// Fills the board from Silver, for tickers of the watchlist and its rates that it knows nothing of. An absent table
  /// is no error; a lake that takes longer than a minute is one. Cancelled by `stop`. After the first time tickers that
  /// are new in the watchlist are looked for by themselves.
  [[nodiscard]] Status Seed(const std::stop_token& stop);

  [[nodiscard]] Result<std::string> Quotes();
  [[nodiscard]] Result<std::string> History(const std::string& ticker);
  [[nodiscard]] Result<std::string> Bars(const std::string& ticker, const std::string& interval);
  [[nodiscard]] Result<std::string> Portfolio();
  [[nodiscard]] Result<std::string> Gaps();
  [[nodiscard]] Result<std::string> Health(std::size_t pages);
  [[nodiscard]] Result<std::string> Sql(const std::string& sql);
  [[nodiscard]] Result<std::string> ShowWatchlist();
  [[nodiscard]] Status AddToWatchlist(const std::string& ticker);
  [[nodiscard]] Status RemoveFromWatchlist(const std::string& ticker);

 private:
  /// Of late, or the last that there are; none is no error.
  [[nodiscard]] Result<query::JsonRows> NewestBars(const std::string& ticker, const std::string& interval,
                                                   Waited* waited);
  [[nodiscard]] Result<market::Watchlist> ReadWatchlist() const;
  /// Tickers of the watchlist and its rates that the board knows nothing of.
  [[nodiscard]] Result<std::vector<std::string>> Unknown() const;
  [[nodiscard]] Status SeedWith(const std::vector<std::string>& tickers, const std::stop_token& stop);
  void SeedIfNew(const std::string& ticker);
  void SeedNew(const std::stop_token& stop);
  [[nodiscard]] Status EditWatchlist(const std::function<Result<std::string>(std::string_view)>& edit);
  [[nodiscard]] Result<std::string> Rejects();

  const PageOptions options_;
  const Clock* const clock_;
  QuoteBoard board_;
  SharedSession tables_, sql_;  // the page's own statements are never behind a user's
  GapList gap_list_;
  LivePortfolio portfolio_;
  Remembered shown_portfolio_{std::chrono::seconds(1)};
  Remembered history_{std::chrono::seconds(10)}, bars_{std::chrono::seconds(4)}, rejects_{std::chrono::seconds(5)};
  Remembered gaps_{std::chrono::seconds(5)};
  std::mutex watchlist_mutex_;  // of writers

  std::mutex seed_mutex_;
  std::condition_variable_any seed_wake_;
  // Guarded by seed_mutex_:
  bool seeded_ = false, seed_wanted_ = false;  // Seed has ended once; there are tickers to look for
  std::set<std::string> sought_;               // in Silver
  std::jthread seeder_;                        // last: it uses the others
};

}  // namespace pregao::web
