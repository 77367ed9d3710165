#pragma once
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <unistd.h>
#include <vector>

#include "topic/topic.h"

namespace pregao::listen {

/// Keeps what is appended. Refuses while told to.
class KeepingTopic final : public topic::TopicWriter {
 public:
  [[nodiscard]] Status Append(std::span<const topic::NewRecord> records) override {
    const std::lock_guard lock(mutex_);
    ++calls_;
    largest_ = std::max(largest_, records.size());
    if (!refusal_.ok()) return refusal_;
    records_.insert(records_.end(), records.begin(), records.end());
    return Status::OK();
  }
  [[nodiscard]] const topic::TopicInfo& info() const override { return info_; }

  void Refuse(Status with) {
    const std::lock_guard lock(mutex_);
    refusal_ = std::move(with);
  }
  [[nodiscard]] std::vector<topic::NewRecord> records() const {
    const std::lock_guard lock(mutex_);
    return records_;
  }
  [[nodiscard]] std::size_t size() const { return records().size(); }
  [[nodiscard]] int calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  [[nodiscard]] std::size_t largest() const {
    const std::lock_guard lock(mutex_);
    return largest_;
  }

 private:
  const topic::TopicInfo info_{"quotes", "generation", 1};
  mutable std::mutex mutex_;
  Status refusal_;                         // guarded by mutex_
  std::vector<topic::NewRecord> records_;  // guarded by mutex_
  int calls_ = 0;                          // guarded by mutex_
  std::size_t largest_ = 0;                // guarded by mutex_
};

/// A file of its own for each test, removed with it.
class TestFile {
 public:
  explicit TestFile(const std::string& text) {
    static std::atomic<int> count{0};
    path_ = std::filesystem::temp_directory_path() /
            ("pregao_listen_" + std::to_string(getpid()) + "_" + std::to_string(++count) + ".txt");
    Write(text);
  }
  ~TestFile() { Remove(); }
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;
  void Write(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }
  void Remove() const {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace pregao::listen
