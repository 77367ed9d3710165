#pragma once
/// One value of an Arrow array as text. Timestamps with a zone are printed in UTC: `2026-11-22 17:05:20.123+00`.
#include <arrow/array.h>
#include <string>

namespace pregao::query {

/// The plain text of a value, appended. Nested values are JSON. The value must not be null.
void AppendText(const arrow::Array& array, std::int64_t row, std::string* out);
/// NaN and the infinities, which JSON has no numbers for.
enum class NotFinite {
  kNull,
  kText,  ///< "NaN", "Infinity", "-Infinity"
};
/// The value as JSON: numbers as numbers with all their digits (int64, decimals), null for null.
void AppendJson(const arrow::Array& array, std::int64_t row, std::string* out, NotFinite not_finite = NotFinite::kNull);
/// Whether values of the type are numbers, which tables align to the right.
[[nodiscard]] bool IsNumeric(const arrow::DataType& type);

}  // namespace pregao::query
