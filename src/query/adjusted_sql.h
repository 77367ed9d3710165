#pragma once
/// Bars as dividends and splits make them comparable.

namespace pregao::query {

/// Makes the table macro bars_adjusted(as_of), of `bars`, `corporate_actions` and exchange_day(): bars up to that day,
/// as they were adjusted on it. The rules are in docs/gold.md.
extern const char kAdjustedMacro[];

/// SELECT as of today.
inline constexpr char kAdjustedToday[] = "SELECT * FROM bars_adjusted(current_date)";

}  // namespace pregao::query
