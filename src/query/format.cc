#include "query/format.h"

#include <fmt/format.h>
#include <utility>

#include "base/json_writer.h"
#include "base/text.h"
#include "query/cell.h"

namespace pregao::query {
namespace {

constexpr std::size_t kFlushBytes = 1 << 16;

// Cuts to `width` columns, the last of them an ellipsis.
std::string Shorten(std::string text, std::size_t width) {
  if (width == 0 || DisplayWidth(text) <= width) return text;
  std::size_t bytes = 0, used = 0;
  while (bytes < text.size()) {
    std::size_t next = bytes + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0) == 0x80) ++next;
    const std::size_t columns = DisplayWidth(std::string_view(text).substr(bytes, next - bytes));
    if (used + columns > width - 1) break;
    used += columns;
    bytes = next;
  }
  text.resize(bytes);
  return text + "…";
}

class TablePrinter final : public Printer {
 public:
  TablePrinter(const FormatOptions& options, const std::shared_ptr<arrow::Schema>& schema, TextSink sink)
      : options_(options), sink_(std::move(sink)) {
    for (const auto& field : schema->fields()) {
      table_.columns.push_back({Printable(field->name()), IsNumeric(*field->type()), 0});
    }
  }

  Status Rows(const arrow::RecordBatch& batch) override {
    if (options_.following) table_.rows.clear();
    for (std::int64_t row = 0; row < batch.num_rows() && Shows(row); ++row) {
      auto& cells = table_.rows.emplace_back();
      for (const auto& column : batch.columns()) {
        std::string text;
        if (column->IsNull(row) || column->type_id() == arrow::Type::NA) {
          text = "NULL";
        } else {
          AppendText(*column, row, &text);
        }
        cells.push_back(Shorten(Printable(text), options_.max_width));
      }
    }
    count_ += batch.num_rows();
    if (!options_.following) return Status::OK();
    table_.Fit();
    return sink_((std::exchange(started_, true) ? "" : table_.Header()) + table_.Body());
  }

  Status End() override {
    if (table_.columns.empty() || options_.following) return Status::OK();
    TRY(sink_(table_.ToString()));
    const std::int64_t hidden = count_ - static_cast<std::int64_t>(table_.rows.size());
    if (hidden > 0) TRY(sink_(fmt::format("… {} more\n", HumanCount(hidden))));
    return sink_(fmt::format("({} row{})\n", HumanCount(count_), count_ == 1 ? "" : "s"));
  }

 private:
  bool Shows(std::int64_t row) const { return options_.following || count_ + row < options_.max_rows; }

  const FormatOptions options_;
  const TextSink sink_;
  TextTable table_;
  std::int64_t count_ = 0;
  bool started_ = false;
};

// The plan that EXPLAIN draws is a picture of several lines, not a value.
class PlanPrinter final : public Printer {
 public:
  explicit PlanPrinter(TextSink sink) : sink_(std::move(sink)) {}
  static bool Fits(const arrow::Schema& schema) {
    return schema.num_fields() == 2 && schema.field(0)->name() == "explain_key" &&
           schema.field(1)->name() == "explain_value";
  }
  Status Rows(const arrow::RecordBatch& batch) override {
    for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
      std::string text;
      if (batch.column(1)->IsValid(row)) AppendText(*batch.column(1), row, &text);
      TRY(sink_(text + "\n"));
    }
    return Status::OK();
  }
  Status End() override { return Status::OK(); }

 private:
  const TextSink sink_;
};

class JsonPrinter final : public Printer {
 public:
  JsonPrinter(bool lines, const std::shared_ptr<arrow::Schema>& schema, TextSink sink)
      : lines_(lines), sink_(std::move(sink)) {
    for (const auto& field : schema->fields()) {
      AppendJsonString(field->name(), &keys_.emplace_back());
    }
  }

  Status Rows(const arrow::RecordBatch& batch) override {
    std::string out;
    for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
      if (!lines_) out += first_ ? "[\n" : ",\n";
      first_ = false;
      for (int i = 0; i < batch.num_columns(); ++i) {
        out += i == 0 ? '{' : ',';
        out += keys_[static_cast<std::size_t>(i)];
        out += ':';
        AppendJson(*batch.column(i), row, &out);
      }
      out += lines_ ? "}\n" : "}";
      if (out.size() > kFlushBytes) {
        TRY(sink_(out));
        out.clear();
      }
    }
    return sink_(out);
  }

  Status End() override { return lines_ ? Status::OK() : sink_(first_ ? "[]\n" : "\n]\n"); }

 private:
  const bool lines_;
  const TextSink sink_;
  std::vector<std::string> keys_;
  bool first_ = true;
};

class CsvPrinter final : public Printer {
 public:
  CsvPrinter(bool header, std::shared_ptr<arrow::Schema> schema, TextSink sink)
      : header_(header), schema_(std::move(schema)), sink_(std::move(sink)) {}

  Status Rows(const arrow::RecordBatch& batch) override {
    std::string out = Header();
    for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
      for (int i = 0; i < batch.num_columns(); ++i) {
        if (i > 0) out += ',';
        const arrow::Array& column = *batch.column(i);
        if (column.IsNull(row) || column.type_id() == arrow::Type::NA) continue;
        std::string text;
        AppendText(column, row, &text);
        AppendField(text, &out);
      }
      out += "\r\n";
      if (out.size() > kFlushBytes) {
        TRY(sink_(out));
        out.clear();
      }
    }
    return sink_(out);
  }

  Status End() override { return sink_(Header()); }

 private:
  static void AppendField(const std::string& text, std::string* out) {
    if (!text.empty() && text.find_first_of(",\"\r\n") == std::string::npos) {
      *out += text;
      return;
    }
    *out += '"';
    for (const char c : text) {
      if (c == '"') *out += '"';
      *out += c;
    }
    *out += '"';
  }

  // The header, once, before the first row or in its stead.
  std::string Header() {
    if (!std::exchange(header_, false)) return "";
    std::string out;
    for (int i = 0; i < schema_->num_fields(); ++i) {
      if (i > 0) out += ',';
      AppendField(schema_->field(i)->name(), &out);
    }
    return out + "\r\n";
  }

  bool header_;
  const std::shared_ptr<arrow::Schema> schema_;
  const TextSink sink_;
};

}  // namespace

std::unique_ptr<Printer> MakePrinter(const FormatOptions& options, std::shared_ptr<arrow::Schema> schema,
                                     TextSink sink) {
  switch (options.format) {
    case Format::kTable:
      if (PlanPrinter::Fits(*schema)) return std::make_unique<PlanPrinter>(std::move(sink));
      return std::make_unique<TablePrinter>(options, schema, std::move(sink));
    case Format::kJson:
      return std::make_unique<JsonPrinter>(false, schema, std::move(sink));
    case Format::kNdjson:
      return std::make_unique<JsonPrinter>(true, schema, std::move(sink));
    case Format::kCsv:
      return std::make_unique<CsvPrinter>(options.header, std::move(schema), std::move(sink));
  }
  return nullptr;
}

Result<std::int64_t> Print(ResultStream* result, const FormatOptions& options, const TextSink& sink) {
  const auto printer = MakePrinter(options, result->schema(), sink);
  std::int64_t rows = 0;
  for (;;) {
    TRY_ASSIGN(const auto batch, result->Next());
    if (batch == nullptr) break;
    rows += batch->num_rows();
    TRY(printer->Rows(*batch));
  }
  TRY(printer->End());
  return rows;
}

}  // namespace pregao::query
