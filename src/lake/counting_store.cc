#include "lake/counting_store.h"

#include <chrono>

namespace pregao::lake {
namespace {

const Status& StatusOf(const Status& answer) { return answer; }
template <class T>
const Status& StatusOf(const Result<T>& answer) {
  return answer.status();
}

template <class Answer>
bool Exists(const Answer&) {
  return false;
}
bool Exists(const Result<PutOutcome>& answer) { return answer.ok() && *answer == PutOutcome::kExists; }

template <class Answer>
std::int64_t BytesRead(const Answer&) {
  return 0;
}
std::int64_t BytesRead(const Result<std::string>& answer) {
  return answer.ok() ? static_cast<std::int64_t>(answer->size()) : 0;
}

}  // namespace

std::string_view OperationName(StoreOperation operation) {
  switch (operation) {
    case StoreOperation::kPut:
      return "put";
    case StoreOperation::kPutIfAbsent:
      return "put_if_absent";
    case StoreOperation::kGet:
      return "get";
    case StoreOperation::kGetRange:
      return "get_range";
    case StoreOperation::kList:
      return "list";
    case StoreOperation::kDelete:
      return "delete";
  }
  return "";
}

template <class Call>
auto CountingStore::Count(StoreOperation operation, std::int64_t written, Call call) -> decltype(call()) {
  const auto started = std::chrono::steady_clock::now();
  auto answer = call();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  const Status& status = StatusOf(answer);
  const bool exists = Exists(answer);
  const std::lock_guard lock(mutex_);
  auto& calls = stats_.calls[static_cast<std::size_t>(operation)];
  calls.seconds += took.count();
  if (exists) {
    ++calls.exists;
  } else if (status.ok()) {
    ++calls.ok;
    stats_.bytes_written += written;
    stats_.bytes_read += BytesRead(answer);
  } else if (status.IsKeyError()) {
    ++calls.absent;
  } else {
    ++calls.failed;
  }
  return answer;
}

StoreStats CountingStore::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

Status CountingStore::Put(const std::string& path, std::string_view bytes) {
  const auto size = static_cast<std::int64_t>(bytes.size());
  return Count(StoreOperation::kPut, size, [&] { return inner_->Put(path, bytes); });
}

Result<PutOutcome> CountingStore::PutIfAbsent(const std::string& path, std::string_view bytes) {
  const auto size = static_cast<std::int64_t>(bytes.size());
  return Count(StoreOperation::kPutIfAbsent, size, [&] { return inner_->PutIfAbsent(path, bytes); });
}

Result<std::string> CountingStore::Get(const std::string& path) {
  return Count(StoreOperation::kGet, 0, [&] { return inner_->Get(path); });
}

Result<std::string> CountingStore::GetRange(const std::string& path, std::int64_t offset, std::int64_t size) {
  return Count(StoreOperation::kGetRange, 0, [&] { return inner_->GetRange(path, offset, size); });
}

Result<std::vector<ObjectInfo>> CountingStore::List(const std::string& prefix, const std::string& start_after) {
  return Count(StoreOperation::kList, 0, [&] { return inner_->List(prefix, start_after); });
}

Status CountingStore::Delete(const std::string& path) {
  return Count(StoreOperation::kDelete, 0, [&] { return inner_->Delete(path); });
}

}  // namespace pregao::lake
