#pragma once
/// What waits on the disk. Private to this folder.
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "topic/local_topic.h"
#include "topic/topic.h"

namespace pregao::listen {

/// A queue of records in a file: a local topic of one partition, trimmed as it is read. Append may be called by another
/// thread than the rest.
class SpoolFile {
 public:
  [[nodiscard]] static Result<std::unique_ptr<SpoolFile>> Open(const std::string& path, const std::string& name);

  /// Durable when OK; all of them or none.
  [[nodiscard]] Status Append(std::span<const topic::NewRecord> records) { return writer_->Append(records); }

  /// The next records, at most `most`; waits a second at most. After an error the same are next.
  [[nodiscard]] Result<std::vector<topic::NewRecord>> Next(std::size_t most);
  /// Removes what Next gave so far. An error leaves it to be removed with what follows, or read again by another
  /// process.
  [[nodiscard]] Status Forget();

  /// Records that an earlier process left, and their bytes, when the file was opened.
  [[nodiscard]] std::int64_t left_records() const { return left_records_; }
  [[nodiscard]] std::int64_t left_bytes() const { return left_bytes_; }

 private:
  explicit SpoolFile(topic::LocalTopicOptions options) : options_(std::move(options)) {}
  [[nodiscard]] Status Start();

  const topic::LocalTopicOptions options_;
  std::unique_ptr<topic::TopicWriter> writer_;
  std::unique_ptr<topic::TopicReader> reader_;
  Offset next_;          // behind what Next gave last
  bool astray_ = false;  // the reader may stand elsewhere
  std::int64_t left_records_ = 0, left_bytes_ = 0;
};

/// The reader whose position in a spool's topic is what was sent, and the topic's only partition.
inline constexpr const char* kSpoolGroup = "spool";
inline constexpr Partition kSpoolPartition{0};

/// The offset of the first record that waits. @param sent  the positions of kSpoolGroup
[[nodiscard]] Offset FirstWaiting(const topic::Positions& sent, const topic::OffsetRange& there);

/// What records take in the file.
[[nodiscard]] std::int64_t SpoolBytes(std::span<const topic::NewRecord> records);

}  // namespace pregao::listen
