#include "web/live_portfolio.h"

#include <fmt/format.h>

#include "base/json_writer.h"
#include "market/portfolio.h"
#include "query/format.h"
#include "query/portfolio_sql.h"

namespace pregao::web {
namespace {

constexpr char kColumns[] = R"(quantity, average_price, price, quoted_in, currency, value, cost, day_profit AS "day",
  total_profit AS total, rate, base_value, base_cost, base_day_profit AS base_day, base_total_profit AS base_total)";

std::string Number(const std::optional<double>& number) {
  return number ? fmt::format("{}::DOUBLE", *number) : "NULL::DOUBLE";
}

/// The change as the view `latest` has it.
std::optional<double> ChangeOf(const LatestQuote& quote) {
  if (quote.change || !quote.previous_close) return quote.change;
  return quote.price - *quote.previous_close;
}

/// A relation as query::PortfolioSql wants it.
std::string QuotesSql(const std::vector<std::string>& tickers, const QuoteBoard& board) {
  std::string rows = "('', NULL::DOUBLE, NULL::DOUBLE, '', NULL::TIMESTAMP)";
  for (const std::string& ticker : tickers) {
    const auto quote = board.Find(ticker);
    if (!quote) continue;
    rows += fmt::format(", ({}, {}, {}, {}, epoch_ms({}::BIGINT))", query::QuoteText(ticker), Number(quote->price),
                        Number(ChangeOf(*quote)), query::QuoteText(quote->currency), quote->event_time_ms);
  }
  return fmt::format("(SELECT * FROM (VALUES {}) AS v(ticker, price, change, currency, event_time))", rows);
}

std::string RatesJson(const std::vector<std::string>& tickers, const QuoteBoard& board) {
  JsonWriter w;
  w.BeginArray();
  for (const std::string& ticker : tickers) {
    w.BeginObject();
    w.Key("ticker");
    w.String(ticker);
    const auto quote = board.Find(ticker);
    w.Key("price");
    quote ? w.Double(quote->price) : w.Null();
    w.Key("time");
    quote ? w.Int(quote->event_time_ms) : w.Null();
    w.EndObject();
  }
  w.EndArray();
  return w.Take();
}

}  // namespace

Result<std::string> LivePortfolio::Rows(const std::string& sql) {
  TRY_ASSIGN(const auto statements, database_->Parse(sql));
  TRY_ASSIGN(const auto result, statements->Run(0));
  std::string out;
  const auto append = [&](std::string_view text) {
    out += text;
    return Status::OK();
  };
  TRY(query::Print(result.get(), {.format = query::Format::kJson}, append).status());
  std::erase(out, '\n');  // between rows; those in texts are escaped
  return out;
}

Result<std::string> LivePortfolio::Json(const market::Watchlist& list, const std::string& currency,
                                        const QuoteBoard& board) {
  const std::string quotes = QuotesSql(market::PortfolioTickers(list, currency), board);
  const std::string totals = "(" + query::PortfolioTotalsSql("portfolio") + ")";
  const std::string sums = fmt::format(
      "SELECT currency, positions, value, cost, day_profit AS \"day\", total_profit AS total FROM {} WHERE ", totals);
  const std::lock_guard guard(mutex_);
  if (database_ == nullptr) {
    TRY_ASSIGN(database_, query::Database::Open({.memory_limit = "128MiB", .threads = 1}));
  }
  TRY(database_->Execute("CREATE OR REPLACE TABLE portfolio AS " + query::PortfolioSql(list, currency, quotes)));
  TRY_ASSIGN(const std::string positions, Rows(fmt::format("SELECT ticker, {} FROM portfolio", kColumns)));
  TRY_ASSIGN(const std::string each, Rows(sums + "NOT in_base"));
  TRY_ASSIGN(std::string base, Rows(sums + "in_base"));
  base = base.size() > 2 ? base.substr(1, base.size() - 2) : "null";  // one row at most
  return fmt::format(R"({{"positions":{},"totals":{},"base":{},"rates":{}}})", positions, each, base,
                     RatesJson(market::RateTickers(list, currency), board));
}

}  // namespace pregao::web
