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
#include "medallion/same_text.h"

namespace pregao::medallion {

/// A column of fixed-width values. Not thread-safe.
template <class Value>
class FixedColumn {
 public:
  /// Sets row `row`, which is behind all that were set; rows left out are null.
  [[nodiscard]] Status Put(std::int64_t row, Value value) {
    if (row != length_ || row >= capacity_) TRY(SkipTo(row, row + 1));
    values_[row] = value;
    if (bits_ != nullptr) SetBit(row);
    length_ = row + 1;
    return Status::OK();
  }
  /// Whether no row was set.
  [[nodiscard]] bool empty() const { return length_ == 0; }
  /// The column of `rows` rows, of `type`, whose values are as wide as Value; then starts anew, with room for as many.
  [[nodiscard]] Result<std::shared_ptr<arrow::ArrayData>> Finish(std::shared_ptr<arrow::DataType> type,
                                                                 std::int64_t rows) {
    TRY(SkipTo(rows, rows));
    auto data = arrow::ArrayData::Make(std::move(type), rows, {valid_buffer_, value_buffer_}, nulls_);
    *this = FixedColumn(std::max(first_capacity_, capacity_));
    return data;
  }

  FixedColumn() = default;

 private:
  explicit FixedColumn(std::int64_t first_capacity) : first_capacity_(first_capacity) {}

  void SetBit(std::int64_t row) { bits_[row >> 3] = static_cast<std::uint8_t>(bits_[row >> 3] | 1u << (row & 7)); }

  /// Makes room for `needed` rows, and nulls of those from length_ to `row`.
  Status SkipTo(std::int64_t row, std::int64_t needed) {
    if (needed > capacity_) TRY(Grow(needed));
    if (row == length_) return Status::OK();
    if (bits_ == nullptr) TRY(MakeBits());
    nulls_ += row - length_;
    length_ = row;
    return Status::OK();
  }

  Status Grow(std::int64_t rows) {
    std::int64_t capacity = std::max(first_capacity_, capacity_ * 2);
    while (capacity < rows) capacity *= 2;
    TRY_ASSIGN(auto values, arrow::AllocateBuffer(capacity * static_cast<std::int64_t>(sizeof(Value))));
    if (length_ > 0) std::memcpy(values->mutable_data(), values_, static_cast<std::size_t>(length_) * sizeof(Value));
    value_buffer_ = std::move(values);
    values_ = reinterpret_cast<Value*>(value_buffer_->mutable_data());
    capacity_ = capacity;
    return bits_ == nullptr ? Status::OK() : MakeBits();
  }

  /// A bitmap of capacity_, with what the one before held, or without one: all rows set so far. Columns without a null
  /// need none.
  Status MakeBits() {
    const auto size = static_cast<std::size_t>(capacity_ / 8), used = static_cast<std::size_t>((length_ + 7) / 8);
    TRY_ASSIGN(auto valid, arrow::AllocateBuffer(capacity_ / 8));
    std::memset(valid->mutable_data(), 0, size);
    if (bits_ != nullptr) std::memcpy(valid->mutable_data(), bits_, used);
    const bool all = bits_ == nullptr;
    valid_buffer_ = std::move(valid);
    bits_ = valid_buffer_->mutable_data();
    for (std::int64_t row = 0; all && row < length_; ++row) SetBit(row);
    return Status::OK();
  }

  static constexpr std::int64_t kFirstCapacity = 1024;  // a multiple of 8
  std::int64_t first_capacity_ = kFirstCapacity;
  std::int64_t capacity_ = 0, length_ = 0, nulls_ = 0;
  Value* values_ = nullptr;
  std::uint8_t* bits_ = nullptr;  // null while there was no null
  std::shared_ptr<arrow::Buffer> value_buffer_, valid_buffer_;
};

/// Distinct texts, numbered in the order they first came. Not thread-safe.
class Words {
 public:
  /// The number of `text`, which is added when it is new. `kin`: any number that tends to come with the same text, as a
  /// ticker's does with its currency; what came with it last is tried first.
  [[nodiscard]] std::int32_t Index(std::string_view text, std::int32_t kin) {
    std::int32_t& last = by_kin_[static_cast<std::size_t>(kin) % by_kin_.size()];
    if (last < 0 || !SameText((*this)[last], text)) last = Find(text);
    return last;
  }
  [[nodiscard]] std::int32_t size() const { return static_cast<std::int32_t>(ends_.size()); }
  [[nodiscard]] std::string_view operator[](std::int32_t i) const {
    const auto at = static_cast<std::size_t>(i);
    const std::int32_t begin = at == 0 ? 0 : ends_[at - 1];
    if (ends_[at] == begin) return "";  // whose pointer is not null, as Arrow wants it
    return {bytes_.data() + begin, static_cast<std::size_t>(ends_[at] - begin)};
  }
  /// All words as a STRING array; then starts anew.
  [[nodiscard]] Result<std::shared_ptr<arrow::Array>> Finish();

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::int32_t index = -1;
  };
  std::int32_t Find(std::string_view text);
  void Rehash();

  std::vector<Slot> slots_ = std::vector<Slot>(64);  // a power of two, at most half full
  std::vector<std::int32_t> ends_;                   // of each word in bytes_
  std::vector<char> bytes_;
  std::vector<std::int32_t> by_kin_ = std::vector<std::int32_t>(256, -1);  // the word last asked for
};

/// A column of text as a dictionary. Not thread-safe.
class WordColumn {
 public:
  /// As FixedColumn's; `kin` as of Words::Index.
  [[nodiscard]] Status Put(std::int64_t row, std::string_view text, std::int32_t kin = 0) {
    last_ = words_.Index(text, kin);
    return indices_.Put(row, last_);
  }
  /// The number of the text that was put last.
  [[nodiscard]] std::int32_t last() const { return last_; }
  [[nodiscard]] bool empty() const { return indices_.empty(); }
  /// The column of `rows` rows as dictionary(int32, utf8); then starts anew.
  [[nodiscard]] Result<std::shared_ptr<arrow::Array>> Finish(std::int64_t rows);

 private:
  FixedColumn<std::int32_t> indices_;
  Words words_;
  std::int32_t last_ = 0;
};

/// dictionary(int32, utf8): the type of a WordColumn.
[[nodiscard]] const std::shared_ptr<arrow::DataType>& WordType();

}  // namespace pregao::medallion
