#include "lake/pack_rows.h"

#include <algorithm>
#include <array>
#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/util/byte_size.h>
#include <unordered_map>

#include "lake/data_file.h"

namespace pregao::lake {
namespace {

/// Columns whose order is that of their ranks.
using Ranks = std::vector<std::uint64_t>;

/// Flips the sign, so that unsigned order is signed order.
std::uint64_t Rank(std::int64_t value) { return static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63); }

template <class ArrayType>
Ranks NumberRanks(const arrow::Array& column) {
  const auto& numbers = static_cast<const ArrayType&>(column);
  Ranks ranks(static_cast<std::size_t>(column.length()));
  for (std::int64_t i = 0; i < column.length(); ++i) {
    ranks[static_cast<std::size_t>(i)] = numbers.IsNull(i) ? 0 : Rank(numbers.Value(i));
  }
  return ranks;
}

/// Each text's place among the distinct ones.
Ranks TextRanks(const arrow::StringArray& column) {
  std::unordered_map<std::string_view, std::uint64_t> places;
  for (std::int64_t i = 0; i < column.length(); ++i) {
    if (column.IsValid(i)) places.try_emplace(column.GetView(i));
  }
  std::vector<std::string_view> sorted;
  for (const auto& [text, place] : places) sorted.push_back(text);
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) places[sorted[i]] = i + 1;
  Ranks ranks(static_cast<std::size_t>(column.length()));
  for (std::int64_t i = 0; i < column.length(); ++i) {
    ranks[static_cast<std::size_t>(i)] = column.IsNull(i) ? 0 : places[column.GetView(i)];
  }
  return ranks;
}

Result<Ranks> RanksOf(const arrow::Array& column) {
  switch (column.type_id()) {
    case arrow::Type::STRING:
      return TextRanks(static_cast<const arrow::StringArray&>(column));
    case arrow::Type::INT32:
      return NumberRanks<arrow::Int32Array>(column);
    case arrow::Type::INT64:
      return NumberRanks<arrow::Int64Array>(column);
    case arrow::Type::TIMESTAMP:
      return NumberRanks<arrow::TimestampArray>(column);
    default:
      return Status::NotImplemented("cannot sort a column of type ", column.type()->ToString());
  }
}

/// One column of several files.
struct Column {
  std::shared_ptr<arrow::Field> field;
  arrow::ArrayVector chunks;  // null stands for a chunk without values
  std::vector<std::int64_t> lengths;

  /// The column whole; its chunks are gone then.
  Result<std::shared_ptr<arrow::Array>> Join() {
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      if (chunks[i]) continue;
      TRY_ASSIGN(chunks[i], arrow::MakeArrayOfNull(field->type(), lengths[i]));
    }
    const auto taken = std::move(chunks);
    chunks.clear();
    if (taken.size() == 1) return taken[0];
    return arrow::Concatenate(taken);
  }
  [[nodiscard]] bool HasValues() const {
    return std::any_of(chunks.begin(), chunks.end(), [](const auto& chunk) { return chunk != nullptr; });
  }
};

std::vector<std::string> FileColumns(const Snapshot& snapshot) {
  std::vector<std::string> columns = snapshot.schema->field_names();
  std::erase_if(columns, [&](const std::string& name) {
    return std::ranges::find(snapshot.partition_columns, name) != snapshot.partition_columns.end();
  });
  return columns;
}

/// Appends a file's rows to `columns`. @return the bytes that they take
std::int64_t Collect(const arrow::Table& rows, std::vector<Column>* columns) {
  std::int64_t bytes = 0;
  columns->resize(static_cast<std::size_t>(rows.num_columns()));
  for (int i = 0; i < rows.num_columns(); ++i) {
    Column& column = (*columns)[static_cast<std::size_t>(i)];
    column.field = rows.schema()->field(i);
    for (const auto& chunk : rows.column(i)->chunks()) {
      column.lengths.push_back(chunk->length());
      column.chunks.push_back(chunk->null_count() == chunk->length() ? nullptr : chunk);
      if (column.chunks.back()) bytes += arrow::util::TotalBufferSize(*chunk);
    }
  }
  return bytes;
}

Result<std::shared_ptr<arrow::Array>> Order(std::vector<Column>* columns, const std::vector<std::string>& sort_columns,
                                            std::int64_t rows) {
  struct Key {
    std::array<std::uint64_t, 2> ranks{};
    std::int64_t row = 0;
    auto operator<=>(const Key&) const = default;
  };
  std::vector<Key> keys(static_cast<std::size_t>(rows));
  for (std::size_t row = 0; row < keys.size(); ++row) keys[row].row = static_cast<std::int64_t>(row);
  for (std::size_t i = 0; i < sort_columns.size(); ++i) {
    const auto column =
        std::ranges::find_if(*columns, [&](const Column& c) { return c.field->name() == sort_columns[i]; });
    const std::vector<std::int64_t> lengths{rows};
    TRY_ASSIGN(auto whole, column->Join());
    TRY_ASSIGN(const Ranks ranks, RanksOf(*whole));
    for (std::size_t row = 0; row < keys.size(); ++row) keys[row].ranks[i] = ranks[row];
    column->chunks = {std::move(whole)};
    column->lengths = lengths;
  }
  std::sort(keys.begin(), keys.end());
  arrow::Int64Builder order;
  TRY(order.Reserve(rows));
  for (const Key& key : keys) order.UnsafeAppend(key.row);
  return order.Finish();
}

}  // namespace

std::vector<std::string> SortColumns(const Snapshot& snapshot) {
  const std::vector<std::vector<std::string>> known{
      {"ticker", "event_time"}, {"ticker", "bar_start"}, {"partition", "offset"}};
  for (auto columns : known) {
    if (!std::ranges::all_of(columns,
                             [&](const auto& name) { return snapshot.schema->GetFieldByName(name) != nullptr; }))
      continue;
    std::erase_if(columns, [&](const std::string& name) {
      return std::ranges::find(snapshot.partition_columns, name) != snapshot.partition_columns.end();
    });
    return columns;
  }
  return {};
}

Result<PackedRows> ReadSorted(ObjectStore* store, const std::string& root, const Snapshot& snapshot, const Bin& bin,
                              std::int64_t memory, std::stop_token stop,
                              const std::function<void(std::size_t files)>& read) {
  const auto names = FileColumns(snapshot);
  std::vector<Column> columns;
  PackedRows packed;
  std::int64_t bytes = 0, rows = 0;
  for (const auto& file : bin.files) {
    if (stop.stop_requested()) return Status::Cancelled("stopped");
    if (packed.files >= 2 && bytes >= memory) break;
    TRY_ASSIGN(const auto table, ReadDataFile(store, root, *file, *snapshot.schema, names));
    bytes += Collect(*table, &columns);
    rows += table->num_rows();
    read(++packed.files);
  }
  TRY_ASSIGN(const auto order, Order(&columns, SortColumns(snapshot), rows));
  arrow::FieldVector fields;
  arrow::ArrayVector sorted;
  for (Column& column : columns) {  // one after the other: each is freed before the next is copied
    fields.push_back(column.field);
    if (!column.HasValues()) {
      TRY_ASSIGN(sorted.emplace_back(), arrow::MakeArrayOfNull(column.field->type(), rows));
      continue;
    }
    TRY_ASSIGN(const auto whole, column.Join());
    TRY_ASSIGN(sorted.emplace_back(),
               arrow::compute::Take(*whole, *order, arrow::compute::TakeOptions::NoBoundsCheck()));
  }
  packed.rows = arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows, std::move(sorted));
  return packed;
}

Result<double> RowWidth(ObjectStore* store, const std::string& root, const Snapshot& snapshot, const DataFile& file) {
  TRY_ASSIGN(const auto table, ReadDataFile(store, root, file, *snapshot.schema, FileColumns(snapshot)));
  std::vector<Column> columns;
  const auto bytes = static_cast<double>(Collect(*table, &columns));
  return std::max(1.0, bytes / static_cast<double>(std::max<std::int64_t>(1, table->num_rows())));
}

}  // namespace pregao::lake
