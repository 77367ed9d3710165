#pragma once
/// Bars and corporate actions that somebody asked a history service for -> gold/bars and gold/corporate_actions.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "lake/data_file.h"
#include "lake/object_store.h"
#include "lake/table.h"
#include "market/bar.h"

namespace pregao::engine {

/// UTC seconds, half-open.
struct HistorySpan {
  std::int64_t from_s = 0, to_s = 0;
  friend bool operator==(const HistorySpan&, const HistorySpan&) = default;
};

/// One answer: all that there is of a ticker's bars of one interval in a span.
struct HistoryPart {
  std::string ticker, interval;
  HistorySpan span;
  std::int64_t settled_s = 0;  ///< what starts before it, within the span, will not change by itself
  std::vector<market::Bar> bars;
  std::vector<market::CorporateAction> actions;
  /// Whether all of the span was asked for, and is covered by the answer. False: only `bars`, for gaps in the stream.
  bool covers = true;
  /// Gaps of the ticker's stream that end by then, UTC seconds, have been asked for, and the answer will not change.
  std::optional<std::int64_t> gaps_asked_to_s = {};
};

struct HistoryOptions {
  int max_fencings = 8;  ///< by others who extend the same coverage, in a row
  lake::WriteOptions write;
  lake::TableOptions table;
};

struct HistoryCounts {
  std::int64_t bars = 0;       ///< rows appended, revisions included
  std::int64_t revisions = 0;  ///< of these, those of bars that were there with other values, or not final
  std::int64_t unchanged = 0;  ///< bars that were there already
  std::int64_t actions = 0;    ///< rows appended
  std::int64_t commits = 0;
};

/// Appends what the tables do not hold yet: the same answer again adds nothing, whoever wrote the first one. Prices
/// that differ by less than a millionth are the same (Yahoo answers alike requests with another seventh digit).
///
/// What is covered, one contiguous span of each ticker and interval, is written in the commit that holds the bars: two
/// `txn` actions, `pregao:chart:<interval>:<ticker>:from` and `:to`. Up to where gaps have been asked for is a third,
/// `pregao:gaps:<ticker>`, which only moves on. Not thread-safe; several processes may write at a
/// time.
class History {
 public:
  /// Opens the tables, or creates them. Invalid: another engine owns them. `clock` must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<History>> Open(std::shared_ptr<lake::ObjectStore> store,
                                                             const Clock* clock, HistoryOptions options = {});

  /// The span that is covered, as last read from the table. nullopt: nothing.
  [[nodiscard]] std::optional<HistorySpan> Covered(const std::string& ticker, const std::string& interval) const;
  /// Commits actions, then bars and coverage. A part that touches what is covered extends it, another one replaces it.
  [[nodiscard]] Status Write(const std::vector<HistoryPart>& parts);
  [[nodiscard]] const HistoryCounts& counts() const { return counts_; }

  /// Covered() of a lake that is only looked at: nothing where there is no table.
  [[nodiscard]] static Result<std::map<std::string, std::int64_t>> Positions(std::shared_ptr<lake::ObjectStore> store,
                                                                             const Clock* clock,
                                                                             const lake::TableOptions& options = {});
  [[nodiscard]] static std::optional<HistorySpan> CoveredIn(const std::map<std::string, std::int64_t>& positions,
                                                            const std::string& ticker, const std::string& interval);
  /// Up to where gaps of the ticker have been asked for, UTC seconds; nullopt: none has.
  [[nodiscard]] static std::optional<std::int64_t> GapsAskedTo(const std::map<std::string, std::int64_t>& positions,
                                                               const std::string& ticker);
  /// The same of every ticker that has been asked for.
  [[nodiscard]] static std::map<std::string, std::int64_t> GapsAsked(
      const std::map<std::string, std::int64_t>& positions);

 private:
  using Files = std::vector<std::shared_ptr<const lake::DataFile>>;
  using BarKey = std::tuple<std::string, std::string, std::int64_t>;  // ticker, interval, start
  using Bars = std::map<BarKey, market::Bar>;                         // the last revision of each
  using ActionKey = std::tuple<std::string, std::int32_t, market::ActionKind>;
  using Actions = std::map<ActionKey, market::CorporateAction>;

  History(const Clock* clock, HistoryOptions options) : clock_(clock), options_(std::move(options)) {}
  [[nodiscard]] Status WriteActions(const std::vector<HistoryPart>& parts);
  [[nodiscard]] Status WriteBars(const std::vector<HistoryPart>& parts);
  [[nodiscard]] Status LearnBars(const Files& files, const std::vector<HistoryPart>& parts, Bars* held) const;
  [[nodiscard]] Status LearnActions(const Files& files, Actions* held) const;
  [[nodiscard]] Status AddBarFiles(std::vector<market::Bar> bars, lake::Transaction* txn) const;

  const Clock* const clock_;  // not owned
  const HistoryOptions options_;
  std::shared_ptr<lake::Table> bars_, actions_;
  HistoryCounts counts_;
};

}  // namespace pregao::engine
