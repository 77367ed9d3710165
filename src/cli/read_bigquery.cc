#include <algorithm>
#include <chrono>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "cli/audit_bigquery.h"
#include "cli/bigquery.h"
#include "cli/misuse.h"
#include "cli/output.h"
#include "cli/read.h"
#include "cli/read_shape.h"

#include "bigquery/types.h"

namespace pregao::cli {
namespace {

Status CheckAsked(const ReadOptions& options) {
  if (options.what == "bars" || options.what == "portfolio") {
    return Misuse("BigQuery has no " + options.what + ": `pregao gold` and `pregao read " + options.what +
                  "` make and show them of a lake, so leave --in bigquery out");
  }
  if (options.what == "topic" || options.what == "dead-letter") {
    return Misuse("--in bigquery: " + options.what + " is no table; leave --in out");
  }
  if (options.follow) {
    return Misuse(
        "--follow: each look at a table of BigQuery is a query that somebody pays for; `pregao read topic --follow` "
        "follows for nothing");
  }
  return Status::OK();
}

/// These columns of a table, as an answer has them.
Result<std::shared_ptr<arrow::Schema>> Choose(const arrow::Schema& all, const std::vector<std::string>& names) {
  arrow::FieldVector fields;
  for (const std::string& name : names) {
    auto field = all.GetFieldByName(name);
    if (field == nullptr) {
      const auto near = NearestName(name, all.field_names());
      return Misuse(
          "--columns: there is no column '" + name + "'; " +
          (near ? "did you mean '" + *near + "'?" : fmt::format("there are {}", fmt::join(all.field_names(), ", "))));
    }
    fields.push_back(std::move(field));
  }
  return bigquery::WireSchema(arrow::Schema(std::move(fields)));
}

/// Rows of a table of BigQuery, by one statement.
class Asked {
 public:
  Asked(bigquery::Rest* rest, const ReadOptions& options)
      : rest_(rest), options_(options), shape_(ShapeOf(options.what)), table_(BigQueryTable(options.what)) {}

  Result<std::string> Sql(const arrow::Schema& columns) {
    TRY_ASSIGN(const std::string where, Where());
    std::vector<std::string> needed = {shape_.time, "partition", "offset"}, shown;
    for (const auto& field : columns.fields()) {
      if (std::ranges::find(needed, field->name()) == needed.end()) needed.push_back(field->name());
      const bool time = field->type()->id() == arrow::Type::TIMESTAMP;
      const std::string quoted = "`" + field->name() + "`";
      shown.push_back(time ? "UNIX_MICROS(" + quoted + ")" : quoted);
    }
    const std::string order = " ORDER BY `" + shape_.time + "`{0}, `partition`{0}, `offset`{0}";
    std::string from =
        fmt::format("SELECT `{}` FROM {} WHERE {}", fmt::join(needed, "`, `"), rest_->Sql(table_), where);
    if (const auto newest = options_.Newest()) {
      from += fmt::format(fmt::runtime(order), " DESC") + fmt::format(" LIMIT {}", *newest);
    }
    return fmt::format("SELECT {} FROM ({}) AS found{}", fmt::join(shown, ", "), from,
                       fmt::format(fmt::runtime(order), ""));
  }

  std::vector<bigquery::Parameter> Parameters() const {
    if (options_.ticker.empty()) return {};
    return {{"ticker", "STRING", {options_.ticker}}};
  }

 private:
  /// The date is named wherever it can be: Silver is partitioned by it, and what is not read is not paid for.
  Result<std::string> Where() {
    std::string where = "true", first;
    if (!options_.ticker.empty()) {
      where +=
          fmt::format(" AND {} = {}", shape_.ticker, shape_.ticker == "key" ? "CAST(@ticker AS BYTES)" : "@ticker");
    }
    if (options_.since) {
      const std::chrono::sys_time<std::chrono::milliseconds> since{std::chrono::milliseconds(options_.since->value)};
      first = fmt::format("{:%F}", std::chrono::floor<std::chrono::days>(since));
      where += fmt::format(" AND `{}` >= TIMESTAMP_MILLIS({})", shape_.time, options_.since->value);
    } else if (const auto newest = options_.Newest(); newest && options_.ticker.empty()) {
      TRY_ASSIGN(first, engine::FirstDay(rest_, table_, *newest));
    }
    if (!first.empty()) where += " AND date >= DATE '" + first + "'";
    return where;
  }

  bigquery::Rest* const rest_;
  const ReadOptions& options_;
  const ReadShape shape_;
  const std::string table_;
};

}  // namespace

Result<ExitCode> ReadBigQuery(const Context& context, const ReadOptions& options) {
  TRY(CheckAsked(options));
  const query::FormatOptions format = options.format.Options(context);
  const std::string table = BigQueryTable(options.what);
  const auto all = engine::SpecOf(table).schema;
  const std::string names = !options.columns.empty() ? options.columns
                            : format.format == query::Format::kTable
                                ? ShapeOf(options.what).columns
                                : fmt::format("{}", fmt::join(all->field_names(), ","));
  TRY_ASSIGN(const auto columns, Choose(*all, ColumnNames(names)));
  TRY_ASSIGN(const auto client, OpenBigQuery(context));
  bigquery::Rest* const rest = client->rest();
  TRY_ASSIGN(const bool there, HasFittingTable(rest, table));
  if (!there) {
    return Status::Invalid(
        "there is no table ", rest->Name(), ".", table, " in BigQuery yet; ",
        table == engine::kBronzeTable ? "bigquery.bronze = true makes it" : "`pregao silver --to bigquery` makes it",
        ", bigquery.dataset names another");
  }
  Asked asked(rest, options);
  TRY_ASSIGN(const std::string sql, asked.Sql(*columns));
  const auto printer = query::MakePrinter(format, columns, WriteOut);
  TRY(rest->Each(sql, asked.Parameters(), columns,
                 [&](const std::shared_ptr<arrow::RecordBatch>& rows) { return printer->Rows(*rows); }));
  TRY(printer->End());
  return ExitCode::kOk;
}

}  // namespace pregao::cli
