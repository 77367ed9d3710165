#pragma once
/// Bars as dividends and splits make them comparable.
#include <string>

namespace pregao::query {

/// The statement that makes the table macro bars_adjusted(as_of), of `bars` and `corporate_actions`: bars up to that
/// day, as they were adjusted on it. The rules are in docs/gold.md.
/// @param local_day  an expression of the columns ticker and bar_start: the day of the exchange's own
[[nodiscard]] std::string AdjustedMacro(const std::string& local_day);

/// SELECT as of today.
inline constexpr char kAdjustedToday[] = "SELECT * FROM bars_adjusted(current_date)";

}  // namespace pregao::query
