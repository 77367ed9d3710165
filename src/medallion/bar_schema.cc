#include "medallion/bar_schema.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

namespace pregao::medallion {
namespace {

using arrow::field;

std::shared_ptr<arrow::DataType> Micros() { return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"); }

/// Builders of a batch, column by column, into `columns`.
class Columns {
 public:
  template <class Builder, class Items, class Get>
  Status Add(Builder* builder, const Items& items, Get&& get) {
    TRY(builder->Reserve(static_cast<std::int64_t>(items.size())));
    for (const auto& item : items) TRY(builder->AppendOrNull(get(item)));
    TRY_ASSIGN(auto column, builder->Finish());
    columns.push_back(std::move(column));
    return Status::OK();
  }
  template <class Items, class Get>
  Status Doubles(const Items& items, Get&& get) {
    Optional<arrow::DoubleBuilder> builder;
    return Add(&builder, items, get);
  }
  template <class Items, class Get>
  Status Longs(const Items& items, Get&& get) {
    Optional<arrow::Int64Builder> builder;
    return Add(&builder, items, get);
  }
  template <class Items, class Get>
  Status Texts(const Items& items, Get&& get) {
    Optional<arrow::StringBuilder> builder;
    return Add(&builder, items, get);
  }
  template <class Items, class Get>
  Status Times(const Items& items, Get&& get) {
    Optional<arrow::TimestampBuilder> builder(Micros(), arrow::default_memory_pool());
    return Add(&builder, items, get);
  }

  arrow::ArrayVector columns;

 private:
  template <class Builder>
  struct Optional : Builder {
    using Builder::Builder;
    template <class T>
    Status AppendOrNull(const std::optional<T>& value) {
      return value ? this->Append(*value) : this->AppendNull();
    }
    template <class T>
    Status AppendOrNull(const T& value) {
      return this->Append(value);
    }
  };
};

template <class Array>
const Array& Column(const arrow::Table& rows, int i) {
  return static_cast<const Array&>(*rows.column(i)->chunk(0));
}

template <class Value, class Array>
std::optional<Value> ValueOf(const Array& array, std::int64_t i) {
  return array.IsNull(i) ? std::nullopt : std::optional<Value>(array.Value(i));
}

}  // namespace

const std::shared_ptr<arrow::Schema>& BarSchema() {
  static const auto schema =
      arrow::schema({field("ticker", arrow::utf8(), false), field("interval", arrow::utf8(), false),
                     field("bar_start", Micros(), false), field("open", arrow::float64(), false),
                     field("high", arrow::float64(), false), field("low", arrow::float64(), false),
                     field("close", arrow::float64(), false), field("volume", arrow::int64()),
                     field("vwap_estimate", arrow::float64()), field("ticks", arrow::int64()),
                     field("source", arrow::utf8(), false), field("revision", arrow::int64(), false),
                     field("is_final", arrow::boolean(), false), field("date", arrow::date32(), false)});
  return schema;
}

const std::shared_ptr<arrow::Schema>& CorporateActionSchema() {
  static const auto schema = arrow::schema(
      {field("ticker", arrow::utf8(), false), field("kind", arrow::utf8(), false), field("amount", arrow::float64()),
       field("numerator", arrow::float64()), field("denominator", arrow::float64()), field("currency", arrow::utf8()),
       field("source", arrow::utf8(), false), field("received_at", Micros(), false),
       field("date", arrow::date32(), false)});
  return schema;
}

const std::vector<std::string>& BarColumns() {
  static const auto names = [] {
    auto all = BarSchema()->field_names();
    all.pop_back();
    return all;
  }();
  return names;
}

Result<std::shared_ptr<arrow::RecordBatch>> BarRows(std::span<const market::Bar> bars) {
  using market::Bar;
  Columns out;
  TRY(out.Texts(bars, [](const Bar& b) -> std::string_view { return b.ticker; }));
  TRY(out.Texts(bars, [](const Bar& b) -> std::string_view { return b.interval; }));
  TRY(out.Times(bars, [](const Bar& b) { return b.start_us; }));
  TRY(out.Doubles(bars, [](const Bar& b) { return b.open; }));
  TRY(out.Doubles(bars, [](const Bar& b) { return b.high; }));
  TRY(out.Doubles(bars, [](const Bar& b) { return b.low; }));
  TRY(out.Doubles(bars, [](const Bar& b) { return b.close; }));
  TRY(out.Longs(bars, [](const Bar& b) { return b.volume; }));
  TRY(out.Doubles(bars, [](const Bar& b) { return b.vwap_estimate; }));
  TRY(out.Longs(bars, [](const Bar& b) { return b.ticks; }));
  TRY(out.Texts(bars, [](const Bar& b) { return market::BarSourceName(b.source); }));
  TRY(out.Longs(bars, [](const Bar& b) { return b.revision; }));
  arrow::BooleanBuilder final;
  for (const Bar& bar : bars) TRY(final.Append(bar.is_final));
  TRY_ASSIGN(out.columns.emplace_back(), final.Finish());
  TRY_ASSIGN(auto schema, BarSchema()->RemoveField(BarSchema()->num_fields() - 1));
  return arrow::RecordBatch::Make(std::move(schema), static_cast<std::int64_t>(bars.size()), std::move(out.columns));
}

Result<std::vector<market::Bar>> BarsOf(const arrow::Table& table) {
  TRY_ASSIGN(const auto rows, table.CombineChunks());
  std::vector<market::Bar> bars(static_cast<std::size_t>(rows->num_rows()));
  if (bars.empty()) return bars;
  const auto number = [&](int column) -> const auto& { return Column<arrow::DoubleArray>(*rows, column); };
  const auto count = [&](int column) -> const auto& { return Column<arrow::Int64Array>(*rows, column); };
  const auto text = [&](int column) -> const auto& { return Column<arrow::StringArray>(*rows, column); };
  for (std::int64_t i = 0; i < rows->num_rows(); ++i) {
    market::Bar& bar = bars[static_cast<std::size_t>(i)];
    bar.ticker = text(0).GetString(i);
    bar.interval = text(1).GetString(i);
    bar.start_us = Column<arrow::TimestampArray>(*rows, 2).Value(i);
    bar.open = number(3).Value(i);
    bar.high = number(4).Value(i);
    bar.low = number(5).Value(i);
    bar.close = number(6).Value(i);
    bar.volume = ValueOf<std::int64_t>(count(7), i);
    bar.vwap_estimate = ValueOf<double>(number(8), i);
    bar.ticks = ValueOf<std::int64_t>(count(9), i);
    const auto source = market::BarSourceOf(text(10).GetView(i));
    if (!source) return Status::Invalid("a bar of ", bar.ticker, " has the source '", text(10).GetView(i), "'");
    bar.source = *source;
    bar.revision = count(11).Value(i);
    bar.is_final = Column<arrow::BooleanArray>(*rows, 12).Value(i);
  }
  return bars;
}

Result<std::shared_ptr<arrow::RecordBatch>> ActionRows(std::span<const market::CorporateAction> actions) {
  using market::CorporateAction;
  Columns out;
  TRY(out.Texts(actions, [](const CorporateAction& a) -> std::string_view { return a.ticker; }));
  TRY(out.Texts(actions, [](const CorporateAction& a) { return market::ActionKindName(a.kind); }));
  TRY(out.Doubles(actions, [](const CorporateAction& a) { return a.amount; }));
  TRY(out.Doubles(actions, [](const CorporateAction& a) { return a.numerator; }));
  TRY(out.Doubles(actions, [](const CorporateAction& a) { return a.denominator; }));
  TRY(out.Texts(actions, [](const CorporateAction& a) { return a.currency; }));
  TRY(out.Texts(actions, [](const CorporateAction& a) { return market::BarSourceName(a.source); }));
  TRY(out.Times(actions, [](const CorporateAction& a) { return a.received_us; }));
  arrow::Date32Builder days;
  for (const CorporateAction& action : actions) TRY(days.Append(action.day));
  TRY_ASSIGN(out.columns.emplace_back(), days.Finish());
  return arrow::RecordBatch::Make(CorporateActionSchema(), static_cast<std::int64_t>(actions.size()),
                                  std::move(out.columns));
}

}  // namespace pregao::medallion
