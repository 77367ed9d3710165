#pragma once
/// What the page's API answers from: the board, the tables, the watchlist, the pipeline's own figures.
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "market/watchlist.h"
#include "query/limited.h"
#include "query/session.h"

#include "web/live_portfolio.h"
#include "web/quote_board.h"
#include "web/snapshot.h"

namespace pregao::web {

struct PageOptions {
  std::filesystem::path watchlist;
  std::string source;              ///< in words: what the page looks at, such as the lake's path
  query::Limits sql_limits;        ///< of the page's own SQL box
  std::string portfolio_currency;  ///< in which all positions are given besides; empty: none
  /// Opens a session whose database has DatabaseOptions::only_folders; called again until it succeeds.
  std::function<Result<std::unique_ptr<query::Session>>()> open_session;
  Sources sources;  ///< of this process; all may be empty
};

/// A session that is opened when first used, for one statement at a time. Thread-safe.
class SharedSession {
 public:
  /// `prepare` is called before each use; it may be null.
  explicit SharedSession(std::function<Result<std::unique_ptr<query::Session>>()> open,
                         std::function<void(query::Session*)> prepare = nullptr)
      : open_(std::move(open)), prepare_(std::move(prepare)) {}
  /// Cancelled: another statement has kept it for `patience`.
  [[nodiscard]] Result<query::JsonRows> Run(const std::string& sql, const query::Limits& limits,
                                            std::chrono::milliseconds patience);
  /// Calls `use` with the session to itself.
  [[nodiscard]] Status With(const std::function<Status(query::Session*)>& use, std::chrono::milliseconds patience);

 private:
  const std::function<Result<std::unique_ptr<query::Session>>()> open_;
  const std::function<void(query::Session*)> prepare_;
  std::timed_mutex mutex_;
  std::unique_ptr<query::Session> session_;  // guarded by mutex_
};

/// Answers that are computed again only when they are old, so that many pages cost what a few do. One is computed at a
/// time, for which the others wait `patience` at most; at most kMost are kept. Thread-safe.
class Remembered {
 public:
  static constexpr std::size_t kMost = 64;
  explicit Remembered(std::chrono::milliseconds age, std::chrono::milliseconds patience = std::chrono::seconds(5))
      : age_(age), patience_(patience) {}
  /// Cancelled: another answer took longer than the patience.
  [[nodiscard]] Result<std::string> Get(const std::string& key, const std::function<Result<std::string>()>& make);

 private:
  const std::chrono::milliseconds age_, patience_;
  std::timed_mutex mutex_;
  struct Answer {
    std::string value;
    std::chrono::steady_clock::time_point made;
  };
  std::map<std::string, Answer> answers_;  // guarded by mutex_
};

/// Answers as JSON. Thread-safe.
class Page {
 public:
  /// `clock` must outlive the page.
  Page(PageOptions options, const Clock* clock);

  [[nodiscard]] QuoteBoard* board() { return &board_; }
  /// Fills the board from Silver, for tickers of the watchlist and its rates that it knows nothing of. An absent table
  /// is no error; a lake that takes longer than a minute is one. Cancelled by `stop`.
  [[nodiscard]] Status Seed(const std::stop_token& stop);

  [[nodiscard]] Result<std::string> Quotes();
  [[nodiscard]] Result<std::string> History(const std::string& ticker);
  [[nodiscard]] Result<std::string> Bars(const std::string& ticker, const std::string& interval);
  [[nodiscard]] Result<std::string> Portfolio();
  [[nodiscard]] Result<std::string> Health(std::size_t pages);
  [[nodiscard]] Result<std::string> Sql(const std::string& sql);
  [[nodiscard]] Result<std::string> ShowWatchlist();
  [[nodiscard]] Status AddToWatchlist(const std::string& ticker);
  [[nodiscard]] Status RemoveFromWatchlist(const std::string& ticker);

 private:
  [[nodiscard]] Result<market::Watchlist> ReadWatchlist() const;
  [[nodiscard]] Status EditWatchlist(const std::function<Result<std::string>(std::string_view)>& edit);
  [[nodiscard]] Result<std::string> Rejects();

  const PageOptions options_;
  const Clock* const clock_;
  QuoteBoard board_;
  SharedSession tables_, sql_;  // the page's own statements are never behind a user's
  LivePortfolio portfolio_;
  Remembered shown_portfolio_{std::chrono::seconds(1)};
  Remembered history_{std::chrono::seconds(10)}, bars_{std::chrono::seconds(4)}, rejects_{std::chrono::seconds(5)};
  std::mutex watchlist_mutex_;  // of writers
};

}  // namespace pregao::web
