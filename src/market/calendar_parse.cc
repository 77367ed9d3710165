#include <charconv>

#include "base/text.h"
#include "market/calendar.h"

namespace pregao::market {
namespace {

constexpr std::size_t kMaxBytes = 4 << 20;
constexpr std::int32_t kMaxMinutes = 48 * 60;

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  constexpr std::string_view kBlank = " \t\r";
  line = line.substr(0, line.find('#'));
  std::size_t begin = line.find_first_not_of(kBlank);
  while (begin != std::string_view::npos) {
    const std::size_t end = std::min(line.find_first_of(kBlank, begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(kBlank, end);
  }
  return words;
}

/// "13:30", "-01:00", "25:00".
Result<std::int32_t> Minutes(std::string_view text) {
  std::string_view digits = text;
  const bool before = digits.starts_with('-');
  if (before) digits.remove_prefix(1);
  const std::size_t colon = digits.find(':');
  std::int32_t hours = -1, minutes = -1;
  if (colon != std::string_view::npos && digits.size() - colon == 3) {
    const char* const middle = digits.data() + colon;
    const char* const end = digits.data() + digits.size();
    const auto h = std::from_chars(digits.data(), middle, hours);
    const auto m = std::from_chars(middle + 1, end, minutes);
    if (h.ec != std::errc() || h.ptr != middle || m.ec != std::errc() || m.ptr != end) hours = -1;
  }
  if (hours < 0 || minutes < 0 || minutes > 59 || hours * 60 > kMaxMinutes - 60) {
    return Status::Invalid("'", Printable(text), "' is no time: write it like 13:30, in UTC");
  }
  return before ? -(hours * 60 + minutes) : hours * 60 + minutes;
}

}  // namespace

/// Reads lines onto Calendars.
class CalendarParser {
 public:
  explicit CalendarParser(Calendars* out) : out_(out) {}

  Status Line(const std::vector<std::string_view>& words) {
    const std::string_view what = words[0];
    const std::size_t arguments = words.size() - 1;
    if (what == "calendar" && (arguments == 3 || arguments == 4)) return Begin(words);
    if (what == "amend" && arguments == 1) return Amend(words[1]);
    if (what == "hours" && (arguments == 3 || arguments == 5)) return Day(words, &Calendar::regular_);
    if (what == "session" && (arguments == 3 || arguments == 5)) return Day(words, &Calendar::special_);
    if (what == "closed" && arguments >= 2) return Closed(words);
    if (what == "suffix" && arguments == 2) return Name(words, &out_->suffixes_);
    if (what == "exchange" && arguments == 2) return Name(words, &out_->exchanges_);
    if (what == "ticker" && arguments == 2) return Name(words, &out_->tickers_);
    if (what == "version" && arguments == 1) {
      out_->version_ = words[1];
      return Status::OK();
    }
    return Status::Invalid("'", Printable(what), "' with ", arguments, " words behind it is not understood: a line is ",
                           "one of calendar, amend, hours, closed, session, suffix, exchange and ticker");
  }

 private:
  Status Begin(const std::vector<std::string_view>& words) {
    Calendar fresh;
    fresh.name_ = words[1];
    fresh.timezone_ = words[2];
    if (words.size() == 4) {
      if (words[3] != "always") return Status::Invalid("a calendar has a first and a last day, or 'always'");
      fresh.always_ = true;
    } else {
      TRY_ASSIGN(fresh.first_day_, ParseDay(words[3]));
      TRY_ASSIGN(fresh.last_day_, ParseDay(words[4]));
      if (fresh.last_day_ < fresh.first_day_) return Status::Invalid("the last day is before the first");
    }
    now_ = &(out_->calendars_[fresh.name_] = std::move(fresh));
    return Status::OK();
  }

  Status Amend(std::string_view name) {
    const auto it = out_->calendars_.find(name);
    if (it == out_->calendars_.end()) return Status::Invalid("there is no calendar ", Printable(name), " to amend");
    now_ = &it->second;
    return Status::OK();
  }

  Status InCalendar() const {
    return now_ != nullptr && !now_->always_
               ? Status::OK()
               : Status::Invalid("this line belongs below a line 'calendar …' or 'amend …' of one that has hours");
  }

  Status Day(const std::vector<std::string_view>& words, std::map<std::int32_t, Calendar::Hours> Calendar::*into) {
    TRY(InCalendar());
    TRY_ASSIGN(const std::int32_t day, ParseDay(words[1]));
    Calendar::Hours hours;
    TRY_ASSIGN(hours.open, Minutes(words[2]));
    TRY_ASSIGN(hours.close, Minutes(words[3]));
    bool in_order = hours.open < hours.close;
    if (words.size() == 6) {
      hours.pause.emplace();
      TRY_ASSIGN(hours.pause->first, Minutes(words[4]));
      TRY_ASSIGN(hours.pause->second, Minutes(words[5]));
      in_order = hours.open < hours.pause->first && hours.pause->first < hours.pause->second &&
                 hours.pause->second < hours.close;
    }
    if (!in_order) return Status::Invalid("a session opens before it closes, and a break lies between the two");
    (now_->*into)[day] = hours;
    if (into == &Calendar::special_) now_->closed_.erase(day);
    return Status::OK();
  }

  Status Closed(const std::vector<std::string_view>& words) {
    TRY(InCalendar());
    for (std::size_t i = 2; i < words.size(); ++i) {
      TRY_ASSIGN(const std::int32_t day, ParseDay(std::string(words[1]) + "-" + std::string(words[i])));
      now_->closed_.insert(day);
      now_->special_.erase(day);
    }
    return Status::OK();
  }

  Status Name(const std::vector<std::string_view>& words, Calendars::Names* names) {
    if (out_->Find(words[2]) == nullptr) return Status::Invalid("there is no calendar ", Printable(words[2]));
    (*names)[std::string(words[1])] = words[2];
    return Status::OK();
  }

  Calendars* const out_;
  Calendar* now_ = nullptr;
};

Result<Calendars> Calendars::With(std::string_view text) const {
  if (text.size() > kMaxBytes) return Status::Invalid("calendars of ", text.size(), " bytes: at most ", kMaxBytes);
  Calendars out = *this;
  CalendarParser parser(&out);
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const auto words = Words(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (words.empty()) continue;
    if (const Status status = parser.Line(words); !status.ok()) {
      return Status::Invalid("line ", number, ": ", status.message());
    }
  }
  return out;
}

}  // namespace pregao::market
