#include "web/quote_board.h"

#include <arrow/array.h>
#include <utility>

#include "base/json_writer.h"
#include "market/currency.h"

namespace pregao::web {
namespace {

std::optional<double> Number(const medallion::SilverRow& row, market::Field field) {
  if (!row.Has(field)) return std::nullopt;
  return row.cells[field].number;
}

std::string Text(const medallion::SilverRow& row, market::Field field) {
  return row.Has(field) ? std::string(row.cells[field].text) : std::string();
}

std::optional<double> Number(const arrow::RecordBatch& rows, int column, std::int64_t row) {
  const auto& array = *rows.column(column);
  if (array.IsNull(row)) return std::nullopt;
  return static_cast<const arrow::DoubleArray&>(array).Value(row);
}

std::string Text(const arrow::RecordBatch& rows, int column, std::int64_t row) {
  const auto& array = *rows.column(column);
  return array.IsNull(row) ? "" : static_cast<const arrow::StringArray&>(array).GetString(row);
}

std::optional<std::int64_t> Integer(const arrow::RecordBatch& rows, int column, std::int64_t row) {
  const auto& array = *rows.column(column);
  if (array.IsNull(row)) return std::nullopt;
  return static_cast<const arrow::Int64Array&>(array).Value(row);
}

}  // namespace

std::optional<double> LatestQuote::reference() const {
  if (previous_close) return previous_close;
  if (change) return price - *change;
  return std::nullopt;
}

LatestQuote LatestOf(const medallion::SilverRow& row) {
  LatestQuote out;
  out.ticker = row.ticker();
  out.event_time_ms = row.event_time_us() / 1000;
  out.price = row.cells[market::kPrice].number;
  out.change = Number(row, market::kChange);
  out.change_percent = Number(row, market::kChangePercent);
  out.previous_close = Number(row, market::kPreviousClose);
  out.day_high = Number(row, market::kDayHigh);
  out.day_low = Number(row, market::kDayLow);
  if (row.Has(market::kDayVolume)) out.day_volume = static_cast<double>(row.cells[market::kDayVolume].integer);
  out.currency = Text(row, market::kCurrency);
  out.exchange = Text(row, market::kExchange);
  out.quote_type = Text(row, market::kQuoteType);
  out.market_hours = Text(row, market::kMarketHours);
  out.short_name = Text(row, market::kShortName);
  if (row.received_at_us) out.received_at_ms = *row.received_at_us / 1000;
  if (row.source) out.source = *row.source;
  return out;
}

LatestQuote LatestOf(const arrow::RecordBatch& rows, std::int64_t row) {
  LatestQuote out;
  int column = 0;
  out.ticker = Text(rows, column++, row);
  out.event_time_ms = Integer(rows, column++, row).value_or(0);
  out.price = Number(rows, column++, row).value_or(0);
  for (const auto number : {&LatestQuote::change, &LatestQuote::change_percent, &LatestQuote::previous_close,
                            &LatestQuote::day_high, &LatestQuote::day_low, &LatestQuote::day_volume}) {
    out.*number = Number(rows, column++, row);
  }
  for (const auto text : {&LatestQuote::currency, &LatestQuote::exchange, &LatestQuote::quote_type,
                          &LatestQuote::market_hours, &LatestQuote::short_name, &LatestQuote::source}) {
    out.*text = Text(rows, column++, row);
  }
  out.received_at_ms = Integer(rows, column, row);
  return out;
}

std::string QuoteJson(const LatestQuote& quote) {
  JsonWriter w;
  w.BeginObject();
  w.Key("ticker");
  w.String(quote.ticker);
  w.Key("time");
  w.Int(quote.event_time_ms);
  w.Key("price");
  w.Double(quote.price);
  for (const auto& [key, value] : {std::pair("change", quote.change), std::pair("change_percent", quote.change_percent),
                                   std::pair("reference", quote.reference()), std::pair("day_high", quote.day_high),
                                   std::pair("day_low", quote.day_low), std::pair("day_volume", quote.day_volume)}) {
    if (!value) continue;
    w.Key(key);
    w.Double(*value);
  }
  for (const auto& [key, value] :
       {std::pair("currency", &quote.currency), std::pair("exchange", &quote.exchange),
        std::pair("quote_type", &quote.quote_type), std::pair("market_hours", &quote.market_hours),
        std::pair("short_name", &quote.short_name), std::pair("source", &quote.source)}) {
    if (value->empty()) continue;
    w.Key(key);
    w.String(*value);
  }
  if (quote.received_at_ms) {
    w.Key("received_at");
    w.Int(*quote.received_at_ms);
  }
  w.EndObject();
  return w.Take();
}

bool QuoteBoard::Take(LatestQuote quote) {
  const std::lock_guard guard(mutex_);
  const auto found = quotes_.find(quote.ticker);
  if (found == quotes_.end()) {
    if (quote.currency.empty()) quote.currency = market::QuotedIn(quote.ticker);
    if (quotes_.size() >= kMaxTickers) return false;
    quotes_.emplace(quote.ticker, std::move(quote));
    return true;
  }
  LatestQuote& kept = found->second;
  if (quote.event_time_ms < kept.event_time_ms) return false;
  for (const auto text :
       {&LatestQuote::currency, &LatestQuote::exchange, &LatestQuote::quote_type, &LatestQuote::short_name}) {
    if ((quote.*text).empty()) quote.*text = kept.*text;
  }
  kept = std::move(quote);
  return true;
}

std::optional<LatestQuote> QuoteBoard::Find(const std::string& ticker) const {
  const std::lock_guard guard(mutex_);
  const auto found = quotes_.find(ticker);
  return found == quotes_.end() ? std::nullopt : std::optional(found->second);
}

void QuoteBoard::Count(std::int64_t messages, std::int64_t fresh, TimestampMs now) {
  const std::lock_guard guard(mutex_);
  const std::int64_t second = now.value / 1000;
  const auto slot = static_cast<std::size_t>(second) % counts_.size();
  if (std::exchange(seconds_[slot], second) != second) counts_[slot] = 0;
  counts_[slot] += fresh;
  total_ += messages;
}

double QuoteBoard::Rate(TimestampMs now) const {
  const std::lock_guard guard(mutex_);
  const std::int64_t second = now.value / 1000;
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const std::int64_t age = second - seconds_[i];
    if (age >= 1 && age <= static_cast<std::int64_t>(kRateSeconds)) sum += counts_[i];
  }
  return static_cast<double>(sum) / static_cast<double>(kRateSeconds);
}

void QuoteBoard::SetProblem(std::string problem) {
  const std::lock_guard guard(mutex_);
  problem_ = std::move(problem);
}

std::string QuoteBoard::problem() const {
  const std::lock_guard guard(mutex_);
  return problem_;
}

std::int64_t QuoteBoard::total() const {
  const std::lock_guard guard(mutex_);
  return total_;
}

}  // namespace pregao::web
