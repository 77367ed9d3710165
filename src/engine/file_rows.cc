#include "engine/file_rows.h"

#include <algorithm>
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <tuple>
#include <unordered_map>

#include "medallion/schema.h"

namespace pregao::engine {
namespace {

/// For each pick, its ticker's place in the order of names.
std::vector<std::uint32_t> TickerRanks(const Batch& batch, const arrow::StringArray& tickers) {
  std::unordered_map<std::uint32_t, std::string_view> names;
  for (const Pick& pick : batch.picks) names.try_emplace(pick.ticker, tickers.GetView(pick.row));
  std::vector<std::pair<std::string_view, std::uint32_t>> sorted;
  for (const auto& [id, name] : names) sorted.emplace_back(name, id);
  std::sort(sorted.begin(), sorted.end());
  std::unordered_map<std::uint32_t, std::uint32_t> rank;
  for (std::uint32_t i = 0; i < sorted.size(); ++i) rank[sorted[i].second] = i;
  std::vector<std::uint32_t> ranks;
  ranks.reserve(batch.picks.size());
  for (const Pick& pick : batch.picks) ranks.push_back(rank[pick.ticker]);
  return ranks;
}

/// The batch with its column `date`, which stands in the files where the table is not partitioned by it.
Result<std::shared_ptr<arrow::RecordBatch>> WithDate(const Batch& batch) {
  std::vector<std::int32_t> days(static_cast<std::size_t>(batch.silver->num_rows()));
  for (const Pick& pick : batch.picks) days[static_cast<std::size_t>(pick.row)] = pick.day;
  arrow::Date32Builder builder;
  TRY(builder.AppendValues(days));
  TRY_ASSIGN(auto column, builder.Finish());
  const auto& field = medallion::SilverSchema()->field(medallion::kDate);
  return batch.silver->AddColumn(batch.silver->num_columns(), field, column);
}

bool AllInOrder(const std::vector<std::int64_t>& indices, std::int64_t rows) {
  if (static_cast<std::int64_t>(indices.size()) != rows) return false;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] != static_cast<std::int64_t>(i)) return false;
  }
  return true;
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> TakeRows(const arrow::RecordBatch& batch,
                                                     const std::vector<std::int64_t>& indices) {
  if (AllInOrder(indices, batch.num_rows())) return batch.Slice(0);
  const auto size = static_cast<std::int64_t>(indices.size());
  const arrow::Int64Array array(size, arrow::Buffer::Wrap(indices));
  arrow::ArrayVector columns;
  for (int i = 0; i < batch.num_columns(); ++i) {
    if (batch.column(i)->null_count() == batch.num_rows()) {
      columns.push_back(batch.column(i)->Slice(0, size));
      continue;
    }
    TRY_ASSIGN(auto taken, arrow::compute::Take(*batch.column(i), array, arrow::compute::TakeOptions::NoBoundsCheck()));
    columns.push_back(std::move(taken));
  }
  return arrow::RecordBatch::Make(batch.schema(), size, std::move(columns));
}

Result<std::vector<FileRows>> GroupForFiles(const Batch& batch, const std::vector<std::string>& partition_columns) {
  const auto has = [&](std::string_view name) {
    return std::find(partition_columns.begin(), partition_columns.end(), name) != partition_columns.end();
  };
  const bool by_date = has("date"), by_ticker = has("ticker");
  const auto& tickers = static_cast<const arrow::StringArray&>(*batch.silver->column(market::kTicker));
  const auto ranks = TickerRanks(batch, tickers);

  using Key = std::tuple<std::int32_t, std::uint32_t, std::int64_t, std::int64_t>;  // day, ticker, time, row
  std::vector<Key> order;
  order.reserve(batch.picks.size());
  for (std::size_t i = 0; i < batch.picks.size(); ++i) {
    const Pick& pick = batch.picks[i];
    order.emplace_back(by_date ? pick.day : 0, ranks[i], pick.event_time_us, pick.row);
  }
  std::sort(order.begin(), order.end());

  auto rows = batch.silver;
  if (!by_date) {
    TRY_ASSIGN(rows, WithDate(batch));
  }
  if (by_ticker) {
    TRY_ASSIGN(rows, rows->RemoveColumn(market::kTicker));
  }
  std::vector<FileRows> groups;
  for (std::size_t begin = 0, end; begin < order.size(); begin = end) {
    const auto part = [&](const Key& key) { return std::pair(std::get<0>(key), by_ticker ? std::get<1>(key) : 0); };
    std::vector<std::int64_t> indices;
    for (end = begin; end < order.size() && part(order[end]) == part(order[begin]); ++end) {
      indices.push_back(std::get<3>(order[end]));
    }
    FileRows group;
    if (by_date) group.partition_values["date"] = medallion::DateString(std::get<0>(order[begin]));
    if (by_ticker) group.partition_values["ticker"] = tickers.GetString(indices.front());
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
