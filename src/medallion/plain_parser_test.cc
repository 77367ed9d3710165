#include "medallion/plain_parser.h"

#include <bit>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <vector>

namespace pregao::medallion {
namespace {

constexpr std::int64_t kNow = 1'760'000'000'000;

/// A value with something behind it that a parser must not take for a part of it.
struct Padded {
  explicit Padded(std::string_view value, char behind = '7') : text(value), size(value.size()) {
    text.append(64, behind);
  }
  [[nodiscard]] std::string_view view() const { return {text.data(), size}; }
  std::string text;
  std::size_t size;
};

bool IsPlain(std::string_view value) {
  SilverRow row;
  bool plain = false;
  for (const char behind : {'\0', '7', '"', '}', ','}) {
    const Padded padded(value, behind);
    PlainParser parser;
    plain = parser.Parse(padded.view(), &row);
    EXPECT_EQ(parser.Parse(padded.view(), &row), plain) << "once it has seen the keys";
  }
  return plain;
}

/// Everything that a row says, exactly.
std::string Text(const SilverRow& row) {
  std::string out;
  for (const auto& spec : market::kFields) {
    if (!row.Has(spec.field)) continue;
    const SilverRow::Cell& cell = row.cells[spec.field];
    out += std::string(spec.key) + '=';
    switch (spec.kind) {
      case market::FieldKind::kFloat:
      case market::FieldKind::kDouble:
        out += std::to_string(std::bit_cast<std::uint64_t>(cell.number));
        break;
      case market::FieldKind::kInt:
        out += std::to_string(cell.integer);
        break;
      case market::FieldKind::kString:
      case market::FieldKind::kQuoteType:
      case market::FieldKind::kMarketHours:
        out += cell.text;
        break;
    }
    out += ';';
  }
  if (row.received_at_us) out += "received=" + std::to_string(*row.received_at_us);
  if (row.source) out += " source=" + std::string(*row.source);
  return out;
}

/// What a judge says of a value.
std::string Verdict(Judge* judge, const std::string& value) {
  const Padded padded(value);
  SilverRow row;
  if (const auto rejection = judge->Decide({0, 0, kNow, "K", padded.view()}, &row)) {
    return std::string(RejectName(rejection->reason)) + ": " + rejection->detail;
  }
  return Text(row);
}

/// A white space sends a message the long way, whatever else it holds.
std::string TheLongWay(std::string value) { return value.insert(value.empty() ? 0 : 1, " "); }

TEST(PlainParser, TakesWhatAWriterWrites) {
  EXPECT_TRUE(IsPlain(R"({"ticker":"PETR4.SA","price":38.12,"time":1760000000000})"));
  EXPECT_TRUE(
      IsPlain(R"({"price":-0.5,"ticker":"","circulating_supply":123456789012345,"received_at":1,"source":"x"})"));
  EXPECT_TRUE(IsPlain(R"({"underlying_symbol":"a name of more than sixteen characters","time":-5})"));
}

TEST(PlainParser, LeavesEveryOtherFormToTheLongWay) {
  for (const char* other : {"",
                            "{",
                            "{}",
                            "[]",
                            "{\"",
                            "{\"price\"",
                            "{\"price\":",
                            "{\"price\":1",
                            "{\"price\":1,",
                            "{\"price\":1,}",
                            "{\"price\":1}}",
                            "{\"price\":1} ",
                            " {\"price\":1}",
                            "{ \"price\":1}",
                            "{\"price\" :1}",
                            "{\"price\": 1}",
                            "{\"price\":1,\"price\":1}",
                            "{\"prices\":1}",
                            "{\"pric\":1}",
                            "{\"pr\\u0069ce\":1}",
                            "{\"price\":01}",
                            "{\"price\":1.}",
                            "{\"price\":.5}",
                            "{\"price\":-}",
                            "{\"price\":+1}",
                            "{\"price\":1e3}",
                            "{\"price\":null}",
                            "{\"price\":\"1\"}",
                            "{\"price\":0.12345678901234567}",
                            "{\"price\":9007199254740993}",
                            "{\"price\":1234567890123456789}",
                            "{\"time\":1.0}",
                            "{\"time\":1234567890123456789}",
                            "{\"time\":00}",
                            "{\"ticker\":\"a\\n\"}",
                            "{\"ticker\":\"\x1f\"}",
                            "{\"ticker\":\"ç\"}",
                            "{\"ticker\":\"12345678",
                            "{\"ticker\":7}",
                            "{\"quote_type\":8}",
                            "{\"received_at\":0}",
                            "{\"received_at\":999999999999999}"}) {
    EXPECT_FALSE(IsPlain(other)) << other;
  }
}

TEST(PlainParser, EveryKeyGoesToItsCell) {
  for (std::size_t key = 0; key < kKnownKeys; ++key) {
    const bool text =
        key == kSourceKey || (key < market::kFieldCount && market::kFields[key].kind != market::FieldKind::kInt &&
                              market::kFields[key].kind != market::FieldKind::kFloat &&
                              market::kFields[key].kind != market::FieldKind::kDouble);
    const std::string value = "{\"" + std::string(internal::KeyName(key)) + "\":" + (text ? "\"12\"" : "12") + "}";
    ASSERT_TRUE(IsPlain(value)) << value;
  }
}

/// Numbers of every length and of many powers of ten, as the long way reads them, to the last bit.
TEST(PlainParser, NumbersAreTheNearestDoubles) {
  std::mt19937_64 random(20);
  Judge plain, longer;
  for (int i = 0; i < 200'000; ++i) {
    std::string number = std::to_string(random() >> (random() % 64));
    number.resize(std::min<std::size_t>(number.size(), 1 + random() % 19));
    if (random() % 3 != 0) number.insert(1 + random() % number.size(), ".");
    if (number.back() == '.') number += std::to_string(random() % 10);
    if (random() % 4 == 0) number.insert(0, "-");
    const std::string value = R"({"ticker":"A","time":1760000000000,"price":)" + number + "}";
    ASSERT_EQ(Verdict(&plain, value), Verdict(&longer, TheLongWay(value))) << value;
  }
}

/// Messages and their ruins: one judge sees them as they are, the other with a white space inside.
TEST(PlainParser, JudgesLikeTheLongWay) {
  const std::vector<std::string> values = {"1",
                                           "-1",
                                           "0",
                                           "-0",
                                           "12.5",
                                           "1e5",
                                           "null",
                                           "true",
                                           "\"x\"",
                                           "\"\"",
                                           "\"a\\\"b\"",
                                           "\"São\"",
                                           "{}",
                                           "[1]",
                                           "1760000000000",
                                           "99999999999999999999",
                                           "0.1234567890123456789"};
  std::mt19937 random(7);
  Judge plain, longer;
  int accepted = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string value = R"({"ticker":"PETR4.SA","price":38.12,"time":1760000000000)";
    for (auto more = random() % 6; more > 0; --more) {
      const std::size_t key = random() % (kKnownKeys + 1);
      value += ",\"" + (key == kKnownKeys ? "oops" : std::string(internal::KeyName(key))) +
               "\":" + values[random() % values.size()];
    }
    value += "}";
    if (random() % 3 == 0) value[1 + random() % (value.size() - 1)] = "\"{}:,.0x\\ "[random() % 10];
    if (random() % 20 == 0) value.resize(1 + random() % value.size());
    const std::string verdict = Verdict(&plain, value), expected = Verdict(&longer, TheLongWay(value));
    // Where the grammar is broken the words may tell the place, which the white space moves.
    ASSERT_EQ(verdict.substr(0, verdict.find(": ")), expected.substr(0, expected.find(": "))) << value;
    accepted += verdict.find("ticker=") == 0;
  }
  EXPECT_GT(accepted, 10'000);
}

}  // namespace
}  // namespace pregao::medallion
