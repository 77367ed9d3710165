#pragma once
#include <span>
#include <string>
#include <string_view>

namespace pregao::market {

/// What a currency code of Yahoo's means: GBp, ZAc and ILA are hundredths of GBP, ZAR and ILS.
struct CurrencyUnit {
  std::string_view currency;  ///< ISO 4217, where the code is one
  double per_unit = 1;        ///< how many of the quoted unit make one of `currency`
};
/// Borrows `code` in the answer unless it is one of the three. Any other code, GBP too, is its own unit.
[[nodiscard]] CurrencyUnit CurrencyUnitOf(std::string_view code);

/// One of the codes that are hundredths of a currency.
struct MinorCurrency {
  std::string_view code;
  CurrencyUnit unit;
};
[[nodiscard]] std::span<const MinorCurrency> MinorCurrencies();

/// Whether the text has the form of an ISO 4217 code: three capitals.
[[nodiscard]] bool IsCurrencyCode(std::string_view text);

/// What a ticker is quoted in, judged by its form, for Yahoo's stream often does not tell: PETR4.SA in BRL, BP.L in
/// GBp, ETH-EUR in EUR, BRL=X and USDBRL=X in BRL, AAPL in USD. Empty: unknown (indices, futures, exchanges not known).
[[nodiscard]] std::string_view QuotedIn(std::string_view ticker);

/// The ticker under which Yahoo streams a currency against the dollar: BRL=X (reais for a dollar), EURUSD=X (dollars
/// for a euro). USDBRL=X would stay silent.
[[nodiscard]] std::string DollarTicker(std::string_view currency);

}  // namespace pregao::market
