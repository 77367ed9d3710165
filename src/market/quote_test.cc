#include "market/quote.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <set>

#include "base/json_writer.h"

namespace pregao::market {
namespace {

TEST(ShortestDouble, RestoresEveryCentBelow10000) {  // exhaustive: one million prices
  for (std::int64_t cents = 1; cents < 1'000'000; ++cents) {
    const double price = static_cast<double>(cents) / 100.0;
    ASSERT_EQ(ShortestDouble(static_cast<float>(price)), price) << cents;
  }
}

TEST(ShortestDouble, NamesTheSameFloat32) {
  for (std::uint64_t bits = 1; bits < 0x7F80'0000; bits += 4'099) {
    const auto wire = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    ASSERT_EQ(static_cast<float>(ShortestDouble(wire)), wire) << bits;
    ASSERT_EQ(ShortestDouble(-wire), -ShortestDouble(wire)) << bits;
  }
}

TEST(ShortestDouble, LeavesWhatIsNotFiniteAsItIs) {
  EXPECT_TRUE(std::isnan(ShortestDouble(std::numeric_limits<float>::quiet_NaN())));
  EXPECT_TRUE(std::isinf(ShortestDouble(std::numeric_limits<float>::infinity())));
  EXPECT_TRUE(std::signbit(ShortestDouble(-0.0F)));
}

TEST(EnumNames, GoBothWaysForEveryListedValue) {
  std::set<std::string> names;
  for (const std::int32_t value : {0, 5, 7, 8, 9, 11, 12, 13, 14, 15, 17, 18, 20, 23, 28, 41, 42, 46, 1000}) {
    const std::string name = QuoteTypeName(value);
    EXPECT_FALSE(std::isdigit(static_cast<unsigned char>(name[0]))) << value;
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_EQ(QuoteTypeValue(name), value);
  }
  for (const std::int32_t value : {0, 1, 2, 3, 4}) EXPECT_EQ(MarketHoursValue(MarketHoursName(value)), value);
  EXPECT_EQ(QuoteTypeName(8), "EQUITY");
  EXPECT_EQ(MarketHoursName(0), "PRE_MARKET");
}

TEST(EnumNames, AnUnlistedValueIsItsDigits) {
  EXPECT_EQ(QuoteTypeName(77), "77");
  EXPECT_EQ(MarketHoursName(-1), "-1");
  EXPECT_EQ(QuoteTypeValue("77"), 77);
  EXPECT_EQ(MarketHoursValue("-1"), -1);
  EXPECT_EQ(QuoteTypeValue("equity"), std::nullopt);
  EXPECT_EQ(QuoteTypeValue("8x"), std::nullopt);
  EXPECT_EQ(QuoteTypeValue(""), std::nullopt);
}

TEST(Fields, EachStandsAtItsIndexAndHasItsOwnTag) {
  std::set<std::uint32_t> tags;
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    EXPECT_EQ(kFields[i].field, i);
    EXPECT_TRUE(tags.insert(kFields[i].tag).second) << kFields[i].key;
  }
  EXPECT_EQ(*tags.begin(), 1U);
  EXPECT_EQ(*tags.rbegin(), kFields.size());
}

Quote Petrobras() {
  Quote quote;
  quote[kTicker] = "PETR4.SA";
  quote[kPrice] = ShortestDouble(32.1F);
  quote[kEventTime] = std::int64_t{1'760'000'000'000};
  quote[kExchange] = "SAO";
  quote[kChangePercent] = 0.0;
  quote[kChange] = -0.25;
  return quote;
}

TEST(ToJson, PutsTheSixSeedFieldsFirst) {
  EXPECT_EQ(
      ToJson(Petrobras()),
      R"({"ticker":"PETR4.SA","price":32.1,"time":1760000000000,"exchange":"SAO","change_percent":0,"change":-0.25})");
}

TEST(ToJson, ThenTheOthersThenUnknownFieldsReceptionAndSource) {
  Quote quote = Petrobras();
  quote[kMarketCap] = 1876726640000.0;
  quote[kQuoteType] = "EQUITY";
  quote[kMarketHours] = "REGULAR_MARKET";
  quote[kDayVolume] = std::int64_t{5'422'202};
  quote.unknown_fields = std::string("\x92\x03\x02hi", 5);
  quote.received_at = TimestampMs(1'760'000'000'250);
  quote.source = "yahoo";
  EXPECT_EQ(
      ToJson(quote),
      R"({"ticker":"PETR4.SA","price":32.1,"time":1760000000000,"exchange":"SAO","change_percent":0,"change":-0.25,)"
      R"("quote_type":"EQUITY","market_hours":"REGULAR_MARKET","day_volume":5422202,"market_cap":1876726640000,)"
      R"("unknown_fields":"kgMCaGk=","received_at":1760000000250,"source":"yahoo"})");
}

TEST(ToJson, OmitsWhatIsAbsent) { EXPECT_EQ(ToJson(Quote{}), "{}"); }

TEST(ToJson, WritesAnEnumWithoutANameAsANumber) {
  Quote quote;
  quote[kQuoteType] = "77";
  quote[kMarketHours] = "-1";
  EXPECT_EQ(ToJson(quote), R"({"quote_type":77,"market_hours":-1})");
}

TEST(ToJson, KeepsATickerOfDigitsAString) {
  Quote quote;
  quote[kTicker] = "600519";
  EXPECT_EQ(ToJson(quote), R"({"ticker":"600519"})");
}

TEST(ToJson, EscapesTextAndOmitsWhatIsNotFinite) {
  Quote quote;
  quote[kShortName] = "A \"B\"\n\\ ação";
  quote[kBid] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(ToJson(quote), R"({"short_name":"A \"B\"\n\\ ação"})");
}

TEST(AppendJson, AddsToWhatIsThere) {
  std::string out = "x";
  AppendJson(Quote{}, &out);
  EXPECT_EQ(out, "x{}");
}

}  // namespace
}  // namespace pregao::market
