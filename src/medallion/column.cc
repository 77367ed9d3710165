#include "medallion/column.h"

#define XXH_INLINE_ALL
#include <arrow/array/array_dict.h>
#include <arrow/builder.h>
#include <xxhash.h>

namespace pregao::medallion {

std::int32_t Words::Find(std::string_view text) {
  const auto hash = static_cast<std::uint32_t>(XXH3_64bits(text.data(), text.size()));
  std::size_t at = hash & (slots_.size() - 1);
  for (; slots_[at].index >= 0; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at].hash == hash && SameText((*this)[slots_[at].index], text)) return slots_[at].index;
  }
  const std::int32_t index = size();
  slots_[at] = {hash, index};
  bytes_.insert(bytes_.end(), text.begin(), text.end());
  ends_.push_back(static_cast<std::int32_t>(bytes_.size()));
  if (ends_.size() * 2 > slots_.size()) Rehash();
  return index;
}

void Words::Rehash() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.index < 0) continue;
    std::size_t at = slot.hash & (slots_.size() - 1);
    while (slots_[at].index >= 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = slot;
  }
}

Result<std::shared_ptr<arrow::Array>> Words::Finish() {
  arrow::StringBuilder builder;
  TRY(builder.Reserve(size()));
  TRY(builder.ReserveData(static_cast<std::int64_t>(bytes_.size())));
  for (std::int32_t i = 0; i < size(); ++i) builder.UnsafeAppend((*this)[i]);
  *this = Words();
  return builder.Finish();
}

const std::shared_ptr<arrow::DataType>& WordType() {
  static const auto type = arrow::dictionary(arrow::int32(), arrow::utf8());
  return type;
}

Result<std::shared_ptr<arrow::Array>> WordColumn::Finish(std::int64_t rows) {
  TRY_ASSIGN(auto words, words_.Finish());
  TRY_ASSIGN(auto indices, indices_.Finish(arrow::int32(), rows));
  // Not FromArrays, which looks at each index: they are our own.
  return std::make_shared<arrow::DictionaryArray>(WordType(), arrow::MakeArray(indices), std::move(words));
}

}  // namespace pregao::medallion
