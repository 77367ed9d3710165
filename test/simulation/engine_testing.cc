#include "test/engine_testing.h"

#include <arrow/array.h>
#include <arrow/table.h>
#include <fmt/format.h>
#include <map>
#include <set>

#include "medallion/judge.h"
#include "medallion/schema.h"

namespace pregao::engine {
namespace {

const SystemClock kClock;

/// Every record of the topic, by a reader in a group of its own.
std::vector<topic::RecordBatch> Everything(topic::MemoryTopic* topic) {
  const auto reader = topic->NewReader("oracle");
  std::vector<topic::RecordBatch> out;
  for (;;) {
    auto polled = reader->Poll(10'000, std::chrono::milliseconds(0)).ValueOrDie();
    if (polled.assigned) {
      topic::Positions seek;
      const auto ranges = reader->Ranges().ValueOrDie();
      for (const Partition p : *polled.assigned) seek[p] = ranges.at(p).low;
      if (!reader->Seek(seek).ok()) std::abort();
    } else if (polled.records.empty()) {
      return out;
    } else {
      out.push_back(std::move(polled.records));
    }
  }
}

using Place = std::pair<std::int32_t, std::int64_t>;

std::string Name(const Place& place) { return fmt::format("{}:{}", place.first, place.second); }

class Problems {
 public:
  explicit Problems(std::vector<std::string>* out) : out_(out) {}
  void Add(std::string problem) {
    if (out_->size() < 20) out_->push_back(std::move(problem));
  }
  /// Takes rows whose places must be all different.
  std::map<Place, const StoredRow*> Index(const std::vector<StoredRow>& rows, const std::string& table) {
    std::map<Place, const StoredRow*> index;
    for (const StoredRow& row : rows) {
      if (!index.emplace(Place(row.partition, row.offset), &row).second) {
        Add(table + " has " + Name({row.partition, row.offset}) + " twice");
      }
    }
    return index;
  }

 private:
  std::vector<std::string>* out_;
};

}  // namespace

topic::NewRecord Message(const std::string& ticker, std::int64_t time_ms, double price, const std::string& more) {
  return {ticker,
          fmt::format(R"({{"ticker":"{}","price":{},"time":{},"received_at":{}{}}})", ticker, price, time_ms,
                      kT0 + 400LL * 86'400'000, more),
          TimestampMs(kT0),
          {}};
}

std::vector<StoredRow> RowsOf(std::shared_ptr<lake::ObjectStore> store, const char* root) {
  const auto table = lake::Table::Open(store, root, &kClock);
  if (!table.ok()) return {};
  const auto snapshot = (*table)->snapshot();
  const bool silver = root == std::string(kSilverRoot);
  const bool quarantine = root == std::string(kQuarantineRoot);
  std::vector<StoredRow> out;
  for (const auto& file : snapshot->files) {
    std::vector<std::string> columns = {"partition", "offset"};
    if (quarantine) columns.push_back("reason");
    const auto read = [&](const std::vector<std::string>& names) {
      return lake::ReadDataFile(store.get(), root, *file, *snapshot->schema, names)
          .ValueOrDie()
          ->CombineChunks()
          .ValueOrDie();
    };
    const auto rows = read(columns);
    std::vector<medallion::KeyedRow> keys;
    if (silver) keys = medallion::HashRows(*read(medallion::IdentityColumns())).ValueOrDie();
    for (std::int64_t i = 0; i < rows->num_rows(); ++i) {
      StoredRow row;
      row.partition = static_cast<const arrow::Int32Array&>(*rows->column(0)->chunk(0)).Value(i);
      row.offset = static_cast<const arrow::Int64Array&>(*rows->column(1)->chunk(0)).Value(i);
      if (quarantine) row.reason = static_cast<const arrow::StringArray&>(*rows->column(2)->chunk(0)).GetString(i);
      if (silver) row.key = keys[static_cast<std::size_t>(i)].key;
      out.push_back(std::move(row));
    }
  }
  return out;
}

std::vector<std::string> Wrong(topic::MemoryTopic* topic, std::shared_ptr<lake::ObjectStore> store) {
  std::vector<std::string> out;
  Problems problems(&out);
  const auto bronze_rows = RowsOf(store, kBronzeRoot);
  const auto silver_rows = RowsOf(store, kSilverRoot);
  const auto quarantine_rows = RowsOf(store, kQuarantineRoot);
  auto bronze = problems.Index(bronze_rows, "bronze");
  auto silver = problems.Index(silver_rows, "silver");
  auto quarantine = problems.Index(quarantine_rows, "quarantine");
  std::map<medallion::RowKey, int> rows_of;  // of each quote that the topic has, how many rows Silver has

  medallion::Judge judge;
  medallion::SilverRow row;
  medallion::RowHasher hasher;
  for (const auto& records : Everything(topic)) {
    for (std::size_t i = 0; i < records.size(); ++i) {
      const auto& r = records[i];
      const Place place(r.partition.value, r.offset.value);
      if (bronze.erase(place) == 0) problems.Add("bronze lacks " + Name(place));
      const auto rejection =
          judge.Decide({r.partition.value, r.offset.value, r.timestamp.value, records.Key(i), records.Value(i)}, &row);
      if (rejection) {
        const auto it = quarantine.find(place);
        if (it == quarantine.end()) {
          problems.Add("quarantine lacks " + Name(place));
        } else {
          if (it->second->reason != medallion::RejectName(rejection->reason))
            problems.Add("wrong reason at " + Name(place));
          quarantine.erase(it);
        }
        continue;
      }
      const auto key = KeyOf(row, &hasher);
      int& rows = rows_of[key];
      if (const auto it = silver.find(place); it != silver.end()) {
        ++rows;
        if (it->second->key != key) problems.Add("silver has another quote at " + Name(place));
        silver.erase(it);
      }
    }
  }
  for (const auto& [key, rows] : rows_of) {
    if (rows != 1) problems.Add(fmt::format("a quote has {} rows in silver", rows));
  }
  for (const auto* rest : {&bronze, &silver, &quarantine}) {
    for (const auto& [place, stored] : *rest) problems.Add("a row that no record explains: " + Name(place));
  }
  return out;
}

std::unique_ptr<LakeSink> NewSink(std::shared_ptr<lake::ObjectStore> store, const Clock* clock,
                                  LakeSinkOptions options) {
  options.table.retry_backoff = std::chrono::milliseconds(1);
  options.table.max_attempts = std::min(options.table.max_attempts, 5);
  return std::make_unique<LakeSink>(std::move(store), clock, std::move(options));
}

}  // namespace pregao::engine
