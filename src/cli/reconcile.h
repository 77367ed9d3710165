#pragma once
/// Bars built from the stream against those of Yahoo's history, minute by minute.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "market/bar.h"
#include "market/calendar.h"

namespace pregao::cli {

struct ReconcileRules {
  double price_percent = 0.1;                  ///< of the history's price; a larger difference is one
  std::optional<double> volume_percent = {};   ///< of the history's volume; nullopt: volumes are not compared
  const market::Calendar* calendar = nullptr;  ///< a bar that only one of both has counts in a session; null: always
};

/// What one of both says and the other does not.
struct Difference {
  std::string ticker;
  std::int64_t start_us = 0;            ///< the bar's, UTC microseconds
  std::string what;                     ///< open, high, low, close, volume; or "bar": one of both has none
  std::optional<double> stream, chart;  ///< the values; of a bar its close. nullopt: none
  std::optional<double> percent;        ///< of the history's value; nullopt where it cannot be told
};

struct Reconciled {
  std::int64_t compared = 0;   ///< minutes that both have
  std::int64_t differing = 0;  ///< of these, those with a difference
  std::int64_t only_stream = 0, only_chart = 0;
  std::vector<Difference> differences;  ///< by time
  [[nodiscard]] bool clean() const { return differing == 0 && only_stream == 0 && only_chart == 0; }
};

/// Compares one ticker's minutes, each list by start, each start once. A minute of the history in which nothing was
/// traded (all prices the same and no volume) is not missed in the stream. Pure.
[[nodiscard]] Reconciled Reconcile(const std::vector<market::Bar>& stream, const std::vector<market::Bar>& chart,
                                   const ReconcileRules& rules);

}  // namespace pregao::cli
