#pragma once
/// When an exchange trades: the regular sessions, holidays and half days of each (docs/history.md).
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/types.h"

namespace pregao::market {

/// UTC seconds, half-open. A day's session may begin on the UTC day before (Sydney, currencies).
struct Span {
  std::int64_t from_s = 0, to_s = 0;
  friend bool operator==(const Span&, const Span&) = default;
};

/// One day's regular trading.
struct Session {
  std::int32_t day = 0;       ///< in the exchange's own calendar, days since the epoch
  Span hours;                 ///< from the opening to the close
  std::optional<Span> pause;  ///< a lunch break inside of it
  friend bool operator==(const Session&, const Session&) = default;
};

enum class MarketState : std::uint8_t {
  kOpen,
  kClosed,
  kUnknown,  ///< before the calendar's first day or after its last
};

/// Days since the epoch of "2026-11-25". Invalid: another form, or no such day.
[[nodiscard]] Result<std::int32_t> ParseDay(std::string_view text);
/// The reverse.
[[nodiscard]] std::string DayText(std::int32_t day);

/// The sessions of one exchange. Immutable once made: thread-safe.
class Calendar {
 public:
  [[nodiscard]] const std::string& name() const { return name_; }          ///< XNYS: the exchange's MIC, mostly
  [[nodiscard]] const std::string& timezone() const { return timezone_; }  ///< America/New_York
  /// Trades at any time, as crypto does: every UTC day is a session.
  [[nodiscard]] bool always() const { return always_; }
  [[nodiscard]] std::int32_t first_day() const { return first_day_; }
  [[nodiscard]] std::int32_t last_day() const { return last_day_; }  ///< inclusive

  /// nullopt: no session on that day, or a day that the calendar does not know.
  [[nodiscard]] std::optional<Session> SessionOf(std::int32_t day) const;
  /// kClosed in a lunch break too.
  [[nodiscard]] MarketState StateAt(TimestampMs time) const;
  /// Sessions that have a second in common with [from_s, to_s), in order.
  [[nodiscard]] std::vector<Session> SessionsIn(Span span) const;
  /// Whether [from_s, to_s) lies within what the calendar knows.
  [[nodiscard]] bool Covers(Span span) const;

 private:
  friend class CalendarParser;
  /// Minutes from the UTC midnight of the session's day.
  struct Hours {
    std::int32_t open = 0, close = 0;
    std::optional<std::pair<std::int32_t, std::int32_t>> pause;
  };
  [[nodiscard]] const Hours* HoursOf(std::int32_t day) const;

  std::string name_, timezone_;
  bool always_ = false;
  std::int32_t first_day_ = 0, last_day_ = -1;
  std::map<std::int32_t, Hours> regular_;  // of weekdays from that day on
  std::set<std::int32_t> closed_;          // weekdays without a session
  std::map<std::int32_t, Hours> special_;  // half days, late openings, Saturdays
};

/// Calendars and which ticker has which. Text, one entry a line, # for comments; later lines win over earlier ones:
///
///   calendar XNYS America/New_York 2015-01-01 2027-12-31   # begins one: its zone, first and last day
///   amend XNYS                                             # or goes on with one that is there
///   hours 2026-03-09 13:30 20:00                           # UTC, of weekdays from that day on
///   hours 2026-03-09 00:00 06:00 02:30 03:30               # with a lunch break
///   closed 2026 11-26 12-25                                # no session on these days of the year
///   session 2026-11-27 14:30 18:00                         # a half day, or a session on a Saturday
///   calendar ALWAYS UTC always                             # every second of every day
///   suffix .SA BVMF                                        # tickers that end so; "." is: no suffix
///   exchange NMS XNYS                                      # Yahoo's exchange code
///   ticker ^BVSP BVMF                                      # one ticker
///
/// Hours are minutes of the session's day in UTC: -01:00 is 23:00 of the day before, 25:00 is 01:00 of the day after.
/// Immutable once made: thread-safe.
class Calendars {
 public:
  /// Those that come with the program.
  [[nodiscard]] static const Calendars& Builtin();
  /// These, with `text` read on top. Invalid names the line, what is wrong with it and what is expected.
  [[nodiscard]] Result<Calendars> With(std::string_view text) const;

  /// By its name; null: there is none.
  [[nodiscard]] const Calendar* Find(std::string_view name) const;
  /// That of a ticker: by the ticker itself, Yahoo's exchange code when it is known, else its form: `-USD` and the like
  /// are crypto, `=X` currencies, `=F` futures, else what follows the last point. Null: nobody knows. Valid as long as
  /// these Calendars.
  [[nodiscard]] const Calendar* Of(std::string_view ticker, std::string_view exchange = {}) const;
  /// By name; and the rules by which Of() finds one: calendars' names by ticker and by suffix ("." is: no suffix). A
  /// rule may name a calendar that is not there.
  using Names = std::map<std::string, std::string, std::less<>>;
  [[nodiscard]] const std::map<std::string, Calendar, std::less<>>& all() const { return calendars_; }
  [[nodiscard]] const Names& tickers() const { return tickers_; }
  [[nodiscard]] const Names& suffixes() const { return suffixes_; }
  /// What the built-in ones were made from: "exchange_calendars-4.13.2".
  [[nodiscard]] const std::string& version() const { return version_; }
  [[nodiscard]] std::size_t size() const { return calendars_.size(); }

 private:
  friend class CalendarParser;
  [[nodiscard]] const Calendar* Named(const Names& names, std::string_view key) const;

  std::map<std::string, Calendar, std::less<>> calendars_;
  Names suffixes_, exchanges_, tickers_;
  std::string version_;
};

}  // namespace pregao::market
