#include "medallion/schema.h"

#include <chrono>
#include <fmt/format.h>

namespace pregao::medallion {
namespace {

using arrow::field;

std::shared_ptr<arrow::DataType> Micros() { return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"); }

std::shared_ptr<arrow::Schema> MakeSilver() {
  arrow::FieldVector fields;
  for (const market::FieldSpec& spec : market::kFields) {
    const bool required =
        spec.field == market::kTicker || spec.field == market::kEventTime || spec.field == market::kPrice;
    fields.push_back(field(std::string(spec.column), TypeOf(spec), !required));
  }
  fields.push_back(field("received_at", Micros()));
  fields.push_back(field("source", arrow::utf8()));
  fields.push_back(field("topic", arrow::utf8(), false));
  fields.push_back(field("partition", arrow::int32(), false));
  fields.push_back(field("offset", arrow::int64(), false));
  fields.push_back(field("date", arrow::date32(), false));
  return arrow::schema(std::move(fields));
}

/// A record as it was read; key and value are bytes, since a topic promises nothing about them.
arrow::FieldVector RawFields() {
  return {field("topic", arrow::utf8(), false),   field("partition", arrow::int32(), false),
          field("offset", arrow::int64(), false), field("timestamp", Micros()),
          field("key", arrow::binary()),          field("value", arrow::binary()),
          field("date", arrow::date32(), false)};
}

}  // namespace

std::shared_ptr<arrow::DataType> TypeOf(const market::FieldSpec& spec) {
  if (spec.field == market::kEventTime) return Micros();
  switch (spec.kind) {
    case market::FieldKind::kFloat:
    case market::FieldKind::kDouble:
      return arrow::float64();
    case market::FieldKind::kInt:
      return arrow::int64();
    case market::FieldKind::kString:
    case market::FieldKind::kQuoteType:
    case market::FieldKind::kMarketHours:
      return arrow::utf8();
  }
  return nullptr;
}

const std::shared_ptr<arrow::Schema>& BronzeSchema() {
  static const auto schema = arrow::schema(RawFields());
  return schema;
}

const std::shared_ptr<arrow::Schema>& SilverSchema() {
  static const auto schema = MakeSilver();
  return schema;
}

const std::shared_ptr<arrow::Schema>& QuarantineSchema() {
  static const auto schema = [] {
    arrow::FieldVector fields = {field("reason", arrow::utf8(), false), field("detail", arrow::utf8(), false)};
    for (auto& f : RawFields()) fields.push_back(std::move(f));
    return arrow::schema(std::move(fields));
  }();
  return schema;
}

std::string DateString(std::int32_t days) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::int32_t DayOf(std::int64_t micros) {
  using namespace std::chrono;
  return static_cast<std::int32_t>(floor<days>(microseconds{micros}).count());
}

}  // namespace pregao::medallion
