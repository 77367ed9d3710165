#include "medallion/message_edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pregao::medallion {
namespace {

using testing::HasSubstr;

std::string Edited(std::string_view value, std::vector<FieldEdit> edits) {
  return EditMessage(value, edits).ValueOr("(error)");
}

TEST(EditMessage, ReplacesWhereItStandsAndAddsBehind) {
  EXPECT_EQ(Edited(R"({"ticker":"A" , "price": -3,"x":[1, 2]})", {{"price", "3"}, {"replay_of", "\"0/7\""}}),
            R"({"ticker":"A","price":3,"x":[1, 2],"replay_of":"0/7"})");
  EXPECT_EQ(Edited("{}", {{"price", "3"}}), R"({"price":3})");
}

TEST(EditMessage, KeepsTheBytesOfWhatItDoesNotEdit) {
  EXPECT_EQ(Edited(R"({"price":1e400,"change":1.10,"s":"\u00e7\/","n":12345678901234567890123,"o":{"a":[]}})",
                   {{"price", "1"}}),
            R"({"price":1,"change":1.10,"s":"\u00e7\/","n":12345678901234567890123,"o":{"a":[]}})");
}

TEST(EditMessage, MendsADoubledKeyThatItSets) {
  EXPECT_EQ(Edited(R"({"price":1,"ticker":"A","price":2})", {{"price", "3"}}), R"({"price":3,"ticker":"A"})");
}

TEST(EditMessage, RemovesAKey) {
  EXPECT_EQ(Edited(R"({"a":1,"b":2,"a":3})", {{"a", ""}}), R"({"b":2})");
  EXPECT_EQ(Edited(R"({"b":2})", {{"a", ""}}), R"({"b":2})");
}

TEST(EditMessage, RefusesWhatIsNoObject) {
  for (const std::string_view value : {"", "[1]", "7", "{not json", "{\"a\":1}x", "{\"a\":1", "{\"a\" 1}"}) {
    EXPECT_TRUE(EditMessage(value, std::vector<FieldEdit>{{"a", "2"}}).status().IsInvalid()) << value;
  }
}

TEST(TextField, FindsATextAtTheTopAlone) {
  EXPECT_EQ(TextField(R"({"a":1,"replay_of":"3/14"})", kReplayOf), "3/14");
  EXPECT_EQ(TextField(R"({"a":{"replay_of":"3/14"}})", kReplayOf), std::nullopt);
  EXPECT_EQ(TextField(R"({"a":"replay_of"})", kReplayOf), std::nullopt);
  EXPECT_EQ(TextField(R"({"replay_of":7})", kReplayOf), std::nullopt);
  EXPECT_EQ(TextField(R"(not json, replay_of)", kReplayOf), std::nullopt);
}

TEST(ParseFieldEdit, ReadsValuesAsTheFieldWantsThem) {
  const auto json = [](std::string_view text) { return ParseFieldEdit(text).ValueOrDie().json; };
  EXPECT_EQ(json("price=12.5"), "12.5");
  EXPECT_EQ(json("ticker=PETR4.SA"), R"("PETR4.SA")");
  EXPECT_EQ(json("ticker=123"), R"("123")") << "a text field";
  EXPECT_EQ(json(R"(ticker="A b")"), R"("A b")");
  EXPECT_EQ(json("quote_type=EQUITY"), R"("EQUITY")");
  EXPECT_EQ(json("note=a=b"), R"("a=b")");
  EXPECT_EQ(json("x=null"), "null");
  EXPECT_EQ(json("x="), "");
  EXPECT_THAT(ParseFieldEdit("price").status().message(), HasSubstr("KEY=VALUE"));
  EXPECT_TRUE(ParseFieldEdit("=3").status().IsInvalid());
}

}  // namespace
}  // namespace pregao::medallion
