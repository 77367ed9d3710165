#include "yahoo/sim_chart.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

#include "base/json_writer.h"
#include "yahoo/sim_dividends.h"

namespace pregao::yahoo {
namespace {

constexpr std::string_view kPath = "/v8/finance/chart/";
constexpr std::int64_t kMinuteS = 60, kDayS = 86'400;

std::string Decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr == text.data() + i + 3) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::map<std::string, std::string> Parameters(std::string_view query) {
  std::map<std::string, std::string> out;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    out[Decoded(pair.substr(0, equals))] = Decoded(pair.substr(std::min(equals + 1, pair.size())));
  }
  return out;
}

std::optional<std::int64_t> NumberOf(const std::map<std::string, std::string>& parameters, const std::string& key) {
  const auto it = parameters.find(key);
  std::int64_t number = 0;
  if (it == parameters.end()) return std::nullopt;
  const char* const end = it->second.data() + it->second.size();
  const auto [stop, error] = std::from_chars(it->second.data(), end, number);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

SimAnswer Refusal(int status, std::string_view code, const std::string& description) {
  JsonWriter w;
  w.BeginObject();
  w.Key("chart");
  w.BeginObject();
  w.Key("result");
  w.Null();
  w.Key("error");
  w.BeginObject();
  w.Key("code");
  w.String(code);
  w.Key("description");
  w.String(description);
  w.EndObject();
  w.EndObject();
  w.EndObject();
  return {status, w.Take(), {}};
}

SimAnswer Unprocessable(const std::string& description) { return Refusal(422, "Unprocessable Entity", description); }

std::optional<std::int64_t> DaysOfRange(std::string_view range) {
  constexpr std::pair<std::string_view, std::int64_t> kRanges[] = {
      {"1d", 1},   {"5d", 5},   {"1mo", 30},  {"3mo", 91},   {"6mo", 182},
      {"1y", 365}, {"2y", 730}, {"5y", 1826}, {"10y", 3652}, {"max", 36'500}};
  for (const auto& [name, days] : kRanges) {
    if (name == range) return days;
  }
  return std::nullopt;
}

/// What Yahoo refuses of a range; empty: nothing.
std::string TooMuch(const ChartQuery& query, std::int64_t now_s) {
  const std::string name(query.interval.name);
  const std::int64_t days = name == "1m" ? 30 : name == "1h" ? 730 : query.interval.reach_days > 0 ? 60 : 0;
  if (name == "1m" && query.to_s - query.from_s > 8 * kDayS) {
    return "1m data not available for startTime=" + std::to_string(query.from_s) +
           " and endTime=" + std::to_string(query.to_s) +
           ". Only 8 days worth of 1m granularity data are allowed to be fetched per request.";
  }
  if (days == 0 || query.from_s >= now_s - days * kDayS) return "";
  return name + " data not available for startTime=" + std::to_string(query.from_s) +
         " and endTime=" + std::to_string(query.to_s) + ". The requested range must be within the last " +
         std::to_string(days) + " days.";
}

void Numbers(JsonWriter* w, std::initializer_list<std::pair<const char*, std::int64_t>> numbers) {
  for (const auto& [key, value] : numbers) {
    w->Key(key);
    w->Int(value);
  }
}

std::string TextOf(const market::Quote& quote, market::Field field) {
  const auto* const text = std::get_if<std::string>(&quote[field]);
  return text != nullptr ? *text : "";
}

std::string CurrencyOf(const std::string& ticker, const market::Quote& quote) {
  const std::string own = TextOf(quote, market::kCurrency);
  return !own.empty() ? own : ticker.ends_with(".SA") ? "BRL" : "USD";
}

void Period(JsonWriter* w, const char* key, std::int64_t from_s, std::int64_t to_s) {
  w->Key(key);
  w->BeginObject();
  w->Key("timezone");
  w->String("UTC");
  Numbers(w, {{"start", from_s}, {"end", to_s}, {"gmtoffset", 0}});
  w->EndObject();
}

void Meta(JsonWriter* w, const std::string& ticker, const market::Quote& quote, double first_price,
          std::string_view granularity, std::int64_t now_s) {
  const std::string exchange = TextOf(quote, market::kExchange);
  w->Key("meta");
  w->BeginObject();
  for (const auto& [key, text] : {std::pair<const char*, std::string>("currency", CurrencyOf(ticker, quote)),
                                  {"symbol", ticker},
                                  {"exchangeName", exchange},
                                  {"fullExchangeName", exchange},
                                  {"instrumentType", TextOf(quote, market::kQuoteType)},
                                  {"timezone", "UTC"},
                                  {"exchangeTimezoneName", "UTC"},
                                  {"dataGranularity", std::string(granularity)},
                                  {"range", ""}}) {
    w->Key(key);
    w->String(text);
  }
  Numbers(w, {{"firstTradeDate", SimPast::kBegin},
              {"regularMarketTime", std::get<std::int64_t>(quote[market::kEventTime]) / 1000},
              {"gmtoffset", 0},
              {"priceHint", 2}});
  w->Key("hasPrePostMarketData");
  w->Bool(false);
  w->Key("regularMarketPrice");
  w->Double(std::get<double>(quote[market::kPrice]));
  w->Key("chartPreviousClose");
  w->Double(first_price);
  const std::int64_t day = now_s - now_s % kDayS;
  w->Key("currentTradingPeriod");
  w->BeginObject();
  Period(w, "pre", day, day);
  Period(w, "regular", day, day + kDayS);
  Period(w, "post", day + kDayS, day + kDayS);
  w->EndObject();
  w->Key("validRanges");
  w->BeginArray();
  for (const char* const range : {"1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "max"}) w->String(range);
  w->EndArray();
  w->EndObject();
}

/// Dividends and one split: of shares and funds, in [from_s, to_s).
void Events(JsonWriter* w, const market::Quote& quote, double price, const ChartQuery& query) {
  const std::string type = TextOf(quote, market::kQuoteType);
  if (type != "EQUITY" && type != "ETF") return;
  using namespace std::chrono;
  const auto in_range = [&](sys_days day) {
    const std::int64_t second = duration_cast<seconds>(day.time_since_epoch()).count();
    return second >= query.from_s && second < query.to_s ? std::optional(second) : std::nullopt;
  };
  w->Key("events");
  w->BeginObject();
  w->Key("dividends");
  w->BeginObject();
  for (const SimDividend& dividend : SimDividends(type, price, query.from_s, query.to_s)) {
    w->Key(std::to_string(dividend.day_s));
    w->BeginObject();
    w->Key("amount");
    w->Double(dividend.amount);
    Numbers(w, {{"date", dividend.day_s}});
    w->EndObject();
  }
  w->EndObject();
  if (const auto second = in_range(year(2022) / 6 / 6)) {
    w->Key("splits");
    w->BeginObject();
    w->Key(std::to_string(*second));
    w->BeginObject();
    Numbers(w, {{"date", *second}, {"numerator", 2}, {"denominator", 1}});
    w->Key("splitRatio");
    w->String("2:1");
    w->EndObject();
    w->EndObject();
  }
  w->EndObject();
}

}  // namespace

/// Bars that start in the query's range, up to now.
std::vector<SimChart::Row> SimChart::Rows(const std::string& ticker, const SimSymbol& symbol, const ChartQuery& query) {
  const auto& told = symbol.minutes().all();
  const std::int64_t width = query.interval.seconds, start_s = market_->start().value / 1000;
  const std::int64_t live_s = start_s - start_s % kMinuteS;  // from here on the stream is the truth
  SimPast past(market_->seed(), ticker, static_cast<double>(symbol.first_price()), symbol.grid());
  std::vector<Row> rows;
  const std::int64_t from = std::max(query.from_s, SimPast::kBegin), to = std::min(query.to_s, NowS() + 1);
  auto next = told.begin();
  for (std::int64_t time = (from + width - 1) / width * width; time < to; time += width) {
    Row row{time, {}};
    const auto join = [&](const SimMinute& minute) {
      row.traded ? Join(minute, &*row.traded) : void(row.traded = minute);
    };
    for (std::int64_t m = time; m < std::min(time + width, live_s); m += kMinuteS) join(past.At(m));
    next = std::lower_bound(next, told.end(), time, [](const SimMinute& m, std::int64_t s) { return m.start_s < s; });
    for (; next != told.end() && next->start_s < time + width; ++next) join(*next);
    rows.push_back(row);
  }
  while (!rows.empty() && !rows.back().traded) rows.pop_back();
  // Yahoo tells the newest trade apart from the running minute.
  const auto& newest = symbol.minutes().newest();
  const auto& before = symbol.minutes().before_newest();
  if (width == kMinuteS && !rows.empty() && newest && before && rows.back().time_s == before->start_s &&
      newest->start_s < to) {
    rows.back().traded = before;
    rows.push_back({newest->start_s, newest});
  }
  return rows;
}

/// The last price of the day before `day_s`; nullopt: nothing was traded on it.
std::optional<double> SimChart::CloseBefore(const std::string& ticker, const SimSymbol& symbol, std::int64_t day_s) {
  const ChartQuery day{ticker, *ChartIntervalOf("1d"), day_s - kDayS, day_s};
  const auto rows = Rows(ticker, symbol, day);
  return rows.empty() || !rows[0].traded ? std::nullopt : std::optional<double>(rows[0].traded->close);
}

/// Of each day's row the close, less what was paid later, as Yahoo adjusts it.
std::vector<double> SimChart::AdjustedCloses(const std::string& ticker, const SimSymbol& symbol,
                                             const std::vector<Row>& rows) {
  std::vector<double> out(rows.size());
  if (rows.empty()) return out;
  const auto paid = SimDividends(TextOf(symbol.last(), market::kQuoteType), static_cast<double>(symbol.first_price()),
                                 rows.front().time_s + 1, NowS() + 1);
  double kept = 1;
  auto next = paid.rbegin();
  for (std::size_t i = rows.size(); i-- > 0;) {
    for (; next != paid.rend() && next->day_s > rows[i].time_s; ++next) {
      if (const auto close = CloseBefore(ticker, symbol, next->day_s)) kept *= 1 - next->amount / *close;
    }
    if (rows[i].traded) out[i] = kept * static_cast<double>(rows[i].traded->close);
  }
  return out;
}

std::string SimChart::Body(const std::string& ticker, const SimSymbol& symbol, const ChartQuery& query,
                           std::string_view granularity, const std::vector<Row>& rows) {
  JsonWriter w;
  w.BeginObject();
  w.Key("chart");
  w.BeginObject();
  w.Key("result");
  w.BeginArray();
  w.BeginObject();
  Meta(&w, ticker, symbol.last(), static_cast<double>(symbol.first_price()), granularity, NowS());
  const auto column = [&](const char* key, auto value) {
    w.Key(key);
    w.BeginArray();
    for (const Row& row : rows) row.traded ? value(*row.traded) : w.Null();
    w.EndArray();
  };
  if (!rows.empty()) {
    w.Key("timestamp");
    w.BeginArray();
    for (const Row& row : rows) w.Int(row.time_s);
    w.EndArray();
  }
  Events(&w, symbol.last(), static_cast<double>(symbol.first_price()), query);
  w.Key("indicators");
  w.BeginObject();
  w.Key("quote");
  w.BeginArray();
  w.BeginObject();
  if (!rows.empty()) {
    column("open", [&](const SimMinute& m) { w.Double(static_cast<double>(m.open)); });
    column("high", [&](const SimMinute& m) { w.Double(static_cast<double>(m.high)); });
    column("low", [&](const SimMinute& m) { w.Double(static_cast<double>(m.low)); });
    column("close", [&](const SimMinute& m) { w.Double(static_cast<double>(m.close)); });
    column("volume", [&](const SimMinute& m) { w.Int(symbol.has_volume() ? m.volume : 0); });
  }
  w.EndObject();
  w.EndArray();
  if (query.interval.seconds == kDayS) {
    w.Key("adjclose");
    w.BeginArray();
    w.BeginObject();
    const auto closes = AdjustedCloses(ticker, symbol, rows);
    auto next = closes.begin();
    w.Key("adjclose");
    w.BeginArray();
    for (const Row& row : rows) {
      row.traded ? w.Double(*next) : w.Null();
      ++next;
    }
    w.EndArray();
    w.EndObject();
    w.EndArray();
  }
  w.EndObject();
  w.EndObject();
  w.EndArray();
  w.Key("error");
  w.Null();
  w.EndObject();
  w.EndObject();
  return w.Take();
}

SimAnswer SimChart::Answer(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (!path.starts_with(kPath) || path.size() == kPath.size()) return {404, "Not Found", {}};
  const std::string ticker = Decoded(path.substr(kPath.size()));
  const auto parameters = Parameters(target.substr(std::min(path.size() + 1, target.size())));
  const SimSymbol* const symbol = market_->Symbol(ticker);
  if (symbol == nullptr) return Refusal(404, "Not Found", "No data found, symbol may be delisted");
  const auto named = parameters.find("interval");
  const std::string granularity = named == parameters.end() ? "1d" : named->second;
  const auto interval = ChartIntervalOf(granularity);
  if (!interval.ok()) {
    return Unprocessable("Invalid input - interval=" + granularity +
                         " is not supported. Valid intervals: [1m, 2m, 5m, 15m, 30m, 60m, 90m, 1h, 1d]");
  }
  ChartQuery query{ticker, *interval, NowS() - kDayS, NowS() + 1};
  const auto from = NumberOf(parameters, "period1"), to = NumberOf(parameters, "period2");
  if (from && to) {
    query.from_s = *from;
    query.to_s = *to;
  } else if (const auto range = parameters.find("range"); range != parameters.end()) {
    const auto days = DaysOfRange(range->second);
    if (!days) return Unprocessable("Invalid input - range=" + range->second + " is not supported.");
    query.from_s = std::max(NowS() - *days * kDayS, SimPast::kBegin);
  }
  if (query.from_s >= query.to_s)
    return Refusal(400, "Bad Request", "Invalid input - start date cannot be after end date.");
  if (const std::string wrong = TooMuch(query, NowS()); !wrong.empty()) return Unprocessable(wrong);
  return {200, Body(ticker, *symbol, query, granularity, Rows(ticker, *symbol, query)), {}};
}

}  // namespace pregao::yahoo
