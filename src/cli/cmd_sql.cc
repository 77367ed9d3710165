#include <iostream>
#include <iterator>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/lake_session.h"
#include "cli/misuse.h"
#include "cli/output.h"
#include "cli/prompt.h"

namespace pregao::cli {
namespace {

constexpr std::size_t kMaxSqlBytes = 16 << 20;

struct Options {
  std::string sql;
  FormatFlags format;
};

Result<std::string> ReadStandardInput() {
  std::string text;
  char buffer[1 << 16];
  while (std::cin.read(buffer, sizeof buffer) || std::cin.gcount() > 0) {
    text.append(buffer, static_cast<std::size_t>(std::cin.gcount()));
    if (text.size() > kMaxSqlBytes) return Status::Invalid("the SQL on standard input is larger than 16 MiB");
  }
  return text;
}

Result<ExitCode> RunText(query::Session* session, const std::string& sql, const query::FormatOptions& format) {
  TRY_ASSIGN(const auto statements, session->Parse(sql));
  if (statements->size() == 0) {
    return Misuse("there is no statement in the SQL: write one, like \"select count(*) from silver\"");
  }
  for (std::size_t i = 0; i < statements->size(); ++i) {
    TRY_ASSIGN(const auto result, session->Run(statements.get(), i));
    TRY(query::Print(result.get(), format, WriteOut).status());
  }
  return ExitCode::kOk;
}

Result<ExitCode> RunSql(const Context& context, const Options& options) {
  TRY_ASSIGN(const auto session, OpenSession(context));
  const query::FormatOptions format = options.format.Options(context);
  if (options.sql.empty() && isatty(STDIN_FILENO) == 1) return Prompt(session.get(), context, format);
  std::string sql = options.sql;
  if (sql.empty() || sql == "-") {
    TRY_ASSIGN(sql, ReadStandardInput());
  }
  const InterruptOnStop interrupt(session.get(), context.stop);
  return RunText(session.get(), sql, format);
}

}  // namespace

Command SqlCommand() {
  return {"sql",
          "SQL over the tables and their views: silver, bars, latest, portfolio and more",
          {"pregao sql \"select ticker, count(*), max(event_time) from silver group by 1\"",
           "pregao sql --format csv \"select * from silver where date = current_date\" > today.csv",
           "pregao sql < report.sql", "pregao sql          # a prompt; .help there"},
          {"lake", "cache.", "watchlist", "portfolio."},
          [](CLI::App* app, Context* context) -> Run {
            auto options = std::make_shared<Options>();
            app->add_option("SQL", options->sql, "One or more statements; - or nothing reads standard input");
            options->format.Declare(app);
            return [options, context] { return RunSql(*context, *options); };
          },
          /*reads=*/true};
}

}  // namespace pregao::cli
