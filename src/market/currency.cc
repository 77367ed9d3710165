#include "market/currency.h"

#include <algorithm>
#include <array>
#include <utility>

namespace pregao::market {
namespace {

constexpr std::array<MinorCurrency, 3> kMinor{{{"GBp", {"GBP", 100}}, {"ZAc", {"ZAR", 100}}, {"ILA", {"ILS", 100}}}};

/// What most shares of an exchange are quoted in, by the end of their tickers.
constexpr std::array<std::pair<std::string_view, std::string_view>, 46> kBySuffix{
    {{"SA", "BRL"}, {"BA", "ARS"}, {"MX", "MXN"}, {"SN", "CLP"}, {"TO", "CAD"}, {"V", "CAD"},  {"CN", "CAD"},
     {"NE", "CAD"}, {"L", "GBp"},  {"JO", "ZAc"}, {"TA", "ILA"}, {"DE", "EUR"}, {"F", "EUR"},  {"PA", "EUR"},
     {"AS", "EUR"}, {"BR", "EUR"}, {"LS", "EUR"}, {"MI", "EUR"}, {"MC", "EUR"}, {"VI", "EUR"}, {"IR", "EUR"},
     {"HE", "EUR"}, {"SW", "CHF"}, {"CO", "DKK"}, {"ST", "SEK"}, {"OL", "NOK"}, {"IC", "ISK"}, {"WA", "PLN"},
     {"PR", "CZK"}, {"BD", "HUF"}, {"IS", "TRY"}, {"T", "JPY"},  {"HK", "HKD"}, {"SS", "CNY"}, {"SZ", "CNY"},
     {"KS", "KRW"}, {"KQ", "KRW"}, {"TW", "TWD"}, {"SI", "SGD"}, {"NS", "INR"}, {"BO", "INR"}, {"JK", "IDR"},
     {"KL", "MYR"}, {"BK", "THB"}, {"AX", "AUD"}, {"NZ", "NZD"}}};

}  // namespace

std::span<const MinorCurrency> MinorCurrencies() { return kMinor; }

CurrencyUnit CurrencyUnitOf(std::string_view code) {
  for (const MinorCurrency& minor : kMinor) {
    if (minor.code == code) return minor.unit;
  }
  return {code, 1};
}

bool IsCurrencyCode(std::string_view text) {
  return text.size() == 3 && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string_view QuotedIn(std::string_view ticker) {
  if (ticker.ends_with("=X")) {
    const std::string_view pair = ticker.substr(0, ticker.size() - 2);
    const bool known = (pair.size() == 3 || pair.size() == 6) && IsCurrencyCode(pair.substr(pair.size() - 3));
    return known ? pair.substr(pair.size() - 3) : std::string_view();
  }
  if (ticker.find_first_of("^=") != std::string_view::npos) return {};
  if (const auto dot = ticker.rfind('.'); dot != std::string_view::npos) {
    const std::string_view suffix = ticker.substr(dot + 1);
    const auto found =
        std::find_if(kBySuffix.begin(), kBySuffix.end(), [&](const auto& known) { return known.first == suffix; });
    return found == kBySuffix.end() ? std::string_view() : found->second;
  }
  const auto dash = ticker.rfind('-');  // BRK-B is a share, BTC-USD is not
  if (dash != std::string_view::npos && ticker.size() - dash > 3) {
    const std::string_view money = ticker.substr(dash + 1);
    return IsCurrencyCode(money) ? money : std::string_view();
  }
  return "USD";
}

std::string DollarTicker(std::string_view currency) {
  for (const std::string_view first : {"EUR", "GBP", "AUD", "NZD"}) {
    if (currency == first) return std::string(currency) + "USD=X";
  }
  return std::string(currency) + "=X";
}

}  // namespace pregao::market
