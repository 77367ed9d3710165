#pragma once
#include <string_view>

namespace pregao::market {

/// What a currency code of Yahoo's means: GBp, ZAc and ILA are hundredths of GBP, ZAR and ILS.
struct CurrencyUnit {
  std::string_view currency;  ///< ISO 4217, where the code is one
  double per_unit = 1;        ///< how many of the quoted unit make one of `currency`
};
/// Borrows `code` in the answer unless it is one of the three. Any other code, GBP too, is its own unit.
[[nodiscard]] CurrencyUnit CurrencyUnitOf(std::string_view code);

}  // namespace pregao::market
