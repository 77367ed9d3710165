#include "query/adjusted_sql.h"

namespace pregao::query {
// Yahoo's history is in shares of today: it has divided earlier prices by later splits. The stream's bars are in shares
// of their own day. `basis` brings all to those of today, in which a dividend is compared with the close before it;
// `undone` takes back the splits that come after `as_of`. A dividend that is no part of a price is NaN: it must not be
// left out of a product.
const char kAdjustedMacro[] = R"(
CREATE OR REPLACE MACRO bars_adjusted(as_of) AS TABLE
WITH actions AS (
  SELECT ticker, kind, date AS day, amount, numerator, denominator, currency FROM corporate_actions
  WHERE date <= current_date
  QUALIFY row_number() OVER (PARTITION BY ticker, kind, date ORDER BY received_at DESC) = 1
), splits AS (
  SELECT ticker, day, numerator / denominator AS shares FROM actions
  WHERE kind = 'split' AND numerator > 0 AND denominator > 0
), later_splits AS (
  SELECT ticker, day, product(shares) OVER (PARTITION BY ticker ORDER BY day DESC) AS shares FROM splits
), undone AS (
  SELECT ticker, product(shares) AS shares FROM splits WHERE day > as_of::DATE GROUP BY ticker
), days AS (
  SELECT *, exchange_day(ticker, bar_start) AS local_day FROM bars
), basis AS (
  SELECT b.*, CASE WHEN b.source = 'stream' THEN coalesce(s.shares, 1) ELSE 1 END AS old_share
  FROM days AS b ASOF LEFT JOIN later_splits AS s ON b.ticker = s.ticker AND b.local_day < s.day
), dividends AS (
  SELECT ticker, day, CASE WHEN (currency = 'GBP' AND ticker LIKE '%.L') OR (currency = 'ZAR' AND ticker LIKE '%.JO')
    OR (currency = 'ILS' AND ticker LIKE '%.TA') THEN 100 * amount ELSE amount END AS amount
  FROM actions WHERE kind = 'dividend' AND amount > 0 AND day <= as_of::DATE
), closes AS (
  SELECT ticker, local_day, close / old_share AS close FROM basis WHERE ticker IN (SELECT ticker FROM dividends)
  QUALIFY row_number() OVER (PARTITION BY ticker, local_day ORDER BY "interval" = '1d' DESC, bar_start DESC) = 1
), paid AS (
  SELECT d.ticker, d.day, CASE WHEN d.amount < c.close THEN 1 - d.amount / c.close ELSE 'NaN'::DOUBLE END AS kept
  FROM dividends AS d ASOF JOIN closes AS c ON d.ticker = c.ticker AND d.day > c.local_day
), later_paid AS (
  SELECT ticker, day, product(kept) OVER (PARTITION BY ticker ORDER BY day DESC) AS kept FROM paid
), factors AS (
  SELECT b.*, coalesce(u.shares, 1) / old_share AS split_factor,
    CASE WHEN p.kept IS NULL THEN 1 WHEN isnan(p.kept) THEN NULL ELSE p.kept END AS dividend_factor
  FROM (basis AS b ASOF LEFT JOIN later_paid AS p ON b.ticker = p.ticker AND b.local_day < p.day)
  LEFT JOIN undone AS u ON b.ticker = u.ticker WHERE b.local_day <= as_of::DATE
)
SELECT ticker, "interval", bar_start, open * split_factor * dividend_factor AS open,
  high * split_factor * dividend_factor AS high, low * split_factor * dividend_factor AS low,
  close * split_factor * dividend_factor AS close, round(volume / split_factor)::BIGINT AS volume,
  vwap_estimate * split_factor * dividend_factor AS vwap_estimate, ticks, split_factor, dividend_factor, source,
  revision, is_final, date
FROM factors)";

}  // namespace pregao::query
