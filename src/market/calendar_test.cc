#include "market/calendar.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pregao::market {
namespace {

using ::testing::HasSubstr;

std::int32_t Day(std::string_view text) { return ParseDay(text).ValueOrDie(); }
/// UTC seconds of "2026-11-27" and minutes.
std::int64_t At(std::string_view day, int hour, int minute = 0) {
  return Day(day) * std::int64_t{86'400} + hour * 3600 + minute * 60;
}
Span Hours(std::string_view day, int h1, int m1, int h2, int m2) { return {At(day, h1, m1), At(day, h2, m2)}; }
TimestampMs Ms(std::int64_t second) { return TimestampMs(second * 1000); }

const Calendar& Named(std::string_view name) { return *Calendars::Builtin().Find(name); }
std::optional<Session> On(std::string_view name, std::string_view day) { return Named(name).SessionOf(Day(day)); }
/// Its hours; nothing when it is closed.
Span HoursOn(std::string_view name, std::string_view day) { return On(name, day).value_or(Session{}).hours; }

// --- The calendars that come with the program ------------------------------------------------------------------------

TEST(BuiltinCalendars, SaoPauloHasCarnivalAndAnAshWednesdayThatBeginsLate) {
  EXPECT_FALSE(On("BVMF", "2026-02-16"));
  EXPECT_FALSE(On("BVMF", "2026-02-17"));
  EXPECT_EQ(HoursOn("BVMF", "2026-02-18").from_s, At("2026-02-18", 16));  // 13:00 in Sao Paulo
  EXPECT_EQ(HoursOn("BVMF", "2026-02-19").from_s, At("2026-02-19", 13));
  for (const char* const holiday : {"2025-04-18", "2025-04-21", "2025-06-19", "2025-11-20", "2025-12-24", "2025-12-31"})
    EXPECT_FALSE(On("BVMF", holiday)) << holiday;
}

TEST(BuiltinCalendars, NewYorkClosesForThanksgivingAndEarlyTheDayAfter) {
  EXPECT_FALSE(On("XNYS", "2026-11-26"));
  EXPECT_EQ(HoursOn("XNYS", "2026-11-27"), Hours("2026-11-27", 14, 30, 18, 0));
  EXPECT_EQ(HoursOn("XNYS", "2026-11-25"), Hours("2026-11-25", 14, 30, 21, 0));
  for (const char* const holiday : {"2025-01-09", "2026-01-19", "2026-06-19", "2026-07-03", "2026-12-25"})
    EXPECT_FALSE(On("XNYS", holiday)) << holiday;  // the first is the day of mourning for President Carter
}

TEST(BuiltinCalendars, SummerTimeMovesAnOpeningInUtc) {
  EXPECT_EQ(HoursOn("XNYS", "2026-03-06"), Hours("2026-03-06", 14, 30, 21, 0));
  EXPECT_EQ(HoursOn("XNYS", "2026-03-09"), Hours("2026-03-09", 13, 30, 20, 0));
  EXPECT_EQ(HoursOn("XETR", "2026-03-27"), Hours("2026-03-27", 8, 0, 16, 30));
  EXPECT_EQ(HoursOn("XETR", "2026-03-30"), Hours("2026-03-30", 7, 0, 15, 30));
}

TEST(BuiltinCalendars, LondonParisAndFrankfurtDifferOnChristmasEve) {
  EXPECT_EQ(HoursOn("XLON", "2026-12-24"), Hours("2026-12-24", 8, 0, 12, 30));
  EXPECT_EQ(HoursOn("XPAR", "2026-12-24"), Hours("2026-12-24", 8, 0, 13, 5));
  EXPECT_FALSE(On("XETR", "2026-12-24"));
  EXPECT_FALSE(On("XLON", "2026-04-03"));  // Good Friday
  EXPECT_FALSE(On("XPAR", "2026-05-01"));
}

TEST(BuiltinCalendars, TokyoAndHongKongHaveALunchBreak) {
  const auto tokyo = On("XTKS", "2026-11-25");
  ASSERT_TRUE(tokyo);
  EXPECT_EQ(tokyo->hours, Hours("2026-11-25", 0, 0, 6, 30));
  EXPECT_EQ(tokyo->pause, Hours("2026-11-25", 2, 30, 3, 30));
  EXPECT_EQ(HoursOn("XTKS", "2024-11-01"), Hours("2024-11-01", 0, 0, 6, 0));  // before the longer afternoon
  EXPECT_EQ(Named("XTKS").StateAt(Ms(At("2026-11-25", 2, 29))), MarketState::kOpen);
  EXPECT_EQ(Named("XTKS").StateAt(Ms(At("2026-11-25", 2, 30))), MarketState::kClosed);
  EXPECT_EQ(Named("XTKS").StateAt(Ms(At("2026-11-25", 3, 30))), MarketState::kOpen);
  EXPECT_EQ(On("XHKG", "2026-11-25")->pause, Hours("2026-11-25", 4, 0, 5, 0));
  EXPECT_EQ(HoursOn("XHKG", "2026-02-16"), Hours("2026-02-16", 1, 30, 4, 0));  // the eve of the lunar new year
  EXPECT_FALSE(On("XHKG", "2026-02-17"));
}

TEST(BuiltinCalendars, SydneyOpensOnTheUtcDayBefore) {
  const Span summer = HoursOn("XASX", "2026-01-27");
  EXPECT_EQ(summer.from_s, At("2026-01-26", 23));
  EXPECT_EQ(Named("XASX").StateAt(Ms(At("2026-01-26", 23))), MarketState::kOpen);
  EXPECT_EQ(Named("XASX").StateAt(Ms(At("2026-01-26", 22, 59))), MarketState::kClosed);
  EXPECT_FALSE(On("XASX", "2026-01-26"));
  EXPECT_FALSE(On("XTSE", "2026-07-01"));
}

TEST(BuiltinCalendars, CurrenciesTradeFromSundayToFridayEvening) {
  const Calendar& fx = Named("FX");
  EXPECT_EQ(fx.StateAt(Ms(At("2026-11-22", 21, 59))), MarketState::kClosed);  // Sunday, 16:59 in New York
  EXPECT_EQ(fx.StateAt(Ms(At("2026-11-22", 22))), MarketState::kOpen);
  EXPECT_EQ(fx.StateAt(Ms(At("2026-11-25", 22))), MarketState::kOpen);
  EXPECT_EQ(fx.StateAt(Ms(At("2026-11-27", 21, 59))), MarketState::kOpen);
  EXPECT_EQ(fx.StateAt(Ms(At("2026-11-27", 22))), MarketState::kClosed);
  EXPECT_EQ(fx.StateAt(Ms(At("2026-07-05", 21))), MarketState::kOpen);  // summer in New York
}

TEST(BuiltinCalendars, CryptoIsAlwaysOpen) {
  const Calendar& always = Named("ALWAYS");
  EXPECT_EQ(always.StateAt(Ms(At("2026-12-25", 3))), MarketState::kOpen);
  EXPECT_EQ(always.SessionsIn({At("2026-12-25", 23), At("2026-12-27", 1)}).size(), 3u);
  EXPECT_TRUE(always.Covers({0, 1}));
}

TEST(BuiltinCalendars, EachKnowsManyYearsAndHasMostWeekdays) {
  EXPECT_THAT(Calendars::Builtin().version(), HasSubstr("exchange_calendars-"));
  EXPECT_GE(Calendars::Builtin().size(), 40u);
  for (const char* const name :
       {"BVMF", "XNYS", "XLON", "XETR", "XTKS", "XHKG", "XPAR", "XTSE", "XASX", "XSHG", "CMES"}) {
    const Calendar& calendar = Named(name);
    std::size_t sessions = 0;
    for (std::int32_t day = Day("2025-01-01"); day < Day("2026-01-01"); ++day) {
      const auto session = calendar.SessionOf(day);
      if (!session) continue;
      ++sessions;
      EXPECT_LT(session->hours.from_s, session->hours.to_s);
      EXPECT_EQ(calendar.SessionsIn(session->hours).size(), 1u) << name << " " << DayText(day);
    }
    EXPECT_GE(sessions, 240u) << name;
    EXPECT_LE(sessions, 259u) << name;
  }
}

TEST(BuiltinCalendars, BeyondTheirDaysNothingIsKnown) {
  const Calendar& calendar = Named("XNYS");
  EXPECT_EQ(calendar.StateAt(Ms(At("2014-12-30", 15))), MarketState::kUnknown);
  EXPECT_EQ(calendar.StateAt(Ms(At("2031-01-02", 15))), MarketState::kUnknown);
  EXPECT_FALSE(calendar.Covers({At("2014-12-31", 0), At("2015-01-02", 0)}));
  EXPECT_TRUE(calendar.Covers({At("2015-01-01", 0), At("2015-01-02", 0)}));
}

// --- Which ticker has which ------------------------------------------------------------------------------------------

TEST(CalendarOfATicker, IsThatOfItsForm) {
  for (const auto& [ticker, name] : std::vector<std::pair<const char*, const char*>>{{"PETR4.SA", "BVMF"},
                                                                                     {"AAPL", "XNYS"},
                                                                                     {"BRK-B", "XNYS"},
                                                                                     {"VOD.L", "XLON"},
                                                                                     {"SAP.DE", "XETR"},
                                                                                     {"MC.PA", "XPAR"},
                                                                                     {"7203.T", "XTKS"},
                                                                                     {"0700.HK", "XHKG"},
                                                                                     {"SHOP.TO", "XTSE"},
                                                                                     {"BHP.AX", "XASX"},
                                                                                     {"RY-PB.TO", "XTSE"},
                                                                                     {"BTC-USD", "ALWAYS"},
                                                                                     {"ETH-BRL", "ALWAYS"},
                                                                                     {"JPY=X", "FX"},
                                                                                     {"CL=F", "CMES"},
                                                                                     {"^BVSP", "BVMF"},
                                                                                     {"AAPL261218C00150000", "XNYS"}}) {
    const Calendar* const calendar = Calendars::Builtin().Of(ticker);
    ASSERT_NE(calendar, nullptr) << ticker;
    EXPECT_EQ(calendar->name(), name) << ticker;
  }
}

TEST(CalendarOfATicker, IsThatOfItsExchangeWhereThatIsKnown) {
  const Calendars& all = Calendars::Builtin();
  EXPECT_EQ(all.Of("^GSPC", "SNP")->name(), "XNYS");
  EXPECT_EQ(all.Of("PETR4.SA", "SAO")->name(), "BVMF");
  EXPECT_EQ(all.Of("BTC-USD", "CCC")->name(), "ALWAYS");
  EXPECT_EQ(all.Of("PETR4.SA", "QQQ")->name(), "BVMF");  // a code that nobody knows
}

TEST(CalendarOfATicker, IsUnknownWhereNothingTells) {
  EXPECT_EQ(Calendars::Builtin().Of("^XYZ"), nullptr);
  EXPECT_EQ(Calendars::Builtin().Of("A.XYZ"), nullptr);
  EXPECT_EQ(Calendars::Builtin().Of(""), nullptr);
}

// --- A user's file ---------------------------------------------------------------------------------------------------

TEST(UserCalendars, AmendReplaceAndName) {
  const Calendars own = Calendars::Builtin()
                            .With(R"(# ours
amend XNYS
closed 2026 11-27          # a storm
session 2026-11-28 15:00 18:00
session 2026-11-26 14:30 18:00
calendar BVMF America/Sao_Paulo 2026-01-01 2026-12-31
hours 2026-01-01 12:00 20:00 15:00 16:00
ticker AAPL BVMF
suffix .XX XNYS
exchange QQQ XNYS
)")
                            .ValueOrDie();
  const auto session = [&](std::string_view name, std::string_view day) { return own.Find(name)->SessionOf(Day(day)); };
  EXPECT_FALSE(session("XNYS", "2026-11-27"));
  EXPECT_EQ(session("XNYS", "2026-11-26")->hours, Hours("2026-11-26", 14, 30, 18, 0));
  EXPECT_EQ(session("XNYS", "2026-11-28")->hours, Hours("2026-11-28", 15, 0, 18, 0));  // a Saturday
  EXPECT_TRUE(session("XNYS", "2026-11-25"));
  EXPECT_TRUE(session("BVMF", "2026-02-17"));  // of the built-in one nothing is left
  EXPECT_EQ(session("BVMF", "2026-02-17")->pause, Hours("2026-02-17", 15, 0, 16, 0));
  EXPECT_EQ(own.Of("AAPL")->name(), "BVMF");
  EXPECT_EQ(own.Of("A.XX")->name(), "XNYS");
  EXPECT_EQ(own.Of("^A", "QQQ")->name(), "XNYS");
  EXPECT_FALSE(On("XNYS", "2026-11-26"));  // the built-in ones are as they were
}

TEST(UserCalendars, AWrongLineIsNamedWithItsRemedy) {
  for (const auto& [text, problem] : std::vector<std::pair<const char*, const char*>>{
           {"\nholiday 2026-01-01", "line 2: 'holiday' with 1 words"},
           {"amend XXXX", "line 1: there is no calendar XXXX"},
           {"closed 2026 01-01", "belongs below"},
           {"amend ALWAYS\nclosed 2026 01-01", "line 2: this line belongs below"},
           {"amend XNYS\nclosed 2026 02-30", "'2026-02-30' is no day: write it like 2026-11-25"},
           {"amend XNYS\nhours 2026-01-01 9:3 20:00", "'9:3' is no time: write it like 13:30"},
           {"amend XNYS\nhours 2026-01-01 09:60 20:00", "'09:60' is no time"},
           {"amend XNYS\nhours 2026-01-01 99:00 20:00", "'99:00' is no time"},
           {"amend XNYS\nhours 2026-01-01 20:00 09:00", "opens before it closes"},
           {"amend XNYS\nsession 2026-01-01 09:00 20:00 08:00 10:00", "a break lies between"},
           {"calendar A UTC 2026-01-02 2026-01-01", "the last day is before the first"},
           {"calendar A UTC sometimes", "or 'always'"},
           {"suffix .A NOPE", "there is no calendar NOPE"}}) {
    const auto wrong = Calendars::Builtin().With(text).status();
    EXPECT_TRUE(wrong.IsInvalid()) << text;
    EXPECT_THAT(wrong.message(), HasSubstr(problem)) << text;
  }
}

TEST(Days, AreReadAndWrittenAlike) {
  for (std::int32_t day = -700'000; day < 2'900'000; day += 61) ASSERT_EQ(Day(DayText(day)), day);  // years 54 to 9909
  for (const char* const wrong :
       {"", "2026-1-01", "2026-13-01", "2026-02-29", "2026-00-10", "20x6-01-01", "2026/01/01"})
    EXPECT_FALSE(ParseDay(wrong).ok()) << wrong;
}

}  // namespace
}  // namespace pregao::market
