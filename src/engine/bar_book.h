#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/gold_bars.h"
#include "engine/silver_ticks.h"
#include "medallion/bar_tail.h"

namespace pregao::engine {

/// From new ticks to the bars that they change. Holds the tail of each ticker that has spoken, and asks the tables for
/// what is older: a process that starts rebuilds what it needs from them. What it answers counts as stored; when it
/// does not come into the table, the book is to be thrown away. Not thread-safe.
///
/// Ticks may be given again, and the tables may be ahead of what was given: the bars come out the same.
class BarBook {
 public:
  explicit BarBook(const lake::Table* bars) : bars_(bars), newest_(bars) {}

  /// The tables at their newest.
  struct Tables {
    const SilverTicks* silver;
    const lake::Snapshot* bars;
  };
  /// @param fresh  rows of Silver, of any time; each is in `tables.silver` too
  /// @return next revisions of the bars that they change
  [[nodiscard]] Result<std::vector<market::Bar>> Apply(const Tables& tables, Ticks fresh);

  /// For a book that is given all of Silver, in order of time: bars of `ticks` that are final, in place of Apply.
  /// Finish then gives those that are not. `day` is where all the ticks are.
  [[nodiscard]] Result<std::vector<market::Bar>> ApplyInOrder(const Tables& tables, Span day, Ticks ticks);
  [[nodiscard]] std::vector<market::Bar> Finish();

  /// Falls of day_volume within a session so far.
  [[nodiscard]] std::int64_t falls() const;
  [[nodiscard]] std::size_t tickers() const { return tails_.size(); }

 private:
  using Bars = std::vector<market::Bar>;
  /// Ticks older than their ticker's tail, and the days still to be built anew.
  struct Late {
    std::map<std::int64_t, std::set<std::string>> days;  ///< start of the UTC day -> tickers
    Ticks fresh;                                         ///< normalised
    /// The last volume at the end of the day before, where that is new.
    std::map<std::string, medallion::Tick> carried;
  };

  [[nodiscard]] Status Wake(const Tables& tables, const Ticks& fresh);
  [[nodiscard]] Status ReviseLate(const Tables& tables, Late late, Bars* changed);
  [[nodiscard]] Status ReviseDay(const Tables& tables, std::int64_t day_us, const std::vector<std::string>& tickers,
                                 Late* late, Bars* changed);
  void Pass(const std::string& ticker, std::int64_t next_day_us, const medallion::Tick& last, Late* late);
  [[nodiscard]] Status LearnVolumes(const SilverTicks& silver, const std::set<std::string>& tickers);

  const lake::Table* bars_;
  NewestBars newest_;
  std::map<std::string, medallion::BarTail> tails_;
};

}  // namespace pregao::engine
