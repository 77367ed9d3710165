#include <chrono>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "cli/output.h"
#include "cli/read.h"
#include "cli/read_shape.h"

namespace pregao::cli {
namespace {

using query::QuoteName;
using query::QuoteText;

// One run of the command over the lake.
class TableReader {
 public:
  TableReader(const Context& context, const ReadOptions& options, query::Session* session)
      : context_(context),
        options_(options),
        session_(session),
        shape_(ShapeOf(options.what)),
        format_(options.format.Options(context, options.follow)) {
    format_.following = options.follow;
    const bool people = format_.format == query::Format::kTable;
    columns_ = !options.columns.empty() ? ColumnList(options.columns) : people ? ColumnList(shape_.columns) : "*";
  }

  Result<ExitCode> Run() {
    const InterruptOnStop interrupt(session_, context_.stop);
    if (options_.follow) {
      const auto followed = Follow();
      const bool stopped = followed.status().IsCancelled() && context_.stop.stop_requested();
      return stopped ? ExitCode::kOk : followed;  // Ctrl-C is how following ends
    }
    LeaveOutOldDates();
    TRY_ASSIGN(const auto result, session_->Query(NewestSql()));
    TRY(query::Print(result.get(), format_, WriteOut).status());
    return ExitCode::kOk;
  }

 private:
  // What cannot be among the rows need not be read. (The column `date` is that of the time which orders the rows.)
  void LeaveOutOldDates() {
    if (options_.since) {
      const std::chrono::sys_time<std::chrono::milliseconds> since{std::chrono::milliseconds(options_.since->value)};
      session_->ShowFrom(shape_.table, fmt::format("{:%F}", std::chrono::floor<std::chrono::days>(since)));
    } else if (const auto newest = options_.Newest(); newest && options_.ticker.empty()) {
      // A bar has several revisions. Whole days are shown, so that more rows than needed cost little.
      constexpr std::int64_t kRevisions = 1000;
      session_->ShowNewest(shape_.table, *newest * (shape_.from_topic ? 1 : kRevisions));
    }
  }

  std::string Where() const {
    std::string where = "true";
    if (!options_.ticker.empty()) {
      where += fmt::format(" AND {} = {}{}", shape_.ticker, QuoteText(options_.ticker),
                           shape_.ticker == "key" ? "::BLOB" : "");
    }
    if (options_.since) {  // the date as well, so that only its folders are read
      where += fmt::format(" AND {0} >= epoch_ms({1})::TIMESTAMP AT TIME ZONE 'UTC' AND date >= epoch_ms({1})::DATE",
                           QuoteName(shape_.time), options_.since->value);
    }
    return where;
  }

  std::string NewestSql() const {
    const std::string order = QuoteName(shape_.time) + "{0}, " + shape_.order;
    std::string from = fmt::format("SELECT * FROM {} WHERE {}", shape_.view, Where());
    if (const auto newest = options_.Newest()) {
      from += fmt::format(" ORDER BY {} LIMIT {}", fmt::format(fmt::runtime(order), " DESC"), *newest);
    }
    return fmt::format("SELECT {} FROM ({}) ORDER BY {}", columns_, from, fmt::format(fmt::runtime(order), ""));
  }

  // What is there, then what each new version adds; a table that is absent yet is waited for.
  Result<ExitCode> Follow() {
    for (session_->Refresh(); session_->Shown(shape_.table) == nullptr; session_->Refresh()) {
      if (!session_->Problem(shape_.table).IsKeyError()) return session_->Problem(shape_.table);
      if (!WaitForNextLook(context_)) return ExitCode::kOk;
    }
    TRY_ASSIGN(const auto result, session_->Query(NewestSql()));
    printer_ = query::MakePrinter(format_, result->schema(), WriteOut);
    TRY(PrintRows(result.get()));
    session_->Follow(shape_.table);
    TRY(NotePositions(shape_.table));
    while (WaitForNextLook(context_)) TRY(ShowAdded());
    TRY(printer_->End());
    return ExitCode::kOk;
  }

  Status ShowAdded() {
    TRY_ASSIGN(const bool added, session_->RefreshAdded(shape_.table));
    if (!added) return Status::OK();
    const std::string view = shape_.table + "_added";
    // Files that were only rewritten hold rows below the positions.
    const std::string sql =
        fmt::format("SELECT {} FROM {} AS added WHERE {} AND {} ORDER BY {}, {}", columns_, view, Where(),
                    BeyondPositions(), QuoteName(shape_.time), fmt::format(fmt::runtime(shape_.order), ""));
    TRY_ASSIGN(const auto statements, session_->Parse(sql));
    TRY_ASSIGN(const auto result, statements->Run(0));
    TRY(PrintRows(result.get()));
    return NotePositions(view);
  }

  Status PrintRows(query::ResultStream* result) {
    for (;;) {
      TRY_ASSIGN(const auto batch, result->Next());
      if (batch == nullptr) return Status::OK();
      TRY(printer_->Rows(*batch));
    }
  }

  // Remembers, in a table of the session, the greatest offset of each partition shown.
  Status NotePositions(const std::string& view) {
    if (!shape_.from_topic) return Status::OK();
    query::Database* const database = session_->database();
    const std::string greatest =
        fmt::format("SELECT topic, \"partition\", max(\"offset\") AS \"offset\" FROM {} GROUP BY ALL", view);
    if (!noted_) {
      noted_ = true;
      return database->Execute("CREATE TABLE pregao_seen AS " + greatest);
    }
    return database->Execute(
        fmt::format("CREATE OR REPLACE TABLE pregao_seen AS SELECT topic, \"partition\", max(\"offset\") AS "
                    "\"offset\" FROM (FROM pregao_seen UNION ALL {}) GROUP BY ALL",
                    greatest));
  }

  std::string BeyondPositions() const {
    if (!shape_.from_topic) return "true";
    return "NOT EXISTS (SELECT 1 FROM pregao_seen s WHERE s.topic = added.topic AND s.\"partition\" = "
           "added.\"partition\" AND "
           "s.\"offset\" >= added.\"offset\")";
  }

  const Context& context_;
  const ReadOptions& options_;
  query::Session* const session_;
  const ReadShape shape_;
  query::FormatOptions format_;
  std::string columns_;
  std::unique_ptr<query::Printer> printer_;
  bool noted_ = false;
};

}  // namespace

std::vector<std::string> ColumnNames(const std::string& names) {
  std::vector<std::string> list;
  for (std::size_t begin = 0; begin <= names.size();) {
    const std::size_t end = std::min(names.find(',', begin), names.size());
    std::string name = names.substr(begin, end - begin);
    name.erase(0, name.find_first_not_of(' '));
    name.erase(name.find_last_not_of(' ') + 1);
    list.push_back(std::move(name));
    begin = end + 1;
  }
  return list;
}

std::string ColumnList(const std::string& names) {
  std::string list;
  for (const std::string& name : ColumnNames(names)) list += (list.empty() ? "" : ", ") + QuoteName(name);
  return list;
}

Result<ExitCode> ReadTable(const Context& context, const ReadOptions& options) {
  TRY_ASSIGN(const auto session, OpenSession(context));
  return TableReader(context, options, session.get()).Run();
}

}  // namespace pregao::cli
