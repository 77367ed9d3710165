#pragma once
/// What is to be asked of Yahoo's history for gaps in the stream.
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "engine/history.h"
#include "yahoo/chart.h"

namespace pregao::cli {

/// A row of the view `gaps`: minutes without a bar, UTC seconds, half-open.
struct Gap {
  std::string ticker;
  engine::HistorySpan span;
  friend auto operator<=>(const Gap& a, const Gap& b) {
    return std::tie(a.ticker, a.span.from_s, a.span.to_s) <=> std::tie(b.ticker, b.span.from_s, b.span.to_s);
  }
  friend bool operator==(const Gap& a, const Gap& b) { return (a <=> b) == 0; }
};

/// One request, and what it is for.
struct GapQuery {
  yahoo::ChartQuery query;
  std::vector<Gap> gaps;  ///< that have a minute in its range, by start
  /// Once the ticker's queries up to this one are answered: up to where its gaps need not be asked for again.
  std::optional<std::int64_t> asked_to_s;
};

/// Requests for the gaps that are due, by ticker and time; gaps of a ticker that lie close are one request. A gap is
/// due two minutes after its end, and once more when Yahoo's answer has settled, an hour after it. Left out: what
/// positions say was asked for, what `tried` holds and has not settled, and what is older than Yahoo's minutes. Pure.
/// @param gaps       in any order
/// @param positions  of gold/bars, see engine::History::GapsAskedTo
[[nodiscard]] std::vector<GapQuery> PlanGaps(std::vector<Gap> gaps,
                                             const std::map<std::string, std::int64_t>& positions,
                                             const std::set<Gap>& tried, std::int64_t now_s);

/// Of an answer what the gaps lack: their minutes, and the one on each side, which the stream may have in part only.
[[nodiscard]] engine::HistoryPart GapPart(const GapQuery& asked, std::vector<market::Bar> bars);

/// Whether Yahoo's answer for the gap will not change by itself any more.
[[nodiscard]] bool IsSettled(const Gap& gap, std::int64_t now_s);

}  // namespace pregao::cli
