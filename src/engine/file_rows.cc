#include "engine/file_rows.h"

#include <algorithm>
#include <arrow/array.h>
#include <arrow/array/array_dict.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/util/bit_util.h>
#include <map>
#include <numeric>
#include <utility>

#include "medallion/schema.h"

namespace pregao::engine {
namespace {

/// For each word, its place in the order of words.
std::vector<std::uint32_t> Ranks(const arrow::StringArray& words) {
  std::vector<std::uint32_t> order(static_cast<std::size_t>(words.length()));
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return words.GetView(a) < words.GetView(b); });
  std::vector<std::uint32_t> ranks(order.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) ranks[order[i]] = i;
  return ranks;
}

bool AllInOrder(const std::vector<std::int64_t>& indices, std::int64_t rows) {
  if (static_cast<std::int64_t>(indices.size()) != rows) return false;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] != static_cast<std::int64_t>(i)) return false;
  }
  return true;
}

/// The rows `rows` of a column of fixed width: numbers, or the indices of words.
template <class Value>
Result<std::shared_ptr<arrow::Array>> Gather(const arrow::ArrayData& column, const std::vector<std::int64_t>& rows) {
  const auto size = static_cast<std::int64_t>(rows.size());
  TRY_ASSIGN(std::shared_ptr<arrow::Buffer> values,
             arrow::AllocateBuffer(size * static_cast<std::int64_t>(sizeof(Value))));
  const Value* const from = column.GetValues<Value>(1);
  Value* to = reinterpret_cast<Value*>(values->mutable_data());
  for (const std::int64_t row : rows) *to++ = from[row];
  std::shared_ptr<arrow::Buffer> valid;
  std::int64_t nulls = 0;
  if (column.GetNullCount() > 0) {
    TRY_ASSIGN(valid, arrow::AllocateEmptyBitmap(size));
    for (std::int64_t i = 0; i < size; ++i) {
      const bool there =
          arrow::bit_util::GetBit(column.buffers[0]->data(), column.offset + rows[static_cast<std::size_t>(i)]);
      arrow::bit_util::SetBitTo(valid->mutable_data(), i, there);
      nulls += !there;
    }
  }
  auto data = arrow::ArrayData::Make(column.type, size, {std::move(valid), std::move(values)}, nulls);
  data->dictionary = column.dictionary;
  return arrow::MakeArray(data);
}

Result<std::shared_ptr<arrow::Array>> TakeColumn(const arrow::Array& column, const std::vector<std::int64_t>& rows) {
  switch (column.type()->bit_width()) {  // -1 where it varies
    case 64:
      return Gather<std::uint64_t>(*column.data(), rows);
    case 32:
      return Gather<std::uint32_t>(*column.data(), rows);
    default:
      return arrow::compute::Take(column, arrow::Int64Array(std::ssize(rows), arrow::Buffer::Wrap(rows)),
                                  arrow::compute::TakeOptions::NoBoundsCheck());
  }
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> TakeRows(const arrow::RecordBatch& batch,
                                                     const std::vector<std::int64_t>& indices) {
  if (AllInOrder(indices, batch.num_rows())) return batch.Slice(0);
  const auto size = static_cast<std::int64_t>(indices.size());
  arrow::ArrayVector columns;
  for (int i = 0; i < batch.num_columns(); ++i) {
    if (batch.column(i)->null_count() == batch.num_rows()) {
      columns.push_back(batch.column(i)->Slice(0, size));
      continue;
    }
    TRY_ASSIGN(auto taken, TakeColumn(*batch.column(i), indices));
    columns.push_back(std::move(taken));
  }
  return arrow::RecordBatch::Make(batch.schema(), size, std::move(columns));
}

Result<std::shared_ptr<arrow::RecordBatch>> WithDate(const Batch& batch) {
  std::vector<std::int32_t> days(static_cast<std::size_t>(batch.silver->num_rows()));
  for (const Pick& pick : batch.picks) days[static_cast<std::size_t>(pick.row)] = pick.day;
  arrow::Date32Builder builder;
  TRY(builder.AppendValues(days));
  TRY_ASSIGN(auto column, builder.Finish());
  const auto& field = medallion::SilverSchema()->field(medallion::kDate);
  return batch.silver->AddColumn(batch.silver->num_columns(), field, column);
}

Result<std::vector<FileRows>> GroupForFiles(const Batch& batch, const std::vector<std::string>& partition_columns) {
  const auto has = [&](std::string_view name) {
    return std::find(partition_columns.begin(), partition_columns.end(), name) != partition_columns.end();
  };
  const bool by_date = has("date"), by_ticker = has("ticker");
  const auto& tickers = static_cast<const arrow::DictionaryArray&>(*batch.silver->column(market::kTicker));
  const auto& names = static_cast<const arrow::StringArray&>(*tickers.dictionary());
  const auto* words = static_cast<const arrow::Int32Array&>(*tickers.indices()).raw_values();
  const auto ranks = Ranks(names);

  // By day and ticker first: within one, rows come nearly in order.
  using Place = std::pair<std::int64_t, std::int64_t>;  // event time, row
  std::map<std::pair<std::int32_t, std::uint32_t>, std::vector<Place>> parts;
  for (const Pick& pick : batch.picks) {
    const auto rank = ranks[static_cast<std::size_t>(words[pick.row])];
    parts[{by_date ? pick.day : 0, rank}].emplace_back(pick.event_time_us, pick.row);
  }
  for (auto& [part, places] : parts) {
    if (!std::is_sorted(places.begin(), places.end())) std::sort(places.begin(), places.end());
  }

  auto rows = batch.silver;
  if (!by_date) {
    TRY_ASSIGN(rows, WithDate(batch));
  }
  if (by_ticker) {
    TRY_ASSIGN(rows, rows->RemoveColumn(market::kTicker));
  }
  std::vector<FileRows> groups;
  for (auto part = parts.begin(); part != parts.end();) {
    const auto first = part;
    const auto same_file = [&] {
      return part != parts.end() && part->first.first == first->first.first && (!by_ticker || part == first);
    };
    std::vector<std::int64_t> indices;
    for (; same_file(); ++part) {
      for (const Place& place : part->second) indices.push_back(place.second);
    }
    FileRows group;
    if (by_date) group.partition_values["date"] = medallion::DateString(first->first.first);
    if (by_ticker) group.partition_values["ticker"] = names.GetString(words[indices.front()]);
    TRY_ASSIGN(group.rows, TakeRows(*rows, indices));
    groups.push_back(std::move(group));
  }
  return groups;
}

void SetWritten(std::int64_t rows, lake::Transaction* txn) {
  txn->metrics["written"] = std::to_string(rows);
  txn->metrics["bytes"] = std::to_string(BytesOf(*txn));
}

std::int64_t BytesOf(const lake::Transaction& txn) {
  std::int64_t bytes = 0;
  for (const auto& file : txn.adds) bytes += file.size;
  return bytes;
}

}  // namespace pregao::engine
