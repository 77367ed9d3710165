#pragma once
/// Identity: what makes two messages the same quote. All of Silver's market fields, and not when or how it came.
#include <array>
#include <arrow/table.h>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "market/quote.h"

namespace pregao::medallion {

/// market::kFields by what a value is held as; bit i stands for field i. The hot path takes one sort after the other,
/// so that the processor need not guess each field's.
struct FieldSorts {
  std::uint64_t numbers = 0, integers = 0, texts = 0;
};
inline constexpr FieldSorts kSorts = [] {
  FieldSorts sorts;
  for (const auto& spec : market::kFields) {
    const bool number = spec.kind == market::FieldKind::kFloat || spec.kind == market::FieldKind::kDouble;
    std::uint64_t& sort = number ? sorts.numbers : spec.kind == market::FieldKind::kInt ? sorts.integers : sorts.texts;
    sort |= std::uint64_t{1} << spec.field;
  }
  return sorts;
}();

/// 128 bits of XXH3 over a row's market fields, event_time and ticker included.
struct RowKey {
  std::uint64_t high = 0, low = 0;
  friend auto operator<=>(const RowKey&, const RowKey&) = default;
};

/// Adds a row's present fields, numbers, then integers, then texts, each in the order of market::kFields, and hashes
/// them: -0 is 0, an absent field is absent. Decoding and reading back from a table use this one function, so their
/// keys agree. Not thread-safe.
///
/// What is hashed: which fields are present, then their values: a number's 8 bytes, a text's length and bytes.
class RowHasher {
 public:
  void Add(market::Field field, double number) {
    number += 0.0;  // -0 becomes 0
    std::memcpy(Room(field, sizeof(number)), &number, sizeof(number));
  }
  void Add(market::Field field, std::int64_t number) {
    std::memcpy(Room(field, sizeof(number)), &number, sizeof(number));
  }
  void Add(market::Field field, std::string_view text) {
    const auto length = static_cast<std::uint32_t>(text.size());
    char* const at = Room(field, sizeof(length) + text.size());
    std::memcpy(at, &length, sizeof(length));
    if (length > 0) std::memcpy(at + sizeof(length), text.data(), text.size());
  }
  /// The key of what was added; then starts anew.
  [[nodiscard]] RowKey Finish();

 private:
  char* Room(market::Field field, std::size_t size) {
    present_ |= std::uint64_t{1} << field;
    const std::size_t begin = size_;
    size_ += size;
    if (size_ > buffer_.size()) buffer_.resize(2 * size_);
    return buffer_.data() + begin;
  }
  std::uint64_t present_ = 0;
  std::vector<char> buffer_ = std::vector<char>(1024);
  std::size_t size_ = sizeof(present_);  // of what was added, behind room for present_
};

/// A row of Silver as dedupe knows it.
struct KeyedRow {
  std::string ticker;
  std::int64_t event_time_us = 0;
  RowKey key;
};

/// Names of the identity columns, in the order of market::kFields: what HashRows expects.
[[nodiscard]] const std::vector<std::string>& IdentityColumns();

/// Keys of rows read from Silver. `rows` has the columns of IdentityColumns(), in that order.
[[nodiscard]] Result<std::vector<KeyedRow>> HashRows(const arrow::Table& rows);

}  // namespace pregao::medallion

template <>
struct std::hash<pregao::medallion::RowKey> {
  std::size_t operator()(const pregao::medallion::RowKey& k) const noexcept { return static_cast<std::size_t>(k.low); }
};
