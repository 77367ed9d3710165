#include "medallion/judge.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace pregao::medallion {
namespace {

constexpr std::int64_t kNow = 1'700'000'000'000;

/// A judged message; owns the bytes that the row borrows.
struct Judged {
  explicit Judged(std::string json, std::int64_t broker_ms = kNow) : text(std::move(json)) {
    const std::size_t size = text.size();
    text.resize(size + 64);
    rejection = judge.Decide({0, 0, broker_ms, "K", std::string_view(text.data(), size)}, &row);
  }
  std::string reason() const { return rejection ? std::string(RejectName(rejection->reason)) : "accepted"; }
  std::string text;
  Judge judge;
  SilverRow row;
  std::optional<Rejection> rejection;
};

std::string With(const std::string& more, const std::string& price = "12.5") {
  return R"({"ticker":"PETR4.SA","price":)" + price + R"(,"time":1700000000000)" + more + "}";
}

TEST(Judge, FillsARowFromTheSixFieldsOfTheSeed) {
  Judged j(
      R"({"ticker":"PETR4.SA","price":38.12,"time":1699999999000,"exchange":"SAO","change_percent":1.5,"change":-0.5})");
  ASSERT_EQ(j.reason(), "accepted");
  EXPECT_EQ(j.row.ticker(), "PETR4.SA");
  EXPECT_EQ(j.row.event_time_us(), 1'699'999'999'000'000);
  EXPECT_EQ(j.row.cells[market::kPrice].number, 38.12);
  EXPECT_EQ(j.row.cells[market::kPreviousClose].number, 38.12 - -0.5);
  EXPECT_FALSE(j.row.Has(market::kDayVolume));
  EXPECT_FALSE(j.row.received_at_us.has_value());
}

TEST(Judge, KeepsAPreviousCloseThatWasSent) {
  Judged j(With(R"(,"change":1,"previous_close":7)"));
  EXPECT_EQ(j.row.cells[market::kPreviousClose].number, 7);
}

TEST(Judge, EveryFieldGoesToItsCell) {
  for (const auto& spec : market::kFields) {
    if (spec.field == market::kTicker || spec.field == market::kPrice || spec.field == market::kEventTime) continue;
    const bool text = spec.kind == market::FieldKind::kString || spec.kind == market::FieldKind::kQuoteType ||
                      spec.kind == market::FieldKind::kMarketHours;
    Judged j(With(",\"" + std::string(spec.key) + "\":" + (text ? "\"x\"" : "3")));
    ASSERT_EQ(j.reason(), "accepted") << spec.key;
    EXPECT_TRUE(j.row.Has(spec.field)) << spec.key;
  }
}

TEST(Judge, AbsentNullAndUnknownAreNoFaults) {
  EXPECT_EQ(Judged(With(R"(,"currency":null,"day_volume":null,"source":null,"received_at":null)")).reason(),
            "accepted");
  EXPECT_EQ(Judged(With(R"(,"new":{"a":[1,{"b":null}]},"x":"\u00e7","y":1e9999,"z":true)")).reason(), "accepted");
}

TEST(Judge, EnumsWithoutANameAreTheirDigits) {
  Judged j(With(R"(,"quote_type":46,"market_hours":"OVERNIGHT")"));
  ASSERT_EQ(j.reason(), "accepted");
  EXPECT_EQ(j.row.cells[market::kQuoteType].text, "46");
  EXPECT_EQ(j.row.cells[market::kMarketHours].text, "OVERNIGHT");
}

TEST(Judge, MalformedIsAnythingButOneWholeObject) {
  for (const std::string bad : {"",
                                " ",
                                "{",
                                "}",
                                "[]",
                                "1",
                                "null",
                                "\"x\"",
                                "{}x",
                                "{} {}",
                                "{\"a\":1,}",
                                "{\"a\" 1}",
                                "{\"a\":01}",
                                "{\"a\":1.}",
                                "{\"a\":.5}",
                                "{\"a\":+1}",
                                "{\"a\":nul}",
                                "{\"a\":tru}",
                                "{\"a\":1 2}",
                                "{\"a\":\"\\q\"}",
                                "{\"a\":\"\\ud800\"}",
                                "{\"a\":\"\n\"}",
                                "{\"a\":[1,]}",
                                "{\"a\":{\"b\":}}",
                                "{\"a\":1 \"b\":2}",
                                "{a:1}",
                                "{'a':1}",
                                "{\"a\":NaN}",
                                "{\"a\":\"\xff\"}",
                                "\xEF\xBB\xBF{}",
                                "{\"\\q\":1}",
                                "{\"a\":1,\"a\":2}",
                                "{\"price\":1,\"price\":1}",
                                "{\"pri\\u0063e\":1,\"price\":1}",
                                "{\"u\":1,\"\\u0075\":2}",
                                "{\"price\":1x}",
                                "{\"time\":1-}",
                                "{\"ticker\":\"a\\x\"}"}) {
    EXPECT_EQ(Judged(bad).reason(), "malformed") << bad;
  }
}

TEST(Judge, MalformedComesBeforeWhatStandsInFrontOfIt) {
  EXPECT_EQ(Judged(R"({"ticker":1,"price":"x","a":nul})").reason(), "malformed");
}

TEST(Judge, MissingFieldIsAnAbsentOrNullRequiredOneOrAnEmptyTicker) {
  EXPECT_EQ(Judged("{}").reason(), "missing_field");
  EXPECT_EQ(Judged(R"({"ticker":"A","price":1})").reason(), "missing_field");
  EXPECT_EQ(Judged(R"({"ticker":null,"price":1,"time":1})").reason(), "missing_field");
  EXPECT_EQ(Judged(R"({"ticker":"","price":1,"time":1})").reason(), "missing_field");
  EXPECT_EQ(Judged(R"({"price":"x","time":1})").reason(), "missing_field") << "before wrong_type in the order";
  EXPECT_EQ(Judged(R"({"price":1e999,"time":1})").reason(), "missing_field") << "before bad_price in the order";
}

TEST(Judge, WrongTypeNamesTheFieldTheValueAndWhatItShouldBe) {
  Judged j(With(R"(,"day_volume":"many")"));
  EXPECT_EQ(j.reason(), "wrong_type");
  EXPECT_EQ(j.rejection->detail, R"(day_volume: "many" is not an integer of 64 bits)");
  for (const std::string bad :
       {R"(,"day_volume":1.5)", R"(,"day_volume":1e3)", R"(,"day_volume":9223372036854775808)", R"(,"currency":5)",
        R"(,"currency":{})", R"(,"quote_type":1.5)", R"(,"quote_type":true)", R"(,"received_at":"x")",
        R"(,"received_at":-5)", R"(,"source":5)", R"(,"day_high":1e999)", R"(,"day_high":"5")", R"(,"change":[])",
        R"(,"received_at":9000000000000000000)"}) {
    EXPECT_EQ(Judged(With(bad)).reason(), "wrong_type") << bad;
  }
  EXPECT_EQ(Judged(R"({"ticker":"A","price":"1","time":1})").reason(), "wrong_type");
  EXPECT_EQ(Judged(R"({"ticker":"A","price":1,"time":1.0})").reason(), "wrong_type");
}

TEST(Judge, BadPriceIsNotFiniteOrNotPositiveWhereItMustBe) {
  EXPECT_EQ(Judged(With("", "1e999")).reason(), "bad_price");
  for (const std::string type : {"EQUITY", "ETF", "MUTUALFUND", "CRYPTOCURRENCY", "CURRENCY"}) {
    EXPECT_EQ(Judged(With(",\"quote_type\":\"" + type + "\"", "0")).reason(), "bad_price") << type;
    EXPECT_EQ(Judged(With(",\"quote_type\":\"" + type + "\"", "-0.01")).reason(), "bad_price") << type;
  }
  EXPECT_EQ(Judged(With(R"(,"quote_type":"FUTURE")", "-37.63")).reason(), "accepted") << "oil, April 2020";
  EXPECT_EQ(Judged(With("", "-1")).reason(), "accepted") << "of no known type";
}

TEST(Judge, BadTimeIsJudgedByTheRecordsOwnReception) {
  const auto at = [](std::int64_t time, const std::string& more = "") {
    return R"({"ticker":"A","price":1,"time":)" + std::to_string(time) + more + "}";
  };
  EXPECT_EQ(Judged(at(0)).reason(), "bad_time");
  EXPECT_EQ(Judged(at(-1)).reason(), "bad_time");
  EXPECT_EQ(Judged(at(kNow + 300'000)).reason(), "accepted");
  EXPECT_EQ(Judged(at(kNow + 300'001)).reason(), "bad_time");
  EXPECT_EQ(Judged(at(kNow + 300'001, ",\"received_at\":" + std::to_string(kNow + 1))).reason(), "accepted");
  EXPECT_EQ(Judged(at(kNow, ",\"received_at\":" + std::to_string(kNow - 300'001))).reason(), "bad_time");
  EXPECT_EQ(Judged(at(kNow + 999'999), -1).reason(), "accepted") << "no reception known";
  EXPECT_EQ(Judged(at(9'000'000'000'000'000'000), -1).reason(), "bad_time");
}

TEST(Judge, TooLargeAndTombstone) {
  EXPECT_EQ(Judged(With(",\"a\":\"" + std::string(kMaxValueBytes, 'x') + "\"")).reason(), "too_large");
  EXPECT_EQ(Judged(R"({"ticker":")" + std::string(kMaxTickerBytes + 1, 'x') + R"(","price":1,"time":1})").reason(),
            "too_large");
  Judge judge;
  SilverRow row;
  EXPECT_EQ(judge.Decide({0, 0, kNow, "K", std::nullopt}, &row)->reason, Reject::kTombstone);
}

TEST(Judge, DetailsAreCutBetweenCharacters) {
  std::string value;
  for (int i = 0; i < 200; ++i) value += "ç";
  Judged j(With(",\"day_volume\":\"" + value + "\""));
  EXPECT_EQ(j.rejection->detail.substr(0, 15), "day_volume: \"ç");
  EXPECT_LT(j.rejection->detail.size(), 120u);
}

/// Records lie back to back in one block: what stands behind a value is the next one's.
TEST(Judge, AVerdictDoesNotDependOnWhatFollowsInMemory) {
  const std::vector<std::string> messages = {
      With(R"(,"day_volume":"many","currency":7,"received_at":-5)"),
      With(R"(,"day_volume":1.5)", "\"12.34\""),
      With(R"(,"x":[1,{"y":"\u00e7"}],"source":true)", "-1"),
      R"({"ticker":[1,2],"price":{"a":1},"time":"t"})",
      R"({"ticker":"A" "price":1})",
      R"({"price":"x"}garbage)",
      R"({"time":12345678901234567890123})",
      R"([1,2])",
      R"("text")",
      "12",
      "nul",
  };
  Judge judge;
  SilverRow row;
  for (const std::string& message : messages) {
    for (std::size_t size = 0; size <= message.size(); ++size) {  // cut anywhere, too
      std::optional<std::string> first;
      for (const std::string& tail : {std::string(64, '\0'), std::string(64, '5'), std::string(64, '"'),
                                      std::string("}]\"x,:1e5"), std::string(64, 'e'), std::string(64, '\xff')}) {
        std::string block = message.substr(0, size) + tail;
        block.resize(size + 64, ' ');
        const auto rejection = judge.Decide({0, 0, kNow, "K", std::string_view(block.data(), size)}, &row);
        const std::string verdict =
            rejection ? std::string(RejectName(rejection->reason)) + ": " + rejection->detail : "accepted";
        if (!first) first = verdict;
        ASSERT_EQ(verdict, *first) << message.substr(0, size);
      }
    }
  }
}

TEST(KeyOf, IgnoresHowAndWhenItCameAndNothingElse) {
  RowHasher hasher;
  const auto key = [&](const std::string& json) {
    Judged j(json);
    EXPECT_EQ(j.reason(), "accepted") << json;
    return KeyOf(j.row, &hasher);
  };
  const RowKey base = key(With(R"(,"change":0)"));
  EXPECT_EQ(key(With(R"(,"change":-0.0,"received_at":1700000000001,"source":"x","currency":null,"else":1)")), base);
  EXPECT_NE(key(With(R"(,"change":0,"day_volume":1)")), base);
  EXPECT_NE(key(With(R"(,"change":0,"currency":"")")), base) << "empty is not absent";
  EXPECT_NE(key(With(R"(,"change":0)", "12.6")), base);
}

}  // namespace
}  // namespace pregao::medallion
