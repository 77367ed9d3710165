/// A table with one commit a second and its upkeep, by a clock that runs as fast as the work allows:
///   upkeep_bench [days=3] [retention in days=7] [chart.svg]
/// Prints a table, one row a day: how much is live, how much lies in the store, and how long opening takes. Lastly the
/// log goes to a local disk and is opened there.
#include <algorithm>
#include <arrow/api.h>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iostream>
#include <random>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "lake/local_store.h"
#include "lake/log_path.h"
#include "lake/memory_store.h"
#include "lake/upkeep.h"

namespace pregao::lake {
namespace {

constexpr std::int64_t kStart = 1'793'491'200'000;  // 2026-11-01T00:00:00Z
constexpr int kDay = 86'400;
constexpr const char* kRoot = "silver/quotes";

struct Sample {
  int day;
  std::size_t live, objects, log;
  std::int64_t checkpoint;  // bytes
  double open_ms, commit_us, upkeep_share;
};

double Milliseconds(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - since).count();
}

std::string Date(TimestampMs now) {
  using namespace std::chrono;
  const year_month_day day{floor<days>(sys_time<milliseconds>(milliseconds(now.value)))};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

/// Small files as an engine writes them, to be put under many names.
struct Stock {
  struct Item {
    std::string bytes;
    DataFile file;
  };
  std::vector<Item> items;

  Status Fill(const arrow::Schema& schema, const Clock& clock) {
    MemoryStore scratch;
    std::mt19937_64 engine(1);
    std::normal_distribution<double> price(100, 30);  // digits that do not compress, as prices have not
    for (int i = 0; i < 20'011; ++i) {
      arrow::StringBuilder tickers;
      arrow::TimestampBuilder times(schema.field(1)->type(), arrow::default_memory_pool());
      arrow::DoubleBuilder prices;
      for (int row = 0; row < 2; ++row) {
        TRY(tickers.Append(std::string(1, static_cast<char>('A' + (i + row) % 26))));
        TRY(times.Append((kStart + i * 1'001) * 1000));
        TRY(prices.Append(price(engine)));
      }
      TRY_ASSIGN(auto a, tickers.Finish());
      TRY_ASSIGN(auto b, times.Finish());
      TRY_ASSIGN(auto c, prices.Finish());
      const auto rows = arrow::RecordBatch::Make(arrow::schema({schema.field(0), schema.field(1), schema.field(2)}), 2,
                                                 {std::move(a), std::move(b), std::move(c)});
      Item& item = items.emplace_back();
      TRY_ASSIGN(item.file, WriteDataFile(&scratch, "", clock, *rows, {{"date", "2026-11-01"}}));
      TRY_ASSIGN(item.bytes, scratch.Get(item.file.path));
    }
    return Status::OK();
  }
};

class Month {
 public:
  Month(int days, int retention_days) : days_(days) {
    options_.retention = std::chrono::days(retention_days);
    options_.table.log_retention = std::chrono::hours(24 * retention_days);
    options_.table.clean_log = false;
    options_.table.retry_backoff = std::chrono::milliseconds(0);  // this clock does not wait
  }

  Status Run() {
    const auto schema =
        arrow::schema({arrow::field("ticker", arrow::utf8(), false),
                       arrow::field("event_time", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), false),
                       arrow::field("price", arrow::float64()), arrow::field("date", arrow::date32(), false)});
    TRY(stock_.Fill(*schema, clock_));
    const TableSpec spec{schema, {"date"}, {{"pregao.schema", "1"}, {"pregao.owner", "embedded"}}};
    TRY_ASSIGN(table_, Table::OpenOrCreate(store_, kRoot, spec, &clock_, options_.table));
    Upkeep upkeep(store_, {kRoot}, &clock_, options_);
    std::cout << "| day | live files | objects | log files | checkpoint | opening | a commit | upkeep's share |\n"
              << "|---:|---:|---:|---:|---:|---:|---:|---:|" << std::endl;
    for (int day = 1; day <= days_; ++day) TRY(RunDay(day, &upkeep));
    return Status::OK();
  }

  /// Writes the log as it is to a local folder and opens it there.
  Status OpenOnDisk(const std::string& folder) {
    std::filesystem::create_directories(folder + "/" + LogFolder(kRoot));
    TRY_ASSIGN(const auto infos, store_->List(LogFolder(kRoot)));
    for (const auto& info : infos) {
      TRY_ASSIGN(const auto bytes, store_->Get(info.path));
      std::ofstream(folder + "/" + info.path, std::ios::binary) << bytes;
    }
    TRY_ASSIGN(const auto disk, LocalStore::Open(folder));
    TRY_ASSIGN(const double best, OpenMilliseconds(disk));
    fmt::print("\nopened on a local disk with {} files in the log: {:.0f} ms\n", infos.size(), best);
    return Status::OK();
  }

  void WriteChart(const std::string& path) const;

 private:
  /// The median of five.
  Result<double> OpenMilliseconds(const std::shared_ptr<ObjectStore>& store) const {
    std::vector<double> took;
    for (int i = 0; i < 5; ++i) {
      const auto start = std::chrono::steady_clock::now();
      TRY(Table::Open(store, kRoot, &clock_).status());
      took.push_back(Milliseconds(start));
    }
    std::ranges::sort(took);
    return took[2];
  }

  Status RunDay(int day, Upkeep* upkeep) {
    double committing = 0, keeping = 0;
    for (int second = 0; second < kDay; ++second) {
      auto start = std::chrono::steady_clock::now();
      TRY(CommitOne());
      committing += Milliseconds(start);
      clock_.Advance(std::chrono::seconds(1));
      if (second % 15 != 0) continue;
      start = std::chrono::steady_clock::now();
      upkeep->Look({});
      keeping += Milliseconds(start);
    }
    TRY_ASSIGN(const auto log, store_->List(LogFolder(kRoot)));
    TRY_ASSIGN(const auto data, store_->List(std::string(kRoot) + "/date="));
    TRY_ASSIGN(const double open, OpenMilliseconds(store_));
    Sample sample{day,
                  table_->snapshot()->files.size(),
                  data.size(),
                  log.size(),
                  0,
                  open,
                  committing * 1000 / kDay,
                  keeping / (1000.0 * kDay)};
    for (const auto& info : log) {
      if (info.path.ends_with(".checkpoint.parquet")) sample.checkpoint = info.size;
    }
    samples_.push_back(sample);
    std::cout << fmt::format("| {} | {} | {} | {} | {} KiB | {:.1f} ms | {:.0f} µs | {:.2f} % |", day, sample.live,
                             sample.objects, sample.log, sample.checkpoint / 1024, sample.open_ms, sample.commit_us,
                             sample.upkeep_share * 100)
              << std::endl;
    return Status::OK();
  }

  Status CommitOne() {
    const Stock::Item& item = stock_.items[static_cast<std::size_t>(commits_) % stock_.items.size()];
    Transaction txn;
    DataFile& file = txn.adds.emplace_back(item.file);
    const std::string date = Date(clock_.Now());
    file.path = fmt::format("date={}/part-{:012}.parquet", date, commits_);
    file.partition_values = {{"date", date}};
    file.modified = clock_.Now();
    TRY(store_->Put(std::string(kRoot) + "/" + file.path, item.bytes));
    txn.positions = {{"pregao:quotes:g:0", commits_ == 0 ? std::nullopt : std::optional(commits_), commits_ + 1}};
    ++commits_;
    return table_->Commit(table_->snapshot(), std::move(txn)).status();
  }

  const int days_;
  UpkeepOptions options_;
  ManualClock clock_{TimestampMs(kStart)};
  std::shared_ptr<MemoryStore> store_ = std::make_shared<MemoryStore>(&clock_);
  std::shared_ptr<Table> table_;
  Stock stock_;
  std::int64_t commits_ = 0;
  std::vector<Sample> samples_;
};

/// Opening time and live files by day.
void Month::WriteChart(const std::string& path) const {
  constexpr double kWidth = 560, kHeight = 200, kLeft = 50, kTop = 20;
  std::string out = fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" font-family="sans-serif" font-size="12">)"
      "\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
      kWidth + 120, kHeight + 70);
  const auto line = [&](const char* colour, const std::string& name, double top, auto value, int row) {
    std::string points;
    for (const Sample& s : samples_) {
      points += fmt::format("{:.1f},{:.1f} ", kLeft + kWidth * s.day / days_, kTop + kHeight * (1 - value(s) / top));
    }
    out += fmt::format("<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"2\" points=\"{}\"/>\n", colour, points);
    out +=
        fmt::format("<text x=\"{}\" y=\"{}\" fill=\"{}\">{}</text>\n", kLeft + 8, kTop + 16 + 16 * row, colour, name);
  };
  out += fmt::format("<path d=\"M{0},{1} V{2} H{3}\" fill=\"none\" stroke=\"#444\"/>\n", kLeft, kTop, kTop + kHeight,
                     kLeft + kWidth);
  for (const int day : {1, 10, 20, 30}) {
    if (day > days_) continue;
    out += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", kLeft + kWidth * day / days_,
                       kTop + kHeight + 18, day);
  }
  out += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">days of one commit a second</text>\n",
                     kLeft + kWidth / 2, kTop + kHeight + 38);
  line(
      "#0072b2", "opening the table (top of the axis: 200 ms)", 200, [](const Sample& s) { return s.open_ms; }, 0);
  line(
      "#d55e00", "live files (top of the axis: 1,000)", 1000,
      [](const Sample& s) { return static_cast<double>(s.live); }, 1);
  line(
      "#009e73", "objects in the store, those within the retention included (top: 1,000,000)", 1e6,
      [](const Sample& s) { return static_cast<double>(s.objects); }, 2);
  std::ofstream(path) << out << "</svg>\n";
}

Status Run(int argc, char** argv) {
  spdlog::set_level(spdlog::level::warn);
  Month month(argc > 1 ? static_cast<int>(std::strtol(argv[1], nullptr, 10)) : 3,
              argc > 2 ? static_cast<int>(std::strtol(argv[2], nullptr, 10)) : 7);
  TRY(month.Run());
  if (argc > 3) month.WriteChart(argv[3]);
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("pregao-upkeep-bench-{}", getpid());
  TRY(month.OpenOnDisk(folder.string()));
  std::filesystem::remove_all(folder);
  return Status::OK();
}

}  // namespace
}  // namespace pregao::lake

int main(int argc, char** argv) {
  const pregao::Status status = pregao::lake::Run(argc, argv);
  if (!status.ok()) std::cerr << status.ToString() << "\n";
  return status.ok() ? 0 : 1;
}
