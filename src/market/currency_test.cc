#include "market/currency.h"

#include <gtest/gtest.h>

namespace pregao::market {
namespace {

TEST(CurrencyUnit, PenceCentsAndAgorotAreHundredths) {
  for (const auto& [code, currency] : {std::pair("GBp", "GBP"), std::pair("ZAc", "ZAR"), std::pair("ILA", "ILS")}) {
    EXPECT_EQ(CurrencyUnitOf(code).currency, currency);
    EXPECT_EQ(CurrencyUnitOf(code).per_unit, 100);
  }
}

TEST(CurrencyUnit, EveryOtherCodeIsItself) {
  for (const char* const code : {"GBP", "ZAR", "ILS", "USD", "BRL", "gbp", "GBX", ""}) {
    EXPECT_EQ(CurrencyUnitOf(code).currency, code);
    EXPECT_EQ(CurrencyUnitOf(code).per_unit, 1);
  }
}

}  // namespace
}  // namespace pregao::market
