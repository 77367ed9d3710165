#include "engine/file_rows.h"

#include <algorithm>
#include <arrow/array/array_dict.h>
#include <gtest/gtest.h>
#include <optional>
#include <random>
#include <rapidcheck/gtest.h>
#include <tuple>

#include "medallion/schema.h"
#include "medallion/silver_builder.h"

namespace pregao::engine {
namespace {

constexpr std::int64_t kDayUs = 86'400'000'000;

/// A row as the files must have it, in the order that they must have: by day or ticker first, as their partitions say.
struct Row {
  std::string ticker;
  std::int64_t time = 0, arrival = 0;
  std::optional<std::string> currency;
  std::optional<std::int64_t> volume;

  [[nodiscard]] std::int32_t day() const { return medallion::DayOf(time); }
  friend bool operator==(const Row&, const Row&) = default;
};

/// A batch of `rows`, of which those are picked that are also in the second list, which is returned with it.
std::pair<Batch, std::vector<Row>> BatchOf(const std::vector<Row>& rows, std::mt19937* random) {
  medallion::SilverBuilder builder;
  Batch batch;
  std::vector<Row> picked;
  for (const Row& row : rows) {
    medallion::SilverRow silver;
    const auto set = [&](market::Field field) -> auto& {
      silver.present |= std::uint64_t{1} << field;
      return silver.cells[field];
    };
    set(market::kTicker).text = row.ticker;
    set(market::kEventTime).integer = row.time;
    set(market::kPrice).number = 1.5;
    if (row.currency) set(market::kCurrency).text = *row.currency;
    if (row.volume) set(market::kDayVolume).integer = *row.volume;
    if ((*random)() % 8 != 0) {
      batch.picks.push_back({builder.rows(), row.day(), row.time, {}});
      picked.push_back(row);
    }
    RC_ASSERT(builder.Append(silver, 0, row.arrival).ok());
  }
  batch.silver = builder.Finish("quotes").ValueOrDie();
  return {std::move(batch), picked};
}

/// The words of a dictionary; nothing where there is none.
std::optional<std::string> Text(const arrow::Array& column, std::int64_t row) {
  const auto& words = static_cast<const arrow::DictionaryArray&>(column);
  if (words.IsNull(row)) return std::nullopt;
  return static_cast<const arrow::StringArray&>(*words.dictionary()).GetString(words.GetValueIndex(row));
}

std::vector<Row> RowsOf(const FileRows& file) {
  const arrow::RecordBatch& rows = *file.rows;
  RC_ASSERT(rows.ValidateFull().ok());
  std::vector<Row> out;
  for (std::int64_t i = 0; i < rows.num_rows(); ++i) {
    const auto partition = file.partition_values.find("ticker");
    const auto number = [&](const char* name) -> std::optional<std::int64_t> {
      const arrow::Array& column = *rows.GetColumnByName(name);
      if (column.IsNull(i)) return std::nullopt;
      return column.data()->GetValues<std::int64_t>(1)[i];  // of a number or a time
    };
    out.push_back(
        {partition == file.partition_values.end() ? *Text(*rows.GetColumnByName("ticker"), i) : *partition->second,
         *number("event_time"), *number("offset"), Text(*rows.GetColumnByName("currency"), i), number("day_volume")});
    const auto date = file.partition_values.find("date");
    if (date != file.partition_values.end()) {
      RC_ASSERT(*date->second == medallion::DateString(out.back().day()));
    } else {
      RC_ASSERT(static_cast<const arrow::Date32Array&>(*rows.GetColumnByName("date")).Value(i) == out.back().day());
    }
  }
  return out;
}

RC_GTEST_PROP(GroupForFiles, GivesEachFileItsPickedRowsByTickerTimeAndArrival, ()) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  const auto partition_by = *rc::gen::element(std::vector<std::string>{"date"}, std::vector<std::string>{"ticker"},
                                              std::vector<std::string>{"date", "ticker"}, std::vector<std::string>{});
  const auto days = 1 + random() % 3;
  std::vector<Row> rows(*rc::gen::inRange<std::size_t>(1, 500));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i] = {std::string(1, static_cast<char>('A' + random() % 5)),
               static_cast<std::int64_t>(random() % days) * kDayUs + static_cast<std::int64_t>(random() % 50),
               static_cast<std::int64_t>(i), std::nullopt, std::nullopt};
    if (random() % 3 != 0) rows[i].currency = random() % 2 == 0 ? "BRL" : "USD";
    if (random() % 3 != 0) rows[i].volume = static_cast<std::int64_t>(random());
  }
  auto [batch, want] = BatchOf(rows, &random);
  const auto by = [&](const char* name) {
    return std::find(partition_by.begin(), partition_by.end(), name) != partition_by.end();
  };
  const auto place = [&](const Row& r) { return std::tuple(by("date") ? r.day() : 0, r.ticker, r.time, r.arrival); };
  std::sort(want.begin(), want.end(), [&](const Row& a, const Row& b) { return place(a) < place(b); });

  const auto files = GroupForFiles(batch, partition_by).ValueOrDie();
  std::vector<Row> got;
  for (const FileRows& file : files) {
    RC_ASSERT(file.partition_values.size() == partition_by.size());
    const auto part = RowsOf(file);
    RC_ASSERT(!part.empty());
    got.insert(got.end(), part.begin(), part.end());
  }
  RC_ASSERT(got == want);
  for (std::size_t i = 1; i < files.size(); ++i) RC_ASSERT(files[i - 1].partition_values != files[i].partition_values);
}

}  // namespace
}  // namespace pregao::engine
