/// write_table FOLDER: writes a table of 260 commits with checkpoints, log clean-up, an optimize, two partition columns
/// with odd values, nulls and times between milliseconds, and prints what it wrote as JSON. For
/// test_foreign_readers.py.
#include <arrow/api.h>
#include <iostream>

#include "base/json_writer.h"
#include "lake/data_file.h"
#include "lake/table.h"

namespace pregao::lake {
namespace {

constexpr int kCommits = 260, kRowsPerCommit = 20;
constexpr std::int64_t kFirst = 1'795'367'120'123'456;  // 2026-11-22T17:05:20.123456Z
const std::vector<std::string> kTickers{"PETR4.SA", "BRK/B", "A B%C", "AÇÚCAR€", "'q\"=+&?#:", "%41"};
const std::vector<std::string> kDates{"2026-11-22", "2026-11-23"};

/// What a reader should find.
struct Expected {
  std::int64_t rows = 0, null_volumes = 0, volume_sum = 0, last_time = 0;
  double price_sum = 0;
  std::map<std::string, std::int64_t> rows_by_ticker, rows_by_date;
};

std::shared_ptr<arrow::Schema> MakeSchema() {
  using arrow::field;
  return arrow::schema({field("event_time", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), false),
                        field("price", arrow::float64()), field("volume", arrow::int64()), field("note", arrow::utf8()),
                        field("small", arrow::int32()), field("flag", arrow::boolean()), field("raw", arrow::binary()),
                        field("never", arrow::utf8()), field("ticker", arrow::utf8(), false),
                        field("date", arrow::date32(), false)});
}

struct Builders {
  arrow::TimestampBuilder time{arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), arrow::default_memory_pool()};
  arrow::DoubleBuilder price;
  arrow::Int64Builder volume;
  arrow::StringBuilder note;
  arrow::Int32Builder small;
  arrow::BooleanBuilder flag;
  arrow::BinaryBuilder raw;
  arrow::StringBuilder never;

  Status AppendRow(int n, Expected* expected) {
    const std::int64_t micros = kFirst + std::int64_t{n} * 1'000'777;
    TRY(time.Append(micros));
    TRY(price.Append(n * 0.25));
    TRY(n % 3 == 0 ? volume.AppendNull() : volume.Append(n));
    TRY(note.Append(std::string(40, n % 2 == 0 ? '~' : 'x') + "çã" + std::to_string(n)));
    TRY(small.Append(-n));
    TRY(flag.Append(n % 2 == 0));
    TRY(raw.Append(std::string("\xff\x00", 2)));
    TRY(never.AppendNull());
    expected->last_time = std::max(expected->last_time, micros);
    expected->price_sum += n * 0.25;
    expected->null_volumes += n % 3 == 0 ? 1 : 0;
    expected->volume_sum += n % 3 == 0 ? 0 : n;
    return Status::OK();
  }
  Result<std::shared_ptr<arrow::RecordBatch>> Finish() {
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (arrow::ArrayBuilder* builder :
         std::initializer_list<arrow::ArrayBuilder*>{&time, &price, &volume, &note, &small, &flag, &raw, &never}) {
      TRY_ASSIGN(columns.emplace_back(), builder->Finish());
    }
    auto schema = MakeSchema();
    for (const char* column : {"date", "ticker"}) {
      TRY_ASSIGN(schema, schema->RemoveField(schema->GetFieldIndex(column)));
    }
    return arrow::RecordBatch::Make(schema, columns[0]->length(), columns);
  }
};

Status CommitOne(Table* table, const Clock& clock, int commit, Expected* expected) {
  Builders builders;
  for (int row = 0; row < kRowsPerCommit; ++row) TRY(builders.AppendRow(commit * kRowsPerCommit + row, expected));
  TRY_ASSIGN(const auto rows, builders.Finish());
  const std::string& ticker = kTickers[static_cast<std::size_t>(commit) % kTickers.size()];
  const std::string& date = kDates[commit < kCommits / 2 ? 0 : 1];
  Transaction txn;
  TRY_ASSIGN(txn.adds.emplace_back(),
             WriteDataFile(table->store().get(), table->root(), clock, *rows, {{"date", date}, {"ticker", ticker}}));
  txn.positions = {
      {"pregao:quotes:generation:0", commit == 0 ? std::nullopt : std::optional<std::int64_t>(commit), commit + 1}};
  TRY_ASSIGN(const auto result, table->Commit(table->snapshot(), std::move(txn)));
  if (result.outcome != CommitOutcome::kCommitted) return Status::UnknownError("fenced");
  expected->rows += rows->num_rows();
  expected->rows_by_ticker[ticker] += rows->num_rows();
  expected->rows_by_date[date] += rows->num_rows();
  return Status::OK();
}

/// Rewrites the first file of the table and removes the old one.
Status OptimizeOne(Table* table, const Clock& clock) {
  const auto snapshot = table->snapshot();
  const DataFile old = *snapshot->files.front();
  std::vector<std::string> columns = snapshot->schema->field_names();
  std::erase_if(columns, [&](const std::string& column) { return old.partition_values.contains(column); });
  TRY_ASSIGN(const auto read, ReadDataFile(table->store().get(), table->root(), old, *snapshot->schema, columns));
  TRY_ASSIGN(const auto rows, read->CombineChunksToBatch());
  Transaction txn;
  txn.operation = "OPTIMIZE";
  txn.data_change = false;
  txn.removes = {old};
  TRY_ASSIGN(txn.adds.emplace_back(),
             WriteDataFile(table->store().get(), table->root(), clock, *rows, old.partition_values, {"snappy"}));
  return table->Commit(snapshot, std::move(txn)).status();
}

std::string ToJson(const Expected& expected) {
  JsonWriter json;
  json.BeginObject();
  const auto number = [&](const char* key, std::int64_t value) {
    json.Key(key);
    json.Int(value);
  };
  number("rows", expected.rows);
  number("null_volumes", expected.null_volumes);
  number("volume_sum", expected.volume_sum);
  number("first_time", kFirst);
  number("last_time", expected.last_time);
  json.Key("price_sum");
  json.Double(expected.price_sum);
  for (const auto& [key, counts] :
       {std::pair("rows_by_ticker", &expected.rows_by_ticker), std::pair("rows_by_date", &expected.rows_by_date)}) {
    json.Key(key);
    json.BeginObject();
    for (const auto& [name, count] : *counts) number(name.c_str(), count);
    json.EndObject();
  }
  json.EndObject();
  return json.Take();
}

Status Run(const std::string& folder) {
  TRY_ASSIGN(const auto store, OpenStore(folder));
  const SystemClock clock;
  TableOptions options;
  options.log_retention = std::chrono::hours(0);  // so that clean-up has work
  const TableSpec spec{MakeSchema(), {"date", "ticker"}, {{"pregao.schema", "1"}}};
  TRY_ASSIGN(const auto table, Table::OpenOrCreate(store, "quotes", spec, &clock, options));
  Expected expected;
  for (int commit = 0; commit < kCommits; ++commit) {
    TRY(CommitOne(table.get(), clock, commit, &expected));
    if (commit == kCommits / 3) TRY(OptimizeOne(table.get(), clock));
  }
  std::cout << ToJson(expected) << std::endl;
  return Status::OK();
}

}  // namespace
}  // namespace pregao::lake

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: write_table FOLDER\n";
    return 2;
  }
  const pregao::Status status = pregao::lake::Run(argv[1]);
  if (!status.ok()) std::cerr << status.ToString() << "\n";
  return status.ok() ? 0 : 1;
}
