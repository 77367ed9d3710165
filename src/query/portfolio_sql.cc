#include "query/portfolio_sql.h"

#include <fmt/format.h>
#include <optional>

#include "market/currency.h"
#include "market/portfolio.h"
#include "query/database.h"

namespace pregao::query {
namespace {

// Money is in whole units of its currency (pounds), prices are as they are quoted (pence). `rates` prefers a pair as it
// is quoted to one turned round, and both to a way through the dollar.
constexpr char kPortfolio[] = R"(
WITH positions AS ({positions}), units AS ({units}),
quotes AS (SELECT ticker, price, change, currency, event_time FROM {quotes} AS q WHERE ticker IN ({tickers})),
priced AS (
  SELECT p.*, q.price, q.change, q.event_time, coalesce(nullif(q.currency, ''), nullif(p.presumed, '')) AS quoted_in
  FROM positions AS p LEFT JOIN quotes AS q ON q.ticker = p.ticker
), money AS (
  SELECT p.*, coalesce(u.currency, p.quoted_in) AS currency, quantity * price / coalesce(u.per_unit, 1) AS value,
    quantity * average_price / coalesce(u.per_unit, 1) AS cost,
    quantity * change / coalesce(u.per_unit, 1) AS day_profit
  FROM priced AS p LEFT JOIN units AS u ON u.code = p.quoted_in
), pairs AS (
  SELECT CASE WHEN length(ticker) = 5 THEN 'USD' ELSE left(ticker, 3) END AS one, left(right(ticker, 5), 3) AS gives,
    price AS rate, event_time, 0 AS turned
  FROM quotes WHERE regexp_full_match(ticker, '[A-Z]{{3}}([A-Z]{{3}})?=X') AND price > 0
), ways AS (
  SELECT * FROM pairs UNION ALL SELECT gives, one, 1 / rate, event_time, 1 FROM pairs
), to_base AS (
  SELECT one, rate, event_time, turned FROM ways WHERE gives = {base}
  UNION ALL
  SELECT a.one, a.rate * b.rate, least(a.event_time, b.event_time), 2
  FROM ways AS a JOIN ways AS b ON a.gives = 'USD' AND b.one = 'USD' AND b.gives = {base}
), rates AS (
  SELECT one AS currency, rate, event_time AS rate_time FROM to_base WHERE one <> {base}
  QUALIFY row_number() OVER (PARTITION BY one ORDER BY turned, event_time DESC) = 1
  UNION ALL SELECT {base}, 1, NULL
)
SELECT ticker, quantity, average_price, price, quoted_in, m.currency, value, cost, day_profit,
  value - cost AS total_profit, nullif({base}, '') AS base_currency, rate, value * rate AS base_value,
  cost * rate AS base_cost, day_profit * rate AS base_day_profit, (value - cost) * rate AS base_total_profit,
  event_time, rate_time
FROM money AS m LEFT JOIN rates AS r ON r.currency = m.currency AND {base} <> '' ORDER BY place)";

// In a sum of the base currency every position takes part, or there is none.
constexpr char kTotals[] = R"(
WITH p AS (SELECT * FROM {portfolio} AS all_positions WHERE value IS NOT NULL),
sums AS (
  SELECT currency, false AS in_base, count(*) AS positions, sum(value) AS value, sum(cost) AS cost,
    sum(day_profit) AS day_profit, sum(total_profit) AS total_profit FROM p GROUP BY currency
  UNION ALL
  SELECT base_currency, true, count(*), CASE WHEN bool_and(rate IS NOT NULL) THEN sum(base_value) END,
    CASE WHEN bool_and(rate IS NOT NULL) THEN sum(base_cost) END,
    CASE WHEN bool_and(rate IS NOT NULL) THEN sum(base_day_profit) END,
    CASE WHEN bool_and(rate IS NOT NULL) THEN sum(base_total_profit) END
  FROM p WHERE base_currency IS NOT NULL GROUP BY base_currency
)
SELECT * FROM sums ORDER BY in_base, currency)";

std::string Number(const std::optional<double>& number) {
  return number ? fmt::format("{}::DOUBLE", *number) : "NULL::DOUBLE";
}

std::string Positions(const market::Watchlist& list) {
  std::string rows;
  std::size_t place = 0;
  for (const market::WatchlistEntry& entry : list.entries) {
    if (!market::IsPosition(entry)) continue;
    rows += fmt::format("{}({}, {}, {}, {}, {})", rows.empty() ? "" : ", ", ++place, QuoteText(entry.ticker),
                        Number(entry.quantity), Number(entry.average_price),
                        QuoteText(std::string(market::QuotedIn(entry.ticker))));
  }
  const std::string none = rows.empty() ? " WHERE false" : "";
  if (rows.empty()) rows = "(0, '', 0::DOUBLE, 0::DOUBLE, '')";
  return fmt::format("SELECT * FROM (VALUES {}) AS p(place, ticker, quantity, average_price, presumed){}", rows, none);
}

std::string Units() {
  std::string rows;
  for (const auto& [code, unit] : market::MinorCurrencies()) {
    rows += fmt::format("{}('{}', '{}', {}::DOUBLE)", rows.empty() ? "" : ", ", code, unit.currency, unit.per_unit);
  }
  return fmt::format("SELECT * FROM (VALUES {}) AS u(code, currency, per_unit)", rows);
}

}  // namespace

std::string PortfolioSql(const market::Watchlist& list, const std::string& currency, const std::string& quotes) {
  std::string tickers;
  for (const std::string& ticker : market::PortfolioTickers(list, currency)) {
    tickers += (tickers.empty() ? "" : ", ") + QuoteText(ticker);
  }
  return fmt::format(kPortfolio, fmt::arg("positions", Positions(list)), fmt::arg("units", Units()),
                     fmt::arg("quotes", quotes), fmt::arg("tickers", tickers.empty() ? "''" : tickers),
                     fmt::arg("base", QuoteText(currency)));
}

std::string PortfolioTotalsSql(const std::string& portfolio) {
  return fmt::format(kTotals, fmt::arg("portfolio", portfolio));
}

}  // namespace pregao::query
