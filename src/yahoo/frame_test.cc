#include "yahoo/frame.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <map>

#include "market/base64.h"
#include "yahoo/wire.h"

namespace pregao::yahoo {
namespace {

using market::Quote;
using ::testing::HasSubstr;

// --- Real frames -----------------------------------------------------------------------------------------------------

std::vector<std::string> Lines(const std::filesystem::path& file) {
  std::vector<std::string> lines;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// A flat JSON object as yfinance's file has it: strings without escapes, numbers.
std::map<std::string, std::string> Flat(const std::string& json) {
  std::map<std::string, std::string> out;
  for (std::size_t at = json.find('"'); at != std::string::npos; at = json.find('"', at)) {
    const std::size_t key_end = json.find('"', at + 1);
    const std::string key = json.substr(at + 1, key_end - at - 1);
    std::size_t begin = json.find_first_not_of(": ", key_end + 1);
    const bool text = json[begin] == '"';
    const std::size_t end = text ? json.find('"', ++begin) : json.find_first_of(",}", begin);
    out[key] = json.substr(begin, end - begin);
    at = end + 1;
  }
  return out;
}

/// The quote as yfinance would have it: zeros left out, enums by number.
std::map<std::string, std::string> AsYfinance(const Quote& quote, const std::map<std::string, std::string>& theirs) {
  std::map<std::string, std::string> out;
  for (const auto& spec : market::kFields) {
    const std::string key = spec.field == market::kTicker ? "id" : std::string(spec.key);
    const auto& value = quote[spec.field];
    if (const auto* number = std::get_if<std::int64_t>(&value)) out[key] = std::to_string(*number);
    if (const auto* real = std::get_if<double>(&value); real != nullptr && *real != 0) {
      const auto named = theirs.find(key);
      const bool same = named != theirs.end() && std::strtod(named->second.c_str(), nullptr) == *real;
      out[key] = same ? named->second : std::to_string(*real);  // the same double however it is spelt
    }
    if (const auto* text = std::get_if<std::string>(&value)) {
      if (spec.kind == market::FieldKind::kString) out[key] = *text;
      if (spec.field == market::kQuoteType) out[key] = std::to_string(*market::QuoteTypeValue(*text));
      if (spec.field == market::kMarketHours && *text != "PRE_MARKET") {
        out[key] = std::to_string(*market::MarketHoursValue(*text));
      }
    }
  }
  return out;
}

void ExpectAsYfinance(const std::filesystem::path& folder) {
  const auto frames = Lines(folder / "frames.txt"), expected = Lines(folder / "frames.yfinance.jsonl");
  ASSERT_GT(frames.size(), 10U);
  ASSERT_EQ(frames.size(), expected.size());
  for (std::size_t i = 0; i < frames.size(); ++i) {
    for (const std::string& message : {frames[i], R"({"type":"pricing","message":")" + frames[i] + "\"}"}) {
      const auto frame = DecodeFrame(message);
      ASSERT_TRUE(frame.ok()) << frame.status();
      const auto theirs = Flat(expected[i]);
      const auto& quote = std::get<Quote>(*frame);
      EXPECT_EQ(AsYfinance(quote, theirs), theirs) << "line " << i + 1;
      EXPECT_EQ(quote.unknown_fields, "");
      // Not the same bytes: some of Yahoo's senders write market_hours = 0 out, some leave it away.
      EXPECT_EQ(std::get<Quote>(DecodeFrame(EncodeFrame(quote, Envelope::kJson)).ValueOrDie()), quote);
    }
  }
}

TEST(DecodeFrame, AgreesWithYfinanceOnTheShippedFrames) {
  ExpectAsYfinance(std::filesystem::path(PREGAO_SOURCE_DIR) / "test/data");
}

TEST(DecodeFrame, AgreesWithYfinanceOnTheSharedFrames) {
  const char* shared = std::getenv("PREGAO_SHARED");
  const auto data = shared != nullptr ? std::filesystem::path(shared)
                                      : std::filesystem::path(PREGAO_SOURCE_DIR).parent_path() / "shared/data";
  if (!std::filesystem::exists(data / "yahoo/frames.txt")) {
    GTEST_SKIP() << "no yahoo/frames.txt in " << data << ": set PREGAO_SHARED to the folder of recorded data";
  }
  ExpectAsYfinance(data / "yahoo");
}

// --- Rules -----------------------------------------------------------------------------------------------------------

/// A message built by hand, field by field.
struct Wire {
  std::string bytes;
  Wire&& Text(std::uint32_t number, std::string_view text) && {
    AppendTag(number, WireType::kBytes, &bytes);
    AppendVarint(text.size(), &bytes);
    bytes += text;
    return std::move(*this);
  }
  Wire&& Varint(std::uint32_t number, std::uint64_t bits) && {
    AppendTag(number, WireType::kVarint, &bytes);
    AppendVarint(bits, &bytes);
    return std::move(*this);
  }
  Wire&& Float(std::uint32_t number, float value) && {
    AppendTag(number, WireType::kFixed32, &bytes);
    AppendFixed(std::bit_cast<std::uint32_t>(value), 4, &bytes);
    return std::move(*this);
  }
  Wire&& Double(std::uint32_t number, double value) && {
    AppendTag(number, WireType::kFixed64, &bytes);
    AppendFixed(std::bit_cast<std::uint64_t>(value), 8, &bytes);
    return std::move(*this);
  }
  Wire&& Raw(std::string_view raw) && {
    bytes += raw;
    return std::move(*this);
  }
};

Quote Decoded(const Wire& wire) {
  auto quote = DecodePricingData(wire.bytes);
  EXPECT_TRUE(quote.ok()) << quote.status();
  return quote.ok() ? *quote : Quote{};
}
std::string Refusal(const Wire& wire) {
  const auto quote = DecodePricingData(wire.bytes);
  EXPECT_TRUE(quote.status().IsInvalid());
  return quote.status().message();
}

TEST(DecodePricingData, RestoresTheZerosThatMeanSomethingAndNoOther) {
  const Quote quote = Decoded(Wire{});
  for (const auto& spec : market::kFields) {
    const bool restored =
        spec.field == market::kMarketHours || spec.field == market::kChange || spec.field == market::kChangePercent;
    EXPECT_EQ(std::holds_alternative<std::monostate>(quote[spec.field]), !restored) << spec.key;
  }
  EXPECT_EQ(quote[market::kMarketHours], Quote::Value("PRE_MARKET"));
  EXPECT_EQ(quote[market::kChange], Quote::Value(0.0));
  EXPECT_EQ(quote[market::kChangePercent], Quote::Value(0.0));
}

TEST(DecodePricingData, UndoesZigzagAtItsLimits) {
  for (const std::int64_t time : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1'760'000'000'000},
                                  std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_EQ(Decoded(Wire{}.Varint(3, Zigzag(time)))[market::kEventTime], Quote::Value(time));
  }
}

TEST(DecodePricingData, TakesTheLastOfAFieldSentTwice) {
  const Quote quote = Decoded(Wire{}.Text(1, "OLD").Float(2, 1).Text(1, "NEW").Float(2, 2));
  EXPECT_EQ(quote.ticker(), "NEW");
  EXPECT_EQ(quote[market::kPrice], Quote::Value(2.0));
}

TEST(DecodePricingData, KeepsUnknownFieldsByteForByteInTheirOrder) {
  const std::string a = Wire{}.Varint(40, 7).bytes, b = Wire{}.Text(999, "new").bytes, c = Wire{}.Double(34, 0.5).bytes;
  const Quote quote = Decoded(Wire{}.Raw(a).Text(1, "X").Raw(b).Float(2, 1).Raw(c));
  EXPECT_EQ(quote.unknown_fields, a + b + c);
  EXPECT_EQ(EncodePricingData(quote), Wire{}.Text(1, "X").Float(2, 1).Raw(a + b + c).bytes);
}

TEST(DecodePricingData, KeepsAnEnumValueThatNoTableListsAsItsNumber) {
  const Quote quote = Decoded(Wire{}.Varint(6, 77).Varint(7, static_cast<std::uint64_t>(std::int64_t{-2})));
  EXPECT_EQ(quote[market::kQuoteType], Quote::Value("77"));
  EXPECT_EQ(quote[market::kMarketHours], Quote::Value("-2"));
  EXPECT_EQ(quote, Decoded(Wire{EncodePricingData(quote)}));
}

TEST(DecodePricingData, RefusesAWrongWireTypeOfEveryListedField) {
  for (const auto& spec : market::kFields) {
    int refused = 0;
    for (const Wire& wire : {Wire{}.Varint(spec.tag, 1), Wire{}.Double(spec.tag, 1), Wire{}.Text(spec.tag, "abcd"),
                             Wire{}.Float(spec.tag, 1)}) {
      const auto quote = DecodePricingData(wire.bytes);
      if (quote.ok()) continue;
      ++refused;
      EXPECT_THAT(quote.status().message(), HasSubstr(std::string(spec.key)));
    }
    EXPECT_EQ(refused, 3) << spec.key;
  }
}

TEST(DecodePricingData, RefusesEveryFrameCutShort) {
  const std::string whole = Wire{}.Text(1, "PETR4.SA").Float(2, 32.1F).Varint(3, 1'234'567).Double(33, 2).bytes;
  std::size_t refused = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto quote = DecodePricingData(std::string_view(whole).substr(0, size));
    if (!quote.ok()) ++refused;
  }
  EXPECT_EQ(refused, whole.size() - 4);  // whole fields are a whole message: 0, 1, 2 or 3 of them
}

TEST(DecodePricingData, RefusesWhatIsNoProtobufAndSaysWhere) {
  EXPECT_THAT(Refusal(Wire{std::string("\x18") + std::string(10, '\xFF') + "\x01"}), HasSubstr("more than 64 bits"));
  EXPECT_THAT(Refusal(Wire{std::string("\x18") + std::string(9, '\xFF') + "\x02"}), HasSubstr("more than 64 bits"));
  EXPECT_THAT(Refusal(Wire{std::string("\0", 1)}), HasSubstr("names no field"));
  EXPECT_THAT(Refusal(Wire{"\x0B"}), HasSubstr("wire type 3"));
  EXPECT_THAT(Refusal(Wire{"\x0F"}), HasSubstr("wire type 7"));
  EXPECT_THAT(Refusal(Wire{"\x0A\x05"
                           "AB"}),
              HasSubstr("says 5 bytes, 2 are left"));
  EXPECT_THAT(Refusal(Wire{}.Text(1, "\xC3")), HasSubstr("ticker is not UTF-8"));
  EXPECT_THAT(Refusal(Wire{}.Float(2, std::numeric_limits<float>::quiet_NaN())), HasSubstr("price is not a finite"));
  EXPECT_THAT(Refusal(Wire{}.Double(33, std::numeric_limits<double>::infinity())), HasSubstr("market_cap"));
}

TEST(DecodeFrame, OpensEnvelopesWithEscapesSpacesAndOtherKeys) {
  const std::string b64 = market::EncodeBase64(Wire{}.Text(1, "X?>").bytes);
  for (const std::string& text :
       {"{\"type\":\"pricing\",\"message\":\"" + b64 + "\"}",
        " {\n\"message\" : \"" + b64 + "\", \"type\":\"pricing\" } ",
        "{\"v\":[1,{\"a\":null}],\"type\":\"pric\\u0069ng\",\"message\":\"" + b64 + "\",\"z\":-1.5e3}"}) {
    const auto frame = DecodeFrame(text);
    ASSERT_TRUE(frame.ok()) << text << frame.status();
    EXPECT_EQ(std::get<Quote>(*frame).ticker(), "X?>");
  }
}

TEST(DecodeFrame, DoesNotTakeAnotherTypeForAPrice) {
  for (const char* text : {R"({"type":"heartbeat"})", R"({"type":"news","message":"CgRBQVBM"})",
                           R"({"type":"status","message":{"price":1}})"}) {
    const auto frame = DecodeFrame(text);
    ASSERT_TRUE(frame.ok()) << frame.status();
    EXPECT_TRUE(std::holds_alternative<OtherMessage>(*frame)) << text;
  }
}

TEST(DecodeFrame, RefusesADamagedEnvelope) {
  for (const char* text :
       {"", " ", "{", "{}", "{\"message\":\"CgRBQVBM\"}", R"({"type":"pricing"})", R"({"type":"pricing","message":7})",
        R"({"type":7,"message":"CgRBQVBM"})", R"({"type":"pricing","type":"x","message":"CgRBQVBM"})",
        R"({"type":"pricing","message":"CgRBQVBM"}x)", R"({"type":"pricing","message":"CgRBQVBM",})",
        R"({"type":"pricing","message":"CgRBQVB"})", R"({"type":"pricing","message":"CgRB\qQVB"})",
        R"({"type":"pricing","message":"\ud800"})", "[]", "null", "CgRBQVBM\n", "CgRB QVBM", "not base64!"}) {
    EXPECT_TRUE(DecodeFrame(text).status().IsInvalid()) << text;
  }
}

TEST(DecodeFrame, RefusesNestingWithoutEnd) {
  EXPECT_THAT(DecodeFrame("{\"a\":" + std::string(1000, '[')).status().message(), HasSubstr("nested too deep"));
}

TEST(DecodeFrame, IsBounded) {
  const std::string most = market::EncodeBase64(Wire{}.Text(1, std::string(kMaxFrameBytes / 4 * 3 - 4, 'A')).bytes);
  ASSERT_EQ(most.size(), kMaxFrameBytes);
  EXPECT_TRUE(DecodeFrame(most).ok());
  EXPECT_THAT(DecodeFrame(most + "AAAA").status().message(), HasSubstr("at most 65536"));
}

TEST(EncodePricingData, LeavesZerosOutAsProto3Does) {
  Quote quote;
  quote[market::kTicker] = "";
  quote[market::kDayVolume] = std::int64_t{0};
  quote[market::kChange] = 0.0;
  quote[market::kMarketHours] = "PRE_MARKET";
  quote[market::kQuoteType] = "NO SUCH NAME";
  EXPECT_EQ(EncodePricingData(quote), "");
}

}  // namespace
}  // namespace pregao::yahoo
