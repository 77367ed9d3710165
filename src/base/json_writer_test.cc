#include "base/json_writer.h"

#include <gtest/gtest.h>

namespace pregao {
namespace {

TEST(JsonWriter, PutsCommasBetweenValuesAndNowhereElse) {
  JsonWriter w;
  w.BeginObject();
  w.Key("a");
  w.Int(1);
  w.Key("b");
  w.BeginArray();
  w.String("x");
  w.Null();
  w.BeginObject();
  w.EndObject();
  w.EndArray();
  w.Key("c");
  w.Double(0.1);
  w.EndObject();
  EXPECT_EQ(w.str(), R"({"a":1,"b":["x",null,{}],"c":0.1})");
}

TEST(JsonWriter, EscapesWhatJsonForbidsAndKeepsUtf8) {
  std::string out;
  AppendJsonString("\"\\\n\x01 São Paulo", &out);
  EXPECT_EQ(out, "\"\\\"\\\\\\n\\u0001 São Paulo\"");
}

TEST(JsonWriter, NumbersReadBackAsTheSameDouble) {
  for (const double d : {0.1, 1e300, -37.63, 5e-324, 123456789.125}) {
    std::string out;
    AppendJsonNumber(d, &out);
    EXPECT_EQ(std::stod(out), d) << out;
  }
}

}  // namespace
}  // namespace pregao
