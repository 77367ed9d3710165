#include "yahoo/chart_decode.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <simdjson.h>
#include <tuple>

#include "market/quote.h"
#include "yahoo/chart_rows.h"

namespace pregao::yahoo {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::int64_t kMaxSeconds = 100'000'000'000;  // the year 5138, and as far back
constexpr double kMaxVolume = 1e15;                    // sums of thousands still fit 64 bits

Status Odd(std::string_view what) { return Status::Invalid("the chart answer is not as Yahoo's are: ", what); }

std::string TextOf(const element& parent, std::string_view key) {
  std::string_view text;
  if (parent[key].get_string().get(text)) return "";
  return std::string(text);
}

std::optional<std::int64_t> SecondsOf(simdjson::simdjson_result<element> value) {
  std::int64_t seconds = 0;
  if (value.get_int64().get(seconds) || std::abs(seconds) > kMaxSeconds) return std::nullopt;
  return seconds;
}

/// nullopt is null; Invalid is anything but null and a number. Yahoo's prices are float32, widened to be written:
/// 127.58000183105469 is 127.58, as it is in the stream. What is no float32 stays as it stands.
Result<std::optional<double>> PriceOf(const element& value) {
  if (value.is_null()) return std::nullopt;
  double number = 0;
  if (value.get_double().get(number) || !std::isfinite(number)) return Odd("a price is no number");
  const bool fits = std::abs(number) <= std::numeric_limits<float>::max();
  const float narrow = fits ? static_cast<float>(number) : 0;
  return std::optional(fits && static_cast<double>(narrow) == number ? market::ShortestDouble(narrow) : number);
}

Result<std::optional<std::int64_t>> VolumeOf(const element& value) {
  if (value.is_null()) return std::nullopt;
  double number = 0;
  if (value.get_double().get(number) || !(std::abs(number) <= kMaxVolume)) return Odd("a volume is no number");
  if (number < 0) return std::nullopt;
  return std::optional<std::int64_t>(std::llround(number));
}

/// The array of a quote; absent: every row has null there. Invalid when its length is another than the timestamps'.
Result<std::vector<element>> ColumnOf(const element& quote, std::string_view key, std::size_t rows) {
  std::vector<element> out;
  array values;
  if (quote[key].get_array().get(values)) return out;
  out.assign(values.begin(), values.end());
  if (out.size() == rows) return out;
  return Odd(std::string(key) + " has " + std::to_string(out.size()) + " values for " + std::to_string(rows) + " rows");
}

Result<std::vector<ChartRow>> RowsOf(const element& result) {
  std::vector<ChartRow> rows;
  array times;
  if (result["timestamp"].get_array().get(times)) return rows;  // no trade in the range
  for (const element time : times) {
    const auto seconds = SecondsOf(element(time));
    if (!seconds) return Odd("a timestamp is no number of seconds");
    rows.emplace_back().time_s = *seconds;
  }
  element quote;
  if (result["indicators"]["quote"].at(0).get(quote)) return Odd("there are timestamps and no indicators.quote");
  for (const auto& [key, member] : {std::pair("open", &ChartRow::open), std::pair("high", &ChartRow::high),
                                    std::pair("low", &ChartRow::low), std::pair("close", &ChartRow::close)}) {
    TRY_ASSIGN(const auto column, ColumnOf(quote, key, rows.size()));
    for (std::size_t i = 0; i < column.size(); ++i) {
      TRY_ASSIGN(rows[i].*member, PriceOf(column[i]));
    }
  }
  TRY_ASSIGN(const auto volumes, ColumnOf(quote, "volume", rows.size()));
  for (std::size_t i = 0; i < volumes.size(); ++i) {
    TRY_ASSIGN(rows[i].volume, VolumeOf(volumes[i]));
  }
  return rows;
}

ChartMeta MetaOf(const element& result) {
  ChartMeta out;
  element meta;
  if (result["meta"].get(meta)) return out;
  out.symbol = TextOf(meta, "symbol");
  out.currency = TextOf(meta, "currency");
  out.exchange = TextOf(meta, "exchangeName");
  out.timezone = TextOf(meta, "exchangeTimezoneName");
  out.instrument_type = TextOf(meta, "instrumentType");
  out.granularity = TextOf(meta, "dataGranularity");
  constexpr std::int64_t kMaxOffset = 86'400;
  out.gmt_offset_s = std::clamp(SecondsOf(meta["gmtoffset"]).value_or(0), -kMaxOffset, kMaxOffset);
  out.market_time_s = SecondsOf(meta["regularMarketTime"]);
  const auto open = SecondsOf(meta["currentTradingPeriod"]["regular"]["start"]);
  const auto close = SecondsOf(meta["currentTradingPeriod"]["regular"]["end"]);
  if (open && close && *open < *close) out.regular_s = {*open, *close};
  return out;
}

std::int32_t DayOf(std::int64_t time_s, const ChartMeta& meta) {
  constexpr std::int64_t kDayS = 86'400;
  const std::int64_t local = time_s + meta.gmt_offset_s;
  return static_cast<std::int32_t>(local / kDayS - (local % kDayS < 0));
}

/// A number above zero, or nullopt.
std::optional<double> Positive(simdjson::simdjson_result<element> value) {
  double number = 0;
  if (value.get_double().get(number) || !(number > 0) || !std::isfinite(number)) return std::nullopt;
  return number;
}

/// Calls `add` with each event of a kind and its day.
template <class F>
Status ForEachEvent(const element& result, std::string_view kind, const ChartMeta& meta, F&& add) {
  object events;
  if (result["events"][kind].get_object().get(events)) return Status::OK();
  for (const auto& field : events) {
    const auto time = SecondsOf(field.value["date"]);
    if (!time) return Odd("an event has no date");
    TRY(add(field.value, DayOf(*time, meta)));
  }
  return Status::OK();
}

Result<std::vector<market::CorporateAction>> ActionsOf(const element& result, const ChartMeta& meta,
                                                       const std::string& ticker, TimestampMs received_at) {
  std::vector<market::CorporateAction> out;
  const auto add = [&](std::int32_t day, market::ActionKind kind) -> market::CorporateAction& {
    market::CorporateAction& action = out.emplace_back();
    action.ticker = ticker;
    action.day = day;
    action.kind = kind;
    action.received_us = received_at.value * 1000;
    return action;
  };
  TRY(ForEachEvent(result, "dividends", meta, [&](const element& event, std::int32_t day) {
    const auto amount = Positive(event["amount"]);
    if (!amount) return Odd("a dividend has no amount");
    market::CorporateAction& action = add(day, market::ActionKind::kDividend);
    action.amount = amount;
    std::string currency = TextOf(event, "currency");
    if (currency.empty()) currency = meta.currency;
    if (!currency.empty()) action.currency = std::move(currency);
    return Status::OK();
  }));
  TRY(ForEachEvent(result, "splits", meta, [&](const element& event, std::int32_t day) {
    const auto numerator = Positive(event["numerator"]), denominator = Positive(event["denominator"]);
    if (!numerator || !denominator) return Odd("a split has no ratio");
    market::CorporateAction& action = add(day, market::ActionKind::kSplit);
    action.numerator = numerator;
    action.denominator = denominator;
    return Status::OK();
  }));
  const auto key = [](const market::CorporateAction& a) { return std::tuple(a.day, a.kind); };
  std::stable_sort(out.begin(), out.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  // One a day and kind: of doubles the one that Yahoo lists last.
  const auto first =
      std::unique(out.rbegin(), out.rend(), [&](const auto& a, const auto& b) { return key(a) == key(b); });
  out.erase(out.begin(), first.base());
  return out;
}

Status CheckGranularity(const ChartMeta& meta, const ChartInterval& asked) {
  if (meta.granularity.empty()) return Status::OK();
  const auto given = ChartIntervalOf(meta.granularity);
  if (given.ok() && given->name == asked.name) return Status::OK();
  return Odd("bars of " + std::string(asked.name) + " were asked for, and these are of " + meta.granularity);
}

}  // namespace

Result<std::variant<Chart, ChartRefusal>> DecodeChart(std::string_view body, const ChartQuery& query,
                                                      TimestampMs received_at) {
  if (body.size() > kMaxChartBytes) return Odd("it has " + std::to_string(body.size()) + " bytes");
  simdjson::dom::parser parser;
  element root, chart, result;
  if (const auto error = parser.parse(body.data(), body.size()).get(root); error) {
    return Odd(std::string("not JSON (") + simdjson::error_message(error) + ")");
  }
  // Where something is refused before it reaches the chart service, the same stands under "finance".
  if (root["chart"].get(chart) && root["finance"].get(chart)) return Odd("there is no chart in it");
  element refusal;
  if (!chart["error"].get(refusal) && !refusal.is_null()) {
    return ChartRefusal{TextOf(refusal, "code"), TextOf(refusal, "description")};
  }
  if (chart["result"].at(0).get(result)) return Odd("there is no chart.result");
  Chart out;
  out.meta = MetaOf(result);
  TRY(CheckGranularity(out.meta, query.interval));
  TRY_ASSIGN(auto rows, RowsOf(result));
  TRY_ASSIGN(out.actions, ActionsOf(result, out.meta, query.ticker, received_at));
  out.bars = BarsOfRows(std::move(rows), query, out.meta, received_at, &out.notes);
  return out;
}

}  // namespace pregao::yahoo
