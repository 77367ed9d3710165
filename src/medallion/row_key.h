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

/// 128 bits of XXH3 over a row's market fields, event_time and ticker included.
struct RowKey {
  std::uint64_t high = 0, low = 0;
  friend auto operator<=>(const RowKey&, const RowKey&) = default;
};

/// Adds a row's present fields, in the order of market::kFields, and hashes them: -0 is 0, an absent field is absent.
/// Decoding and reading back from a table use this one function, so their keys agree. Not thread-safe.
class RowHasher {
 public:
  void Add(market::Field field, double number) {
    number += 0.0;  // -0 becomes 0
    Bytes(field, &number, sizeof(number));
  }
  void Add(market::Field field, std::int64_t number) { Bytes(field, &number, sizeof(number)); }
  void Add(market::Field field, std::string_view text) { Bytes(field, text.data(), text.size()); }
  /// The key of what was added; then starts anew.
  [[nodiscard]] RowKey Finish();

 private:
  void Bytes(market::Field field, const void* data, std::size_t size) {
    const auto length = static_cast<std::uint32_t>(size);
    const std::size_t needed = size_ + 1 + sizeof(length) + size;
    if (needed > buffer_.size()) buffer_.resize(2 * needed);
    char* at = buffer_.data() + size_;
    *at = static_cast<char>(field);
    std::memcpy(at + 1, &length, sizeof(length));
    if (size > 0) std::memcpy(at + 1 + sizeof(length), data, size);
    size_ = needed;
  }
  std::vector<char> buffer_ = std::vector<char>(1024);
  std::size_t size_ = 0;  // of what was added
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
