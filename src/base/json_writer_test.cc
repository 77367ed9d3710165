#include "base/json_writer.h"

#include <charconv>
#include <gtest/gtest.h>
#include <system_error>

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
    double back = 0;
    const auto [end, error] = std::from_chars(out.data(), out.data() + out.size(), back);  // stod refuses denormals
    EXPECT_EQ(error, std::errc()) << out;
    EXPECT_EQ(end, out.data() + out.size()) << out;
    EXPECT_EQ(back, d) << out;
  }
}

}  // namespace
}  // namespace pregao
