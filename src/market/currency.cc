#include "market/currency.h"

namespace pregao::market {

CurrencyUnit CurrencyUnitOf(std::string_view code) {
  if (code == "GBp") return {"GBP", 100};
  if (code == "ZAc") return {"ZAR", 100};
  if (code == "ILA") return {"ILS", 100};
  return {code, 1};
}

}  // namespace pregao::market
