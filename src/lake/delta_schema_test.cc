#include "lake/delta_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pregao::lake {
namespace {

using testing::HasSubstr;

TEST(DeltaSchema, EveryTypeGoesThereAndBack) {
  const auto schema = arrow::schema(
      {arrow::field("s", arrow::utf8(), false), arrow::field("l", arrow::int64()), arrow::field("i", arrow::int32()),
       arrow::field("h", arrow::int16()), arrow::field("y", arrow::int8()), arrow::field("d", arrow::float64()),
       arrow::field("f", arrow::float32()), arrow::field("b", arrow::boolean()), arrow::field("x", arrow::binary()),
       arrow::field("day", arrow::date32()), arrow::field("t", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"))});
  const auto json = WriteDeltaSchema(*schema);
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_THAT(*json,
              HasSubstr(R"({"type":"struct","fields":[{"name":"s","type":"string","nullable":false,"metadata":{}},)"));
  EXPECT_TRUE((*ParseDeltaSchema(*json))->Equals(*schema));
}

TEST(DeltaSchema, MetadataOfAForeignColumnSurvives) {
  constexpr char kJson[] =
      R"({"type":"struct","fields":[{"name":"s","type":"string","nullable":true,"metadata":{"comment":"a \"b\"","n":1}}]})";
  EXPECT_EQ(*WriteDeltaSchema(**ParseDeltaSchema(kJson)), kJson);
}

TEST(DeltaSchema, ATypeThatDeltaLacksIsInvalidNamingTheColumn) {
  for (const auto& type : {arrow::timestamp(arrow::TimeUnit::MILLI, "UTC"), arrow::timestamp(arrow::TimeUnit::MICRO),
                           arrow::uint64(), arrow::large_utf8(), arrow::list(arrow::utf8())}) {
    const auto json = WriteDeltaSchema(*arrow::schema({arrow::field("odd", type)}));
    EXPECT_TRUE(json.status().IsInvalid()) << type->ToString();
    EXPECT_THAT(json.status().message(), HasSubstr("column 'odd'"));
  }
}

TEST(DeltaSchema, ATypeThatWeLackIsNotImplementedNamingTheColumn) {
  for (const char* type : {R"x("decimal(10,2)")x", R"("timestamp_ntz")", R"("variant")",
                           R"({"type":"array","elementType":"string","containsNull":true})"}) {
    const auto schema = ParseDeltaSchema(
        std::string(R"({"type":"struct","fields":[{"name":"odd","nullable":true,"type":)") + type + "}]}");
    EXPECT_TRUE(schema.status().IsNotImplemented()) << type << schema.status();
    EXPECT_THAT(schema.status().message(), HasSubstr("column 'odd'"));
  }
}

TEST(DeltaSchema, WhatIsNoSchemaIsInvalid) {
  for (const char* json :
       {"", "{", "[]", "{}", R"({"fields":{}})", R"({"fields":[1]})", R"({"fields":[{"name":"a"}]})",
        R"({"fields":[{"name":"a","nullable":true}]})", R"({"fields":[{"name":"a","nullable":1,"type":"long"}]})",
        R"({"fields":[{"name":"a","nullable":true,"type":"long"},{"name":"a","nullable":true,"type":"long"}]})"}) {
    EXPECT_TRUE(ParseDeltaSchema(json).status().IsInvalid()) << json;
  }
}

}  // namespace
}  // namespace pregao::lake
