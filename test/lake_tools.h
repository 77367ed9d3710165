#pragma once
/// Folders, rows and tables for tests of the lake.
#include <arrow/api.h>
#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "lake/data_file.h"
#include "lake/table.h"

#ifndef ASSERT_OK
#define ASSERT_OK(expr)                                                                       \
  do {                                                                                        \
    const ::pregao::Status pregao_test_status_ = (expr);                                      \
    ASSERT_TRUE(pregao_test_status_.ok()) << #expr << ": " << pregao_test_status_.ToString(); \
  } while (false)
#endif

namespace pregao::lake::test {

/// An empty folder that goes with its object.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_((std::filesystem::temp_directory_path() / "pregao-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp " + path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::shared_ptr<arrow::Schema> QuoteSchema() {
  return arrow::schema({arrow::field("ticker", arrow::utf8(), false),
                        arrow::field("event_time", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), false),
                        arrow::field("price", arrow::float64()), arrow::field("day_volume", arrow::int64()),
                        arrow::field("date", arrow::date32(), false)});
}

inline TableSpec QuoteSpec() {
  return {QuoteSchema(), {"date"}, {{"pregao.schema", "1"}, {"pregao.owner", "embedded"}}};
}

/// Rows of QuoteSchema without its partition column: `count` ticks of `ticker`, one a second from `first_second`.
inline std::shared_ptr<arrow::RecordBatch> Quotes(const std::string& ticker, int count, std::int64_t first_second = 0) {
  arrow::StringBuilder tickers;
  arrow::TimestampBuilder times(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), arrow::default_memory_pool());
  arrow::DoubleBuilder prices;
  arrow::Int64Builder volumes;
  for (int i = 0; i < count; ++i) {
    EXPECT_TRUE(tickers.Append(ticker).ok());
    EXPECT_TRUE(times.Append((first_second + i) * 1'000'000).ok());
    EXPECT_TRUE(prices.Append(10.5 + i).ok());
    EXPECT_TRUE((i % 2 == 0 ? volumes.Append(i) : volumes.AppendNull()).ok());
  }
  const auto schema = QuoteSchema()->RemoveField(4).ValueOrDie();
  return arrow::RecordBatch::Make(schema, count,
                                  {tickers.Finish().ValueOrDie(), times.Finish().ValueOrDie(),
                                   prices.Finish().ValueOrDie(), volumes.Finish().ValueOrDie()});
}

/// After every test's clock, so that a file was neither written too long ago for a commit nor removed soon after.
inline constexpr TimestampMs kLater{4'000'000'000'000};

/// An `add` that names no real file: for tests of the log alone.
inline DataFile FakeFile(const std::string& name) {
  return {"date=2026-11-22/" + name + ".parquet", {{"date", "2026-11-22"}}, 100, kLater, R"({"numRecords":1})"};
}

inline std::vector<std::string> FileNames(const Snapshot& snapshot) {
  std::vector<std::string> names;
  for (const auto& file : snapshot.files) names.push_back(std::filesystem::path(file->path).stem().string());
  return names;
}

/// A transaction that adds `name` and moves the position of "app" from `from` to `to`.
inline Transaction Append(const std::string& name, std::optional<std::int64_t> from, std::int64_t to) {
  Transaction txn;
  txn.adds = {FakeFile(name)};
  txn.positions = {{"app", from, to}};
  return txn;
}

/// Attempts follow each other at once.
inline TableOptions Impatient(int max_attempts = 5) {
  TableOptions options;
  options.max_attempts = max_attempts;
  options.retry_backoff = std::chrono::milliseconds(0);
  return options;
}

}  // namespace pregao::lake::test
