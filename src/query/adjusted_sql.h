#pragma once
#include <string>

namespace pregao::query {

/// Two statements that make `bars_adjusted`: a table macro of a date, and a view of it as of today (docs/gold.md).
/// @param local_day  SQL of the day of an exchange's own, of the columns ticker and bar_start
[[nodiscard]] std::string AdjustedSql(const std::string& local_day);

}  // namespace pregao::query
