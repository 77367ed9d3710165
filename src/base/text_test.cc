#include "base/text.h"

#include <gtest/gtest.h>

namespace pregao {
namespace {

using std::chrono::milliseconds;

TEST(Duration, ReadsEveryUnitAndDecimals) {
  EXPECT_EQ(ParseDuration("500ms").ValueOrDie(), milliseconds(500));
  EXPECT_EQ(ParseDuration("1s").ValueOrDie(), milliseconds(1000));
  EXPECT_EQ(ParseDuration("1.5s").ValueOrDie(), milliseconds(1500));
  EXPECT_EQ(ParseDuration("2h").ValueOrDie(), milliseconds(7'200'000));
  EXPECT_EQ(ParseDuration("7d").ValueOrDie(), milliseconds(604'800'000));
  EXPECT_EQ(ParseDuration("0s").ValueOrDie(), milliseconds(0));
}

TEST(Duration, RefusesWhatIsNone) {
  for (const char* text : {"", "1", "s", "-1s", "1 fortnight", "1.5ms", "inf s", "nan", "1e3s", "99999999999999999d"}) {
    EXPECT_TRUE(ParseDuration(text).status().IsInvalid()) << text;
  }
}

TEST(Duration, PrintsWhatItReads) {
  for (const char* text : {"0s", "1ms", "999ms", "1s", "90s", "1m", "2h", "25h", "1d", "30d"}) {
    EXPECT_EQ(FormatDuration(ParseDuration(text).ValueOrDie()), text);
  }
  for (std::int64_t ms = 0; ms < 200'000; ++ms) {
    ASSERT_EQ(ParseDuration(FormatDuration(milliseconds(ms))).ValueOrDie().count(), ms);
  }
}

TEST(Size, ReadsBinaryAndDecimalUnits) {
  EXPECT_EQ(ParseSize("4096").ValueOrDie(), 4096);
  EXPECT_EQ(ParseSize("64MiB").ValueOrDie(), 64LL << 20);
  EXPECT_EQ(ParseSize("1.5 GiB").ValueOrDie(), 3LL << 29);
  EXPECT_EQ(ParseSize("10kB").ValueOrDie(), 10'000);
  EXPECT_TRUE(ParseSize("64 megs").status().IsInvalid());
  EXPECT_TRUE(ParseSize("-1").status().IsInvalid());
}

TEST(Size, PrintsWhatItReads) {
  for (const char* text : {"0", "1023", "1KiB", "1025", "1MiB", "3GiB", "2TiB"}) {
    EXPECT_EQ(FormatSize(ParseSize(text).ValueOrDie()), text);
  }
}

TEST(Human, GroupsDigitsAndRoundsBytes) {
  EXPECT_EQ(HumanCount(0), "0");
  EXPECT_EQ(HumanCount(999), "999");
  EXPECT_EQ(HumanCount(1'234'567), "1,234,567");
  EXPECT_EQ(HumanCount(-123'456), "-123,456");
  EXPECT_EQ(HumanSize(512), "512 B");
  EXPECT_EQ(HumanSize(1'610'612'736), "1.5 GiB");
}

TEST(NearestName, FindsTheSlipOfTheFingerAndNothingFarther) {
  const std::vector<std::string> keys{"topic", "lake", "watchlist", "engine.commit-interval", "engine.compression"};
  EXPECT_EQ(NearestName("tpoic", keys), "topic");  // two neighbours swapped count one
  EXPECT_EQ(NearestName("TOPIC", keys), "topic");
  EXPECT_EQ(NearestName("engine.commit_intervall", keys), "engine.commit-interval");
  EXPECT_EQ(NearestName("bogus", keys), std::nullopt);
  EXPECT_EQ(NearestName("x", {}), std::nullopt);
}

TEST(EditDistance, IsZeroForTheSameAndSymmetric) {
  EXPECT_EQ(EditDistance("silver", "silver"), 0u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(EditDistance("sitting", "kitten"), 3u);
}

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(DisplayWidth("São Paulo"), 9u);
  EXPECT_EQ(DisplayWidth("Sa\u0303o"), 3u);  // a combining tilde takes none
  EXPECT_EQ(DisplayWidth("東京"), 4u);
  EXPECT_EQ(DisplayWidth("\xFF"), 1u);
}

TEST(Printable, KeepsTextAndDisarmsControlBytes) {
  EXPECT_EQ(Printable("preço €"), "preço €");
  EXPECT_EQ(Printable("a\nb\tc"), "a\\nb\\tc");
  EXPECT_EQ(Printable("\x1b[31m"), "\\x1b[31m");
  EXPECT_EQ(Printable("\xC0\x80"), "\uFFFD\uFFFD");            // an overlong NUL
  EXPECT_EQ(Printable("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");  // a lone surrogate
}

TEST(TextTable, AlignsByWidthAndLeavesNoTrailingSpace) {
  TextTable table{{{"name"}, {"n", true}}, {{"São", "1"}, {"東京", "12"}, {"x", ""}}};
  EXPECT_EQ(table.ToString(),
            "name   n\n"
            "────  ──\n"
            "São    1\n"
            "東京  12\n"
            "x\n");
}

TEST(TextTable, KeepsItsWidthsWhenRowsComeLater) {
  TextTable table{{{"name"}, {"n", true}}, {{"wide", "1"}}};
  table.Fit();
  EXPECT_EQ(table.Header() + table.Body(), "name  n\n────  ─\nwide  1\n");
  table.rows = {{"x", "2"}};
  table.Fit();
  EXPECT_EQ(table.Body(), "x     2\n");
}

TEST(WithoutUserInfo, LeavesOutNamesAndPasswordsOfAddressesAndNothingElse) {
  EXPECT_EQ(WithoutUserInfo("wss://user:pass@host/?a=b@c"), "wss://…@host/?a=b@c");
  EXPECT_EQ(WithoutUserInfo("\"ws://u:p@a@host\", kafka://u@b:1/t"), "\"ws://…@host\", kafka://…@b:1/t");
  for (const char* plain :
       {"", "wss://host/?version=2", "a@b", "local:data/topic.db", "gs://bucket/a@b", "://", "x://@"}) {
    EXPECT_EQ(WithoutUserInfo(plain), plain == std::string("x://@") ? "x://…@" : plain);
  }
}

TEST(IsUtf8, TakesTextAndRefusesBrokenBytes) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("São 東京 \U0001F600"));
  for (const char* bad : {"\xFF", "a\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80"}) EXPECT_FALSE(IsUtf8(bad));
}

TEST(Paint, ColoursOnlyWhenAsked) {
  EXPECT_EQ(Paint("ok", Colour::kGreen, true), "\x1b[32mok\x1b[0m");
  EXPECT_EQ(Paint("ok", Colour::kGreen, false), "ok");
}

}  // namespace
}  // namespace pregao
