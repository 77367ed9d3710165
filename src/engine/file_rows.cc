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

template <class Index>
bool AllInOrder(const std::vector<Index>& indices, std::int64_t rows) {
  if (std::ssize(indices) != rows) return false;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (static_cast<std::size_t>(indices[i]) != i) return false;
  }
  return true;
}

/// Which rows of a batch stand where in the files: `rows[i]` at i; and the other way round, rows.size() where a row
/// stands nowhere.
struct Order {
  std::vector<std::uint32_t> rows, places;
};

/// @return how many of the bits are set
std::int64_t GatherBits(const std::uint8_t* from, std::int64_t offset, const std::vector<std::uint32_t>& rows,
                        std::uint8_t* to) {
  std::int64_t set = 0;
  for (std::size_t i = 0; i < rows.size(); ++to) {
    unsigned byte = 0;
    for (unsigned bit = 0; bit < 8 && i < rows.size(); ++bit, ++i) {
      const unsigned there = arrow::bit_util::GetBit(from, offset + rows[i]);
      byte |= there << bit;
      set += there;
    }
    *to = static_cast<std::uint8_t>(byte);
  }
  return set;
}

/// A column of fixed width, numbers or the indices of words, in the files' order. It is read from its first row to its
/// last and written at one place for each ticker, which the cache holds.
template <class Value>
Result<std::shared_ptr<arrow::Array>> Arrange(const arrow::ArrayData& column, const Order& order) {
  const auto size = std::ssize(order.rows);
  TRY_ASSIGN(std::shared_ptr<arrow::Buffer> values,
             arrow::AllocateBuffer((size + 1) * static_cast<std::int64_t>(sizeof(Value))));
  const Value* from = column.GetValues<Value>(1);
  Value* const to = reinterpret_cast<Value*>(values->mutable_data());
  for (const std::uint32_t place : order.places) to[place] = *from++;
  std::shared_ptr<arrow::Buffer> valid;
  std::int64_t nulls = 0;
  if (column.GetNullCount() > 0) {
    TRY_ASSIGN(valid, arrow::AllocateEmptyBitmap(size));
    nulls = size - GatherBits(column.buffers[0]->data(), column.offset, order.rows, valid->mutable_data());
  }
  auto data = arrow::ArrayData::Make(column.type, size, {std::move(valid), std::move(values)}, nulls);
  data->dictionary = column.dictionary;
  return arrow::MakeArray(data);
}

Result<std::shared_ptr<arrow::RecordBatch>> Arranged(const arrow::RecordBatch& batch, const Order& order) {
  if (AllInOrder(order.rows, batch.num_rows())) return batch.Slice(0);
  const auto size = std::ssize(order.rows);
  arrow::ArrayVector columns;
  for (const auto& column : batch.columns()) {
    if (column->null_count() == batch.num_rows()) {
      columns.push_back(column->Slice(0, size));
      continue;
    }
    const bool wide = column->type()->bit_width() == 64;  // the others have 32
    TRY_ASSIGN(auto arranged,
               wide ? Arrange<std::uint64_t>(*column->data(), order) : Arrange<std::uint32_t>(*column->data(), order));
    columns.push_back(std::move(arranged));
  }
  return arrow::RecordBatch::Make(batch.schema(), size, std::move(columns));
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> TakeRows(const arrow::RecordBatch& batch,
                                                     const std::vector<std::int64_t>& indices) {
  if (AllInOrder(indices, batch.num_rows())) return batch.Slice(0);
  const arrow::Int64Array wanted(std::ssize(indices), arrow::Buffer::Wrap(indices));
  arrow::ArrayVector columns;
  for (const auto& column : batch.columns()) {
    TRY_ASSIGN(auto taken, arrow::compute::Take(*column, wanted, arrow::compute::TakeOptions::NoBoundsCheck()));
    columns.push_back(std::move(taken));
  }
  return arrow::RecordBatch::Make(batch.schema(), std::ssize(indices), std::move(columns));
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
  Order order;
  order.rows.reserve(batch.picks.size());
  order.places.assign(static_cast<std::size_t>(batch.silver->num_rows()),
                      static_cast<std::uint32_t>(batch.picks.size()));
  for (const auto& [part, places] : parts) {
    for (const Place& place : places) {
      order.places[static_cast<std::size_t>(place.second)] = static_cast<std::uint32_t>(order.rows.size());
      order.rows.push_back(static_cast<std::uint32_t>(place.second));
    }
  }
  TRY_ASSIGN(rows, Arranged(*rows, order));

  std::vector<FileRows> groups;
  std::int64_t begin = 0;
  for (auto part = parts.begin(); part != parts.end();) {
    const auto first = part;
    std::int64_t end = begin;
    do {
      end += std::ssize(part->second);
    } while (++part != parts.end() && part->first.first == first->first.first && !by_ticker);
    FileRows group;
    if (by_date) group.partition_values["date"] = medallion::DateString(first->first.first);
    if (by_ticker) group.partition_values["ticker"] = names.GetString(words[first->second.front().second]);
    group.rows = rows->Slice(begin, end - begin);
    groups.push_back(std::move(group));
    begin = end;
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
