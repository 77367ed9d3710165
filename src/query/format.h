#pragma once
/// Query results for people (table) and programs (JSON, CSV).
#include <arrow/record_batch.h>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "query/database.h"

namespace pregao::query {

enum class Format {
  kTable,   ///< columns aligned, NULL shown, at most FormatOptions::max_rows rows
  kJson,    ///< one array of objects
  kNdjson,  ///< one object a line
  kCsv,     ///< RFC 4180 with a header; a null is an empty field, an empty text is ""
};

struct FormatOptions {
  Format format = Format::kTable;
  std::int64_t max_rows = 1000;  ///< of a table; the others are counted
  std::size_t max_width = 0;     ///< of a table's cell in columns, 0: any; what is longer ends in …
  bool header = true;            ///< of a CSV
  bool following = false;        ///< a table is printed batch by batch, without counts; its columns only grow
};

/// Takes text as it is made; an error ends the printing.
using TextSink = std::function<Status(std::string_view)>;

/// Prints batches of one schema. Memory: a table's shown rows; a batch in the other formats. Not thread-safe.
class Printer {
 public:
  virtual ~Printer() = default;
  [[nodiscard]] virtual Status Rows(const arrow::RecordBatch& batch) = 0;
  /// What is left: the table itself, the closing bracket.
  [[nodiscard]] virtual Status End() = 0;
};
[[nodiscard]] std::unique_ptr<Printer> MakePrinter(const FormatOptions& options, std::shared_ptr<arrow::Schema> schema,
                                                   TextSink sink);

/// Prints a result to its end. @return how many rows it had.
[[nodiscard]] Result<std::int64_t> Print(ResultStream* result, const FormatOptions& options, const TextSink& sink);

}  // namespace pregao::query
