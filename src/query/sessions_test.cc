#include "query/sessions.h"

#include <arrow/scalar.h>
#include <arrow/table.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pregao::query {
namespace {

using testing::ElementsAre;

class Sessions : public testing::Test {
 protected:
  std::vector<std::string> Ask(const std::string& sql) {
    const auto table = QueryAll(database_.get(), sql).ValueOrDie();
    std::vector<std::string> out;
    for (std::int64_t i = 0; i < table->num_rows(); ++i) {
      const auto cell = table->column(0)->GetScalar(i).ValueOrDie();
      out.push_back(cell->is_valid ? cell->ToString() : "null");
    }
    return out;
  }
  std::string CalendarOf(const std::string& ticker) { return Ask("SELECT calendar_of(" + QuoteText(ticker) + ")")[0]; }

  std::unique_ptr<Database> database_ = Database::Open({}).ValueOrDie();
};

TEST_F(Sessions, ATickersCalendarIsThatOfTheCalendarsForEveryForm) {
  const auto& calendars = market::Calendars::Builtin();
  ASSERT_TRUE(NameCalendars(calendars, database_.get()).ok());
  for (const std::string ticker :
       {"AAPL",   "PETR4.SA", "BRK-B", "BTC-USD",   "ETH-BRL", "JPY=X", "CL=F", "^BVSP",    "^GSPC", "^NONE",
        "7203.T", "VOD.L",    "A.B.L", "X.NOWHERE", "X=Y",     "A=F=X", "",     "BTC-USDT", "A-usd", "O'NEIL"}) {
    const market::Calendar* const calendar = calendars.Of(ticker);
    EXPECT_EQ(CalendarOf(ticker), calendar == nullptr ? "null" : calendar->name()) << ticker;
    EXPECT_EQ(Ask("SELECT timezone_of(" + QuoteText(ticker) + ")")[0],
              calendar == nullptr ? "null" : calendar->timezone())
        << ticker;
  }
}

TEST_F(Sessions, ADayHasOneRowAndTwoWhereThereIsALunch) {
  ASSERT_TRUE(LoadSessions(market::Calendars::Builtin(), database_.get()).ok());
  const auto of = [&](const std::string& calendar, const std::string& date) {
    return Ask(
        "SELECT strftime(session_start AT TIME ZONE 'UTC', '%d %H:%M') || strftime(session_end AT TIME ZONE "
        "'UTC', ' %d %H:%M') FROM sessions WHERE calendar = '" +
        calendar + "' AND date = '" + date + "' ORDER BY session_start");
  };
  EXPECT_THAT(of("XNYS", "2026-11-27"), ElementsAre("27 14:30 27 18:00"));  // a half day
  EXPECT_THAT(of("XNYS", "2026-11-26"), ElementsAre());                     // Thanksgiving
  EXPECT_THAT(of("XTKS", "2026-11-24"), ElementsAre("24 00:00 24 02:30", "24 03:30 24 06:30"));
  EXPECT_THAT(Ask("SELECT count(*)::VARCHAR FROM sessions WHERE date IS NULL"), ElementsAre("1"));
}

TEST_F(Sessions, AUsersFileWins) {
  const auto calendars = market::Calendars::Builtin().With("amend XNYS\nclosed 2026 11-27\nticker ^NONE XNYS\n");
  ASSERT_TRUE(calendars.ok());
  ASSERT_TRUE(NameCalendars(*calendars, database_.get()).ok());
  ASSERT_TRUE(LoadSessions(*calendars, database_.get()).ok());
  EXPECT_THAT(Ask("SELECT calendar FROM sessions WHERE calendar = 'XNYS' AND date = '2026-11-27'"), ElementsAre());
  EXPECT_EQ(CalendarOf("^NONE"), "XNYS");
}

TEST_F(Sessions, WithoutAnyCalendarNothingIsKnown) {
  ASSERT_TRUE(NameCalendars(market::Calendars(), database_.get()).ok());
  ASSERT_TRUE(LoadSessions(market::Calendars(), database_.get()).ok());
  EXPECT_THAT(Ask("SELECT count(*)::VARCHAR FROM sessions"), ElementsAre("0"));
  EXPECT_EQ(CalendarOf("BTC-USD"), "null");
}

}  // namespace
}  // namespace pregao::query
