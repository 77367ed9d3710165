#include "engine/gold_bars.h"

#include <algorithm>
#include <arrow/table.h>

#include "engine/file_times.h"
#include "lake/data_file.h"
#include "medallion/bar_schema.h"

namespace pregao::engine {
namespace {

using market::Bar;

Result<std::vector<Bar>> StreamBarsOf(const lake::Table& bars, const arrow::Schema& schema,
                                      const lake::DataFile& file) {
  TRY_ASSIGN(const auto rows,
             lake::ReadDataFile(bars.store().get(), bars.root(), file, schema, medallion::BarColumns()));
  TRY_ASSIGN(auto all, medallion::BarsOf(*rows));
  std::erase_if(all, [](const Bar& bar) {
    return bar.source != market::BarSource::kStream || bar.interval != market::kMinuteInterval;
  });
  return all;
}

}  // namespace

Result<std::map<std::string, medallion::StoredBars>> LastRevisions(const lake::Table& bars,
                                                                   const lake::Snapshot& snapshot,
                                                                   const Spans& wanted) {
  std::map<std::string, medallion::StoredBars> out;
  for (const auto& file : snapshot.files) {
    const TimeRange times = TimesOf(*file, "bar_start");
    if (std::none_of(wanted.begin(), wanted.end(), [&](const auto& item) {
          return times.min < item.second.to_us && times.max >= item.second.from_us;
        })) {
      continue;
    }
    TRY_ASSIGN(auto found, StreamBarsOf(bars, *snapshot.schema, *file));
    for (Bar& bar : found) {
      const auto it = wanted.find(bar.ticker);
      if (it == wanted.end() || bar.start_us < it->second.from_us || bar.start_us >= it->second.to_us) continue;
      Bar& held = out[bar.ticker][bar.start_us];
      if (held.ticker.empty() || held.revision < bar.revision) held = std::move(bar);
    }
  }
  return out;
}

Result<bool> NewestBars::ReadDay(const lake::Snapshot& snapshot) {
  const auto date_of = [](const lake::DataFile& file) {
    const auto date = file.partition_values.find("date");
    return date == file.partition_values.end() ? std::string() : date->second.value_or("");
  };
  std::optional<std::string> day;
  for (const auto& file : snapshot.files) {
    const std::string date = date_of(*file);
    if ((!read_to_ || date < *read_to_) && (!day || *day < date)) day = date;
  }
  if (!day) return false;
  for (const auto& file : snapshot.files) {
    if (date_of(*file) != *day) continue;
    TRY_ASSIGN(const auto found, StreamBarsOf(*bars_, *snapshot.schema, *file));
    for (const Bar& bar : found) {
      const auto [it, added] = newest_.try_emplace(bar.ticker, bar.start_us);
      if (!added) it->second = std::max(it->second, bar.start_us);
    }
  }
  read_to_ = std::move(day);
  return true;
}

Result<std::optional<std::int64_t>> NewestBars::Find(const lake::Snapshot& snapshot, const std::string& ticker) {
  for (;;) {
    if (const auto it = newest_.find(ticker); it != newest_.end()) return std::optional(it->second);
    TRY_ASSIGN(const bool more, ReadDay(snapshot));
    if (!more) return std::nullopt;
  }
}

}  // namespace pregao::engine
