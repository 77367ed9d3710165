#include "query/cell.h"

#include <array>
#include <arrow/scalar.h>
#include <arrow/util/decimal.h>
#include <charconv>
#include <chrono>
#include <cmath>
#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/text.h"

namespace pregao::query {
namespace {

using arrow::Array;
using arrow::Type;

template <class T>
auto At(const Array& array, std::int64_t row) {
  return static_cast<const T&>(array).Value(row);
}

template <class Float>
void AppendFloat(Float number, std::string* out) {
  std::array<char, 64> buffer;
  out->append(buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr);
}

void AppendDate(std::chrono::sys_days day, std::string* out) {
  const std::chrono::year_month_day date(day);
  fmt::format_to(std::back_inserter(*out), "{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

// The time of day with as many digits behind the second as say something: none, three, six or nine.
void AppendTimeOfDay(std::chrono::nanoseconds since_midnight, std::string* out) {
  const auto n = since_midnight.count();
  const auto fraction = n % 1'000'000'000;
  const auto second = n / 1'000'000'000;
  auto at = std::back_inserter(*out);
  fmt::format_to(at, "{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
  if (fraction % 1'000 != 0) {
    fmt::format_to(at, ".{:09}", fraction);
  } else if (fraction % 1'000'000 != 0) {
    fmt::format_to(at, ".{:06}", fraction / 1'000);
  } else if (fraction != 0) {
    fmt::format_to(at, ".{:03}", fraction / 1'000'000);
  }
}

std::int64_t PerSecond(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return 1;
    case arrow::TimeUnit::MILLI:
      return 1'000;
    case arrow::TimeUnit::MICRO:
      return 1'000'000;
    case arrow::TimeUnit::NANO:
      return 1'000'000'000;
  }
  return 1;
}

void AppendTimestamp(const Array& array, std::int64_t row, std::string* out) {
  const auto& type = static_cast<const arrow::TimestampType&>(*array.type());
  const std::int64_t value = At<arrow::TimestampArray>(array, row);
  constexpr auto kInfinity = std::numeric_limits<std::int64_t>::max();  // as DuckDB writes it
  if (value == kInfinity || value == -kInfinity) {
    *out += value > 0 ? "infinity" : "-infinity";
    return;
  }
  const std::int64_t per_second = PerSecond(type.unit()), per_day = 86'400 * per_second;
  std::int64_t day = value / per_day, rest = value % per_day;
  if (rest < 0) {
    --day;
    rest += per_day;
  }
  AppendDate(std::chrono::sys_days(std::chrono::days(day)), out);
  *out += ' ';
  AppendTimeOfDay(std::chrono::nanoseconds(rest * (1'000'000'000 / per_second)), out);
  if (!type.timezone().empty()) *out += "+00";
}

// Bytes that are text are shown as text (a topic's keys and values mostly are); others as \xNN, as DuckDB shows them.
void AppendBytes(std::string_view bytes, std::string* out) {
  const auto control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t';
  };
  if (IsUtf8(bytes) && std::none_of(bytes.begin(), bytes.end(), control)) {
    *out += bytes;
    return;
  }
  for (const char c : bytes) {
    if (c >= 0x20 && c < 0x7F && c != '\\') {
      *out += c;
    } else {
      fmt::format_to(std::back_inserter(*out), "\\x{:02X}", static_cast<unsigned char>(c));
    }
  }
}

void AppendInterval(arrow::MonthDayNanoIntervalType::MonthDayNanos value, std::string* out) {
  const std::size_t start = out->size();
  auto at = std::back_inserter(*out);
  if (value.months != 0) fmt::format_to(at, "{} months ", value.months);
  if (value.days != 0) fmt::format_to(at, "{} days ", value.days);
  if (value.nanoseconds != 0 || out->size() == start) {
    if (value.nanoseconds < 0) *out += '-';
    AppendTimeOfDay(std::chrono::nanoseconds(std::abs(value.nanoseconds)), out);
  } else {
    out->pop_back();
  }
}

void AppendList(const Array& values, std::int64_t begin, std::int64_t end, NotFinite not_finite, std::string* out) {
  *out += '[';
  for (std::int64_t i = begin; i < end; ++i) {
    if (i > begin) *out += ',';
    AppendJson(values, i, out, not_finite);
  }
  *out += ']';
}

void AppendStruct(const arrow::StructArray& array, std::int64_t row, NotFinite not_finite, std::string* out) {
  *out += '{';
  for (int i = 0; i < array.num_fields(); ++i) {
    if (i > 0) *out += ',';
    AppendJsonString(array.struct_type()->field(i)->name(), out);
    *out += ':';
    AppendJson(*array.field(i), row, out, not_finite);
  }
  *out += '}';
}

std::string IntegerText(const Array& array, std::int64_t row) {
  switch (array.type_id()) {
    case Type::INT8:
      return std::to_string(At<arrow::Int8Array>(array, row));
    case Type::INT16:
      return std::to_string(At<arrow::Int16Array>(array, row));
    case Type::INT32:
      return std::to_string(At<arrow::Int32Array>(array, row));
    case Type::UINT8:
      return std::to_string(At<arrow::UInt8Array>(array, row));
    case Type::UINT16:
      return std::to_string(At<arrow::UInt16Array>(array, row));
    case Type::UINT32:
      return std::to_string(At<arrow::UInt32Array>(array, row));
    case Type::UINT64:
      return std::to_string(At<arrow::UInt64Array>(array, row));
    default:
      return std::to_string(At<arrow::Int64Array>(array, row));
  }
}

// Lists and structures as JSON; what no query of DuckDB gives, as Arrow prints it.
void AppendNested(const Array& array, std::int64_t row, NotFinite not_finite, std::string* out) {
  const auto list = [&](const auto& typed) {
    AppendList(*typed.values(), typed.value_offset(row), typed.value_offset(row + 1), not_finite, out);
  };
  switch (array.type_id()) {
    case Type::LIST:
      return list(static_cast<const arrow::ListArray&>(array));
    case Type::FIXED_SIZE_LIST:
      return list(static_cast<const arrow::FixedSizeListArray&>(array));
    case Type::MAP:  // a list of {key, value}
      return list(static_cast<const arrow::MapArray&>(array));
    case Type::STRUCT:
      return AppendStruct(static_cast<const arrow::StructArray&>(array), row, not_finite, out);
    default:
      break;
  }
  const auto scalar = array.GetScalar(row);
  *out += scalar.ok() ? (*scalar)->ToString() : scalar.status().message();
}

void AppendNotFinite(double number, NotFinite not_finite, std::string* out) {
  if (not_finite == NotFinite::kNull) {
    *out += "null";
  } else {
    *out += std::isnan(number) ? "\"NaN\"" : number > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  }
}

bool IsNested(const arrow::DataType& type) {
  return type.id() == Type::LIST || type.id() == Type::STRUCT || type.id() == Type::MAP ||
         type.id() == Type::FIXED_SIZE_LIST;
}

}  // namespace

bool IsNumeric(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) || arrow::is_floating(type.id()) || arrow::is_decimal(type.id());
}

void AppendText(const Array& array, std::int64_t row, std::string* out) {
  if (arrow::is_integer(array.type_id())) {
    *out += IntegerText(array, row);
    return;
  }
  switch (array.type_id()) {
    case Type::BOOL:
      *out += At<arrow::BooleanArray>(array, row) ? "true" : "false";
      break;
    case Type::FLOAT:
      AppendFloat(At<arrow::FloatArray>(array, row), out);
      break;
    case Type::DOUBLE:
      AppendFloat(At<arrow::DoubleArray>(array, row), out);
      break;
    case Type::DECIMAL128:
      *out += static_cast<const arrow::Decimal128Array&>(array).FormatValue(row);
      break;
    case Type::STRING:
      *out += static_cast<const arrow::StringArray&>(array).GetView(row);
      break;
    case Type::LARGE_STRING:
      *out += static_cast<const arrow::LargeStringArray&>(array).GetView(row);
      break;
    case Type::BINARY:
      AppendBytes(static_cast<const arrow::BinaryArray&>(array).GetView(row), out);
      break;
    case Type::DATE32:
      AppendDate(std::chrono::sys_days(std::chrono::days(At<arrow::Date32Array>(array, row))), out);
      break;
    case Type::TIME64: {
      const auto& type = static_cast<const arrow::Time64Type&>(*array.type());
      AppendTimeOfDay(
          std::chrono::nanoseconds(At<arrow::Time64Array>(array, row) * (1'000'000'000 / PerSecond(type.unit()))), out);
      break;
    }
    case Type::TIMESTAMP:
      AppendTimestamp(array, row, out);
      break;
    case Type::INTERVAL_MONTH_DAY_NANO:
      AppendInterval(At<arrow::MonthDayNanoIntervalArray>(array, row), out);
      break;
    case Type::DICTIONARY: {
      const auto& dictionary = static_cast<const arrow::DictionaryArray&>(array);
      AppendText(*dictionary.dictionary(), dictionary.GetValueIndex(row), out);
      break;
    }
    default:
      AppendNested(array, row, NotFinite::kNull, out);
  }
}

void AppendJson(const Array& array, std::int64_t row, std::string* out, NotFinite not_finite) {
  const Type::type id = array.type_id();
  if (array.IsNull(row) || id == Type::NA) {
    *out += "null";
  } else if (id == Type::FLOAT && !std::isfinite(At<arrow::FloatArray>(array, row))) {
    AppendNotFinite(At<arrow::FloatArray>(array, row), not_finite, out);
  } else if (id == Type::DOUBLE && !std::isfinite(At<arrow::DoubleArray>(array, row))) {
    AppendNotFinite(At<arrow::DoubleArray>(array, row), not_finite, out);
  } else if (IsNested(*array.type())) {
    AppendNested(array, row, not_finite, out);
  } else if (id == Type::BOOL || IsNumeric(*array.type())) {
    AppendText(array, row, out);
  } else {
    std::string text;
    AppendText(array, row, &text);
    AppendJsonString(text, out);
  }
}

}  // namespace pregao::query
