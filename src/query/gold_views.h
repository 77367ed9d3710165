#pragma once
/// Views that are made of the tables' views: bars, bars_5m, bars_1h, bars_1d, latest, gaps, bars_adjusted. See
/// docs/gold.md.
#include <string>
#include <vector>

namespace pregao::query {

struct DerivedView {
  std::string name;
  std::string base;                 ///< the table's view that it is made of in the end
  std::vector<std::string> before;  ///< derived views that it is made of
  std::string sql;                  ///< its SELECT
  std::string prepare = "";         ///< a statement to be run before the view is made; empty: none
};

/// In an order in which they can be created.
[[nodiscard]] const std::vector<DerivedView>& DerivedViews();

}  // namespace pregao::query
