#include "engine/silver_ticks.h"

#include <algorithm>
#include <arrow/array.h>
#include <arrow/table.h>

namespace pregao::engine {
namespace {

using medallion::Tick;

const std::vector<std::string>& TickColumns() {
  static const std::vector<std::string> names{"ticker",     "event_time", "price", "day_volume",
                                              "quote_type", "partition",  "offset"};
  return names;
}

/// One batch of TickColumns().
class Rows {
 public:
  explicit Rows(const arrow::RecordBatch& batch)
      : tickers_(Column<arrow::StringArray>(batch, 0)),
        times_(Column<arrow::TimestampArray>(batch, 1)),
        prices_(Column<arrow::DoubleArray>(batch, 2)),
        volumes_(Column<arrow::Int64Array>(batch, 3)),
        types_(Column<arrow::StringArray>(batch, 4)),
        partitions_(Column<arrow::Int32Array>(batch, 5)),
        offsets_(Column<arrow::Int64Array>(batch, 6)) {}

  [[nodiscard]] std::string_view ticker(std::int64_t i) const { return tickers_.GetView(i); }
  [[nodiscard]] Tick tick(std::int64_t i) const {
    const auto volume = volumes_.IsNull(i) ? std::nullopt : std::optional(volumes_.Value(i));
    const bool crypto = !types_.IsNull(i) && types_.GetView(i) == "CRYPTOCURRENCY";
    return medallion::MakeTick(times_.Value(i), prices_.Value(i), volume, crypto, partitions_.Value(i),
                               offsets_.Value(i));
  }

 private:
  template <class Array>
  static const Array& Column(const arrow::RecordBatch& batch, int i) {
    return static_cast<const Array&>(*batch.column(i));
  }
  const arrow::StringArray& tickers_;
  const arrow::TimestampArray& times_;
  const arrow::DoubleArray& prices_;
  const arrow::Int64Array& volumes_;
  const arrow::StringArray& types_;
  const arrow::Int32Array& partitions_;
  const arrow::Int64Array& offsets_;
};

bool Overlaps(const TimeRange& times, const Span& span) { return times.min < span.to_us && times.max >= span.from_us; }

}  // namespace

std::int64_t DayStart(std::int64_t time_us) {
  const std::int64_t past = time_us % kDayUs;
  return time_us - (past < 0 ? past + kDayUs : past);
}

Status SilverTicks::ForEach(const lake::DataFile& file, const Visit& visit) const {
  TRY_ASSIGN(const auto table,
             lake::ReadDataFile(silver_->store().get(), silver_->root(), file, *snapshot_->schema, TickColumns()));
  arrow::TableBatchReader reader(*table);
  std::shared_ptr<arrow::RecordBatch> batch;
  std::string ticker;
  for (;;) {
    TRY(reader.ReadNext(&batch));
    if (batch == nullptr) return Status::OK();
    const Rows rows(*batch);
    for (std::int64_t i = 0; i < batch->num_rows(); ++i) {
      if (rows.ticker(i) != ticker) ticker = rows.ticker(i);
      visit(ticker, rows.tick(i));
    }
  }
}

Result<std::map<std::int64_t, std::int64_t>> SilverTicks::Days() const {
  std::map<std::int64_t, std::int64_t> rows;
  for (const auto& file : snapshot_->files) {
    const TimeRange times = TimesOf(*file, "event_time");
    const auto count = lake::StatRows(*file);
    // A file of many days (a Silver that is not partitioned by date) may have rows in each of them.
    constexpr std::int64_t kMostDays = 10'000;
    if (count && times.min > 0 && times.max < std::numeric_limits<std::int64_t>::max() &&
        (times.max - times.min) / kDayUs < kMostDays) {
      // The millisecond that TimesOf adds must not make days of its own.
      const std::int64_t first = DayStart(times.min + 1000), last = DayStart(times.max - 1000);
      for (std::int64_t day = first; day <= last; day += kDayUs) rows[day] += *count;
      continue;
    }
    TRY(ForEach(*file, [&](const std::string&, const Tick& tick) { ++rows[DayStart(tick.time_us)]; }));
  }
  return rows;
}

Result<Ticks> SilverTicks::Within(const Spans& wanted) const {
  Ticks out;
  for (const auto& file : snapshot_->files) {
    const TimeRange times = TimesOf(*file, "event_time");
    if (std::none_of(wanted.begin(), wanted.end(), [&](const auto& item) { return Overlaps(times, item.second); })) {
      continue;
    }
    TRY(ForEach(*file, [&](const std::string& ticker, const Tick& tick) {
      const auto it = wanted.find(ticker);
      if (it == wanted.end() || tick.time_us < it->second.from_us || tick.time_us >= it->second.to_us) return;
      out[ticker].push_back(tick);
    }));
  }
  return out;
}

Result<Ticks> SilverTicks::Within(Span span, const std::function<bool(std::string_view)>& wants) const {
  Ticks out;
  for (const auto& file : snapshot_->files) {
    if (!Overlaps(TimesOf(*file, "event_time"), span)) continue;
    TRY(ForEach(*file, [&](const std::string& ticker, const Tick& tick) {
      if (tick.time_us < span.from_us || tick.time_us >= span.to_us || !wants(ticker)) return;
      out[ticker].push_back(tick);
    }));
  }
  return out;
}

Result<std::map<std::string, Tick>> SilverTicks::LastVolumes(
    const std::map<std::string, std::int64_t>& before_us) const {
  std::map<std::string, Tick> found;
  if (before_us.empty()) return found;
  std::int64_t newest = before_us.begin()->second, oldest = newest;
  for (const auto& [ticker, before] : before_us) {
    newest = std::max(newest, before);
    oldest = std::min(oldest, before);
  }
  oldest -= medallion::kVolumeMemoryUs;
  std::vector<std::pair<TimeRange, const lake::DataFile*>> files;
  for (const auto& file : snapshot_->files) {
    const TimeRange times = TimesOf(*file, "event_time");
    if (Overlaps(times, {oldest, newest})) files.emplace_back(times, file.get());
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.first.max > b.first.max; });
  for (const auto& [in_file, file] : files) {
    const TimeRange times = in_file;  // Clang 14 captures no binding
    // Nothing in this file, or in one behind it, is newer than what every ticker has.
    if (found.size() == before_us.size() &&
        std::all_of(found.begin(), found.end(), [&](const auto& item) { return item.second.time_us > times.max; })) {
      break;
    }
    TRY(ForEach(*file, [&](const std::string& ticker, const Tick& tick) {
      const auto it = before_us.find(ticker);
      if (it == before_us.end() || !tick.has_volume() || tick.time_us >= it->second ||
          tick.time_us < it->second - medallion::kVolumeMemoryUs) {
        return;
      }
      const auto [best, added] = found.try_emplace(ticker, tick);
      if (!added && best->second < tick) best->second = tick;
    }));
  }
  return found;
}

}  // namespace pregao::engine
