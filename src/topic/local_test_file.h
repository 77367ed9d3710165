#pragma once
/// A folder for one test's topic file. For tests of this folder alone.
#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

#include "topic/local_topic.h"

#include "test/topic_tools.h"

namespace pregao::topic::test {

class LocalTestFile {
 public:
  LocalTestFile() {
    std::string folder = ::testing::TempDir() + "pregao-topic-XXXXXX";
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    options_.path = (folder_ / "topic.db").string();
    options_.partitions = kPartitions;
  }
  LocalTestFile(const LocalTestFile&) = delete;
  LocalTestFile& operator=(const LocalTestFile&) = delete;
  ~LocalTestFile() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] const std::string& path() const { return options_.path; }
  /// Of a topic of kPartitions partitions, created when absent.
  [[nodiscard]] const LocalTopicOptions& options() const { return options_; }
  [[nodiscard]] LocalTopicOptions Existing() const {
    LocalTopicOptions options = options_;
    options.create = false;
    return options;
  }

 private:
  std::filesystem::path folder_;
  LocalTopicOptions options_;
};

/// How many records can be read.
inline std::int64_t Count(TopicReader& reader) {
  std::int64_t count = 0;
  for (const auto& [partition, range] : Get(reader.Ranges())) count += range.high - range.low;
  return count;
}

}  // namespace pregao::topic::test
