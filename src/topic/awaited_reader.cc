#include "topic/awaited_reader.h"

#include <condition_variable>
#include <mutex>

namespace pregao::topic {

Status AsAway(const Status& status) {
  return status.IsInvalid() || status.IsKeyError() ? Status::IOError(status.message()) : status;
}

Status AwaitedReader::Closed() const { return Status::Invalid("topic '", info_.name, "' is not open yet"); }

Result<Polled> AwaitedReader::Poll(std::size_t max_records, std::chrono::milliseconds timeout, std::stop_token stop) {
  if (!reader_) {
    auto opened = open_();
    if (opened.status().IsCancelled()) {  // the program ends, and the caller will hear of it
      std::mutex mutex;
      std::unique_lock lock(mutex);
      std::condition_variable_any never;
      never.wait_for(lock, stop, timeout, [] { return false; });
      return Polled{};
    }
    if (!opened.ok()) return AsAway(opened.status());
    reader_ = std::move(*opened);
  }
  return reader_->Poll(max_records, timeout, std::move(stop));
}

Status AwaitedReader::Seek(const Positions& positions) { return reader_ ? reader_->Seek(positions) : Closed(); }

Status AwaitedReader::Commit(const Positions& positions) { return reader_ ? reader_->Commit(positions) : Closed(); }

Result<std::map<Partition, OffsetRange>> AwaitedReader::Ranges() { return reader_ ? reader_->Ranges() : Closed(); }

}  // namespace pregao::topic
