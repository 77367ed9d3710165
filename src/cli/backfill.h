#pragma once
/// The work of `pregao backfill`: what is missing is asked for, and written.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/history.h"
#include "market/calendar.h"
#include "yahoo/chart_client.h"

namespace pregao::cli {

struct BackfillRange {
  yahoo::ChartInterval interval;
  std::int64_t from_s = 0, to_s = 0;  ///< UTC seconds, half-open
  std::int64_t now_s = 0;
  bool again = false;  ///< what is covered is asked for too
};

/// What is to be asked of one ticker, in that order: each answer touches what was covered before it, so a run that is
/// broken off leaves one span that is covered, and the next one goes on from there.
struct BackfillTicker {
  std::string ticker;
  std::optional<engine::HistorySpan> covered;  ///< before
  std::vector<yahoo::ChartQuery> queries;
  std::int64_t bars = 0;     ///< that came
  std::string problem = {};  ///< why it was given up, or not finished; empty: all came
};

struct BackfillPlan {
  std::vector<BackfillTicker> tickers;
  std::optional<std::int64_t> begins_s;  ///< later than asked for: Yahoo has no older bars
  [[nodiscard]] std::int64_t requests() const;
};

/// @param positions  of gold/bars, see engine::History::Positions. Pure.
[[nodiscard]] BackfillPlan PlanBackfill(const std::vector<std::string>& tickers, const BackfillRange& range,
                                        const std::map<std::string, std::int64_t>& positions,
                                        const market::Calendars& calendars);

/// Asks and writes, some windows of every ticker a commit. A ticker that Yahoo refuses is given up, with its problem in
/// the plan, and the others go on; when Yahoo does not answer at all, everything stops there, and the problem of
/// those that are not finished says so. What had come is committed in any case.
/// @param progress  gets the requests done, and all of them
/// @return IOError: Yahoo does not answer, or the lake does not; Cancelled: stopped
[[nodiscard]] Status RunBackfill(BackfillPlan* plan, yahoo::ChartClient* client, engine::History* history,
                                 const Clock& clock, std::stop_token stop,
                                 const std::function<void(std::int64_t, std::int64_t)>& progress);

}  // namespace pregao::cli
