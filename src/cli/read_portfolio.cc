#include <fmt/format.h>

#include "cli/output.h"
#include "cli/read.h"
#include "market/portfolio.h"

namespace pregao::cli {
namespace {

constexpr char kPositions[] =
    "ticker, quantity, average_price, price, quoted_in, currency, round(value, 2) AS value, "
    "round(day_profit, 2) AS day_profit, round(total_profit, 2) AS total_profit";
constexpr char kInBase[] =
    ", base_currency, round(base_value, 2) AS base_value, "
    "round(base_day_profit, 2) AS base_day_profit, round(base_total_profit, 2) AS base_total_profit";
constexpr char kTotals[] =
    "SELECT CASE WHEN in_base THEN 'all in ' || currency ELSE currency END AS total, positions, round(value, 2) AS "
    "value, round(cost, 2) AS cost, round(day_profit, 2) AS day_profit, round(total_profit, 2) AS total_profit "
    "FROM portfolio_totals";

Status Show(query::Session* session, const std::string& sql, const query::FormatOptions& format) {
  TRY_ASSIGN(const auto result, session->Query(sql));
  return query::Print(result.get(), format, WriteOut).status();
}

/// The currencies whose rate nobody has told yet, on standard error.
Status TellOfMissingRates(query::Session* session, const std::string& base) {
  TRY_ASSIGN(const auto result,
             session->Query("SELECT DISTINCT coalesce(currency, 'an unknown currency') FROM portfolio WHERE value IS "
                            "NOT NULL AND base_currency IS NOT NULL AND rate IS NULL ORDER BY 1"));
  std::string missing;
  const query::FormatOptions lines{.format = query::Format::kCsv, .header = false};
  TRY(query::Print(result.get(), lines, [&](std::string_view text) {
        missing += text;
        return Status::OK();
      }).status());
  for (std::size_t begin = 0, end = 0; (end = missing.find("\r\n", begin)) != std::string::npos; begin = end + 2) {
    WriteError("pregao: the rate of " + missing.substr(begin, end - begin) + " in " + base +
               " is not in silver yet, so sums in " + base + " are unknown\n");
  }
  return Status::OK();
}

}  // namespace

Result<ExitCode> ReadPortfolio(const Context& context, const ReadOptions& options) {
  TRY_ASSIGN(const auto session, OpenSession(context));
  const InterruptOnStop interrupt(session.get(), context.stop);
  const std::string& base = context.settings.portfolio_currency;
  const query::FormatOptions format = options.format.Options(context);
  const bool people = format.format == query::Format::kTable;
  std::string columns = ColumnList(options.columns);
  if (options.columns.empty()) columns = people ? kPositions + std::string(base.empty() ? "" : kInBase) : "*";
  const std::string of = options.ticker.empty() ? "" : " WHERE ticker = " + query::QuoteText(options.ticker);
  TRY(Show(session.get(), fmt::format("SELECT {} FROM portfolio{}", columns, of), format));
  if (people && options.columns.empty() && of.empty()) TRY(Show(session.get(), kTotals, format));
  TRY(TellOfMissingRates(session.get(), base));
  return ExitCode::kOk;
}

}  // namespace pregao::cli
