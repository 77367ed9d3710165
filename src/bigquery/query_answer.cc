#include "bigquery/query_answer.h"

#include <arrow/builder.h>
#include <arrow/table_builder.h>
#include <charconv>
#include <chrono>
#include <simdjson.h>

#include "market/base64.h"

namespace pregao::bigquery {
namespace {

namespace dom = simdjson::dom;

std::string Text(dom::element object, const char* key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? std::string(text) : "";
}

template <class Number>
Result<Number> Parse(std::string_view text, const arrow::Field& field) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Status::Invalid("BigQuery answers '", text, "' for the ", field.type()->ToString(), " column ",
                           field.name());
  }
  return number;
}

/// "2026-11-22" as days since the epoch.
Result<std::int32_t> ParseDate(std::string_view text, const arrow::Field& field) {
  if (text.size() == 10 && text[4] == '-' && text[7] == '-') {
    TRY_ASSIGN(const int year, Parse<int>(text.substr(0, 4), field));
    TRY_ASSIGN(const unsigned month, Parse<unsigned>(text.substr(5, 2), field));
    TRY_ASSIGN(const unsigned day, Parse<unsigned>(text.substr(8, 2), field));
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
    if (date.ok()) return static_cast<std::int32_t>(std::chrono::sys_days(date).time_since_epoch().count());
  }
  return Status::Invalid("BigQuery answers '", text, "' for the date column ", field.name());
}

Status Append(std::string_view text, const arrow::Field& field, arrow::ArrayBuilder* builder) {
  switch (field.type()->id()) {
    case arrow::Type::STRING:
      return static_cast<arrow::StringBuilder*>(builder)->Append(text);
    case arrow::Type::DOUBLE: {
      TRY_ASSIGN(const double number, Parse<double>(text, field));
      return static_cast<arrow::DoubleBuilder*>(builder)->Append(number);
    }
    case arrow::Type::INT64: {
      TRY_ASSIGN(const std::int64_t number, Parse<std::int64_t>(text, field));
      return static_cast<arrow::Int64Builder*>(builder)->Append(number);
    }
    case arrow::Type::TIMESTAMP: {
      TRY_ASSIGN(const std::int64_t micros, Parse<std::int64_t>(text, field));
      return static_cast<arrow::TimestampBuilder*>(builder)->Append(micros);
    }
    case arrow::Type::DATE32: {
      TRY_ASSIGN(const std::int32_t days, ParseDate(text, field));
      return static_cast<arrow::Date32Builder*>(builder)->Append(days);
    }
    case arrow::Type::BINARY: {
      const auto bytes = market::DecodeBase64(text);
      if (!bytes) return Status::Invalid("BigQuery's answer for the column ", field.name(), " is not base64");
      return static_cast<arrow::BinaryBuilder*>(builder)->Append(*bytes);
    }
    default:
      return Status::NotImplemented("queries for a column of type ", field.type()->ToString());
  }
}

/// One value: {"v": "text"} or {"v": null}.
Status AppendCell(dom::element cell, const arrow::Field& field, arrow::ArrayBuilder* builder) {
  dom::element value;
  if (cell["v"].get(value) != simdjson::SUCCESS) return Status::Invalid("BigQuery's answer has a cell without a value");
  if (value.is_null()) return builder->AppendNull();
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return Status::Invalid("BigQuery's answer has a cell that is no text");
  return Append(text, field, builder);
}

Result<std::shared_ptr<arrow::RecordBatch>> ParseRows(dom::element answer,
                                                      const std::shared_ptr<arrow::Schema>& schema) {
  TRY_ASSIGN(auto builder, arrow::RecordBatchBuilder::Make(schema, arrow::default_memory_pool()));
  dom::array rows;
  if (answer["rows"].get(rows) != simdjson::SUCCESS) return builder->Flush();
  for (const dom::element row : rows) {
    dom::array cells;
    if (row["f"].get(cells) != simdjson::SUCCESS) return Status::Invalid("BigQuery's answer has a row without cells");
    int i = 0;
    for (const dom::element cell : cells) {
      if (i == schema->num_fields()) return Status::Invalid("BigQuery answers with more columns than were asked for");
      TRY(AppendCell(cell, *schema->field(i), builder->GetField(i)));
      ++i;
    }
    if (i != schema->num_fields()) return Status::Invalid("BigQuery answers with fewer columns than were asked for");
  }
  return builder->Flush();
}

}  // namespace

Result<QueryAnswer> ParseQueryAnswer(std::string_view body, const std::shared_ptr<arrow::Schema>& schema) {
  dom::parser parser;
  dom::element answer;
  if (parser.parse(body.data(), body.size()).get(answer) != simdjson::SUCCESS || !answer.is_object()) {
    return Status::IOError("BigQuery's answer to a query is not JSON");
  }
  QueryAnswer out;
  bool complete = false;
  out.complete = answer["jobComplete"].get(complete) == simdjson::SUCCESS && complete;
  dom::array errors;
  if (answer["errors"].get(errors) == simdjson::SUCCESS) {
    for (const dom::element error : errors) out.error += (out.error.empty() ? "" : "; ") + Text(error, "message");
  }
  dom::element job;
  if (answer["jobReference"].get(job) == simdjson::SUCCESS) {
    out.job = Text(job, "jobId");
    out.location = Text(job, "location");
  }
  out.next_page = Text(answer, "pageToken");
  if (out.complete && out.error.empty() && schema) {
    TRY_ASSIGN(out.rows, ParseRows(answer, schema));
  }
  return out;
}

Result<std::vector<Column>> ParseTableColumns(std::string_view body) {
  dom::parser parser;
  dom::element table;
  dom::array fields;
  if (parser.parse(body.data(), body.size()).get(table) != simdjson::SUCCESS ||
      table.at_pointer("/schema/fields").get(fields) != simdjson::SUCCESS) {
    return Status::IOError("BigQuery's description of a table has no columns");
  }
  std::vector<Column> out;
  for (const dom::element field : fields)
    out.push_back({Text(field, "name"), Text(field, "type"), Text(field, "mode")});
  return out;
}

}  // namespace pregao::bigquery
