#pragma once
/// A reader that may be made before its topic is there.
#include <functional>
#include <memory>
#include <string>

#include "topic/topic.h"

namespace pregao::topic {

/// Each Poll tries to open the topic until one has; from then on it is the reader that was opened. While it is away,
/// Poll returns an IOError with the reason as often as it is called (the caller waits in between); `open` bounds how
/// long it takes. That a cluster refuses us is an IOError too: rights and passwords are put right while we wait. What
/// else needs an open topic is Invalid. Not thread-safe.
class AwaitedReader final : public TopicReader {
 public:
  using Open = std::function<Result<std::unique_ptr<TopicReader>>()>;

  /// @param name  of the topic, for info() until it is open
  AwaitedReader(const std::string& name, Open open) : open_(std::move(open)) { info_.name = name; }

  [[nodiscard]] Result<Polled> Poll(std::size_t max_records, std::chrono::milliseconds timeout,
                                    std::stop_token stop = {}) override;
  [[nodiscard]] Status Seek(const Positions& positions) override;
  [[nodiscard]] Status Commit(const Positions& positions) override;
  [[nodiscard]] Result<std::map<Partition, OffsetRange>> Ranges() override;
  /// The name alone until the topic is open.
  [[nodiscard]] const TopicInfo& info() const override { return reader_ ? reader_->info() : info_; }

 private:
  [[nodiscard]] Status Closed() const;

  const Open open_;
  TopicInfo info_;
  std::unique_ptr<TopicReader> reader_;  // null until the topic was there
};

/// Why a topic could not be opened, for those who wait for it: what its cluster refuses becomes an IOError.
[[nodiscard]] Status AsAway(const Status& status);

}  // namespace pregao::topic
