#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/gap_plan.h"
#include "engine/history.h"
#include "query/session.h"
#include "yahoo/chart_client.h"

namespace pregao::cli {

struct GapFillerStats {
  std::int64_t gaps = 0;      ///< asked for, each as often as it was
  std::int64_t bars = 0;      ///< written, revisions included
  std::int64_t requests = 0;  ///< sent, retries included
  std::int64_t passes = 0;    ///< looks at the table
  std::string problem;        ///< why the last look did not end well; empty: it did
};

/// What a filler needs; the functions open what they name for one look at the table.
struct GapFillerParts {
  std::function<Result<std::unique_ptr<query::Session>>()> open_session;
  std::function<Result<std::unique_ptr<engine::History>>()> open_history;
  std::shared_ptr<yahoo::ChartClient> client;
  bool simulated = false;  ///< whose history it is: tickers that have quotes of the other source are not asked for
  std::chrono::milliseconds period{
      60'000};  ///< between two looks, at least; each takes a twentieth of the time at most
};

/// Finds gaps of the last 29 days in the view `gaps` and asks Yahoo's history for their minutes, each once, or twice
/// while Yahoo's answer may change. What was asked for is remembered by the commit that holds the answer, so another
/// process goes on where this one stopped. Bars that were there are revised only where they differ.
class GapFiller {
 public:
  /// `clock` must outlive it.
  GapFiller(GapFillerParts parts, const Clock* clock) : parts_(std::move(parts)), clock_(clock) {}
  /// Until `stop`. An error is told, once as long as it stays, and tried again.
  void Run(std::stop_token stop);
  /// One look at the table, and the requests that are due. IOError: Yahoo or the lake does not answer; what had come is
  /// written. Cancelled: stopped.
  [[nodiscard]] Status Pass(std::stop_token stop);
  /// Thread-safe.
  [[nodiscard]] GapFillerStats stats() const;

 private:
  [[nodiscard]] Result<std::vector<Gap>> FindGaps(query::Session* session);
  [[nodiscard]] Status DropForeign(query::Session* session, std::vector<GapQuery>* plan) const;
  [[nodiscard]] Status Ask(std::vector<GapQuery> plan, engine::History* history, std::stop_token stop);
  template <class F>
  void Update(F&& change) {
    const std::lock_guard lock(mutex_);
    change(stats_);
  }

  GapFillerParts parts_;
  const Clock* const clock_;
  std::set<Gap> tried_;                         // and not settled by then
  std::set<std::string, std::less<>> refused_;  // tickers that Yahoo does not know
  mutable std::mutex mutex_;
  GapFillerStats stats_;  // guarded by mutex_
};

/// The filler of the settings' lake; null where the setting gold.fill-gaps is off.
[[nodiscard]] std::unique_ptr<GapFiller> NewGapFiller(const Context& context);
/// " · 12 bars filled from the chart"; empty while there are none and no problem. `filler` may be null.
[[nodiscard]] std::string GapsText(const GapFiller* filler);

}  // namespace pregao::cli
