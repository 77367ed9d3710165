#pragma once
/// Columns under construction, for the hot path: rows that have no value cost nothing until the next one that has, and
/// text is stored once for each distinct word, which Parquet need not hash again.
#include <algorithm>
#include <arrow/array.h>
#include <arrow/buffer.h>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace pregao::medallion {

/// A column of fixed-width values. Not thread-safe.
template <class Value>
class FixedColumn {
 public:
  /// Sets row `row`, which is not before any that was set; rows left out are null.
  [[nodiscard]] Status Put(std::int64_t row, Value value) {
    if (row >= capacity_) TRY(Grow(row + 1));
    for (; length_ < row; ++length_) values_[length_] = Value{};
    values_[row] = value;
    bits_[row >> 3] = static_cast<std::uint8_t>(bits_[row >> 3] | 1u << (row & 7));
    length_ = row + 1;
    ++valid_;
    return Status::OK();
  }
  /// Whether no row was set.
  [[nodiscard]] bool empty() const { return valid_ == 0; }
  /// The column of `rows` rows, of `type`, whose values are as wide as Value; then starts anew, with room for as many.
  [[nodiscard]] Result<std::shared_ptr<arrow::ArrayData>> Finish(std::shared_ptr<arrow::DataType> type,
                                                                 std::int64_t rows) {
    if (rows > capacity_) TRY(Grow(rows));
    for (; length_ < rows; ++length_) values_[length_] = Value{};
    const std::int64_t nulls = rows - valid_;
    auto data =
        arrow::ArrayData::Make(std::move(type), rows, {nulls == 0 ? nullptr : valid_buffer_, value_buffer_}, nulls);
    *this = FixedColumn(std::max(first_capacity_, capacity_));
    return data;
  }

  FixedColumn() = default;

 private:
  explicit FixedColumn(std::int64_t first_capacity) : first_capacity_(first_capacity) {}

  Status Grow(std::int64_t rows) {
    std::int64_t capacity = std::max(first_capacity_, capacity_ * 2);
    while (capacity < rows) capacity *= 2;
    TRY_ASSIGN(auto values, arrow::AllocateBuffer(capacity * static_cast<std::int64_t>(sizeof(Value))));
    TRY_ASSIGN(auto valid, arrow::AllocateBuffer(capacity / 8));
    std::memset(valid->mutable_data(), 0, static_cast<std::size_t>(capacity / 8));
    if (length_ > 0) {
      std::memcpy(values->mutable_data(), values_, static_cast<std::size_t>(length_) * sizeof(Value));
      std::memcpy(valid->mutable_data(), bits_, static_cast<std::size_t>(capacity_ / 8));
    }
    value_buffer_ = std::move(values);
    valid_buffer_ = std::move(valid);
    values_ = reinterpret_cast<Value*>(value_buffer_->mutable_data());
    bits_ = valid_buffer_->mutable_data();
    capacity_ = capacity;
    return Status::OK();
  }

  static constexpr std::int64_t kFirstCapacity = 1024;  // a multiple of 8
  std::int64_t first_capacity_ = kFirstCapacity;
  std::int64_t capacity_ = 0, length_ = 0, valid_ = 0;
  Value* values_ = nullptr;
  std::uint8_t* bits_ = nullptr;
  std::shared_ptr<arrow::Buffer> value_buffer_, valid_buffer_;
};

/// Distinct texts, numbered in the order they first came. Not thread-safe.
class Words {
 public:
  /// The number of `text`, which is added when it is new.
  [[nodiscard]] std::int32_t Index(std::string_view text);
  [[nodiscard]] std::int32_t size() const { return static_cast<std::int32_t>(ends_.size()); }
  [[nodiscard]] std::string_view operator[](std::int32_t i) const;
  /// All words as a STRING array; then starts anew.
  [[nodiscard]] Result<std::shared_ptr<arrow::Array>> Finish();

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::int32_t index = -1;
  };
  void Rehash();

  std::vector<Slot> slots_ = std::vector<Slot>(64);  // a power of two, at most half full
  std::vector<std::int32_t> ends_;                   // of each word in bytes_
  std::vector<char> bytes_;
};

/// A column of text as a dictionary. Not thread-safe.
class WordColumn {
 public:
  [[nodiscard]] Status Put(std::int64_t row, std::string_view text) { return indices_.Put(row, words_.Index(text)); }
  [[nodiscard]] bool empty() const { return indices_.empty(); }
  /// The column of `rows` rows as dictionary(int32, utf8); then starts anew.
  [[nodiscard]] Result<std::shared_ptr<arrow::Array>> Finish(std::int64_t rows);

 private:
  FixedColumn<std::int32_t> indices_;
  Words words_;
};

/// dictionary(int32, utf8): the type of a WordColumn.
[[nodiscard]] const std::shared_ptr<arrow::DataType>& WordType();

}  // namespace pregao::medallion
