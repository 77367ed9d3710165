#include "engine/lake_lookup.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <unordered_set>

#include "engine/file_times.h"

namespace pregao::engine {
namespace {

using medallion::KeyedRow;

bool MayHold(const lake::DataFile& file, const std::vector<KeyedRow>& wanted) {
  const TimeRange times = TimesOf(file, "event_time");
  const auto tickers = lake::StatBounds(file, "ticker");
  return std::any_of(wanted.begin(), wanted.end(), [&](const KeyedRow& row) {
    return times.min <= row.event_time_us && row.event_time_us <= times.max &&
           (!tickers || (tickers->min <= row.ticker && row.ticker <= tickers->max));
  });
}

}  // namespace

Result<std::vector<KeyedRow>> KeysOf(const lake::Table& silver, const lake::Snapshot& snapshot,
                                     const lake::DataFile& file) {
  TRY_ASSIGN(const auto rows, lake::ReadDataFile(silver.store().get(), silver.root(), file, *snapshot.schema,
                                                 medallion::IdentityColumns()));
  return medallion::HashRows(*rows);
}

Result<std::unique_ptr<medallion::DedupeMemory>> Remember(const lake::Table& silver, const lake::Snapshot& snapshot,
                                                          std::size_t dedupe_keys, std::int64_t remember_rows) {
  struct Candidate {
    std::int64_t newest;
    const lake::DataFile* file;
  };
  std::vector<Candidate> files;
  for (const auto& file : snapshot.files) files.push_back({TimesOf(*file, "event_time").max, file.get()});
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.newest > b.newest; });

  std::vector<KeyedRow> rows;
  std::size_t read = 0;
  for (; read < files.size() && static_cast<std::int64_t>(rows.size()) < remember_rows; ++read) {
    TRY_ASSIGN(auto more, KeysOf(silver, snapshot, *files[read].file));
    rows.insert(rows.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  constexpr auto kAll = std::numeric_limits<std::int64_t>::min();
  constexpr auto kNone = std::numeric_limits<std::int64_t>::max();
  std::int64_t covered_from = kAll;
  if (read < files.size()) covered_from = files[read].newest == kNone ? kNone : files[read].newest + 1;
  auto memory = std::make_unique<medallion::DedupeMemory>(dedupe_keys, covered_from);
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.event_time_us < b.event_time_us; });
  for (const KeyedRow& row : rows) memory->Insert(&memory->Ticker(row.ticker), row.event_time_us, row.key, 0);
  return memory;
}

Result<std::vector<KeyedRow>> LakeLookup::Find(const std::vector<KeyedRow>& wanted) {
  TRY_ASSIGN(const auto snapshot, silver_->Refresh());
  std::set<std::pair<std::string, std::int64_t>> instants;
  for (const KeyedRow& row : wanted) instants.emplace(row.ticker, row.event_time_us);
  std::vector<KeyedRow> found;
  for (const auto& file : snapshot->files) {
    if (!MayHold(*file, wanted)) continue;
    TRY_ASSIGN(auto rows, KeysOf(*silver_, *snapshot, *file));
    for (KeyedRow& row : rows) {
      if (instants.contains({row.ticker, row.event_time_us})) found.push_back(std::move(row));
    }
  }
  return found;
}

}  // namespace pregao::engine
