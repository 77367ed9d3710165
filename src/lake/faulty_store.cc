#include "lake/faulty_store.h"

namespace pregao::lake {

void FaultyStore::Reset() {
  std::lock_guard lock(mutex_);
  plan_.clear();
  probability_ = 0;
  calls_ = 0;
  dead_ = false;
}

void FaultyStore::FailAt(std::int64_t number, StoreFault fault) {
  std::lock_guard lock(mutex_);
  plan_[number] = fault;
}

void FaultyStore::FailAtRandom(std::uint64_t seed, double probability) {
  std::lock_guard lock(mutex_);
  random_.seed(seed);
  probability_ = probability;
}

void FaultyStore::set_hook(Hook hook) {
  std::lock_guard lock(mutex_);
  hook_ = std::move(hook);
}

std::int64_t FaultyStore::calls() const {
  std::lock_guard lock(mutex_);
  return calls_;
}

bool FaultyStore::dead() const {
  std::lock_guard lock(mutex_);
  return dead_;
}

StoreFault FaultyStore::NextFault(std::string_view operation, std::string_view path) {
  StoreFault fault = StoreFault::kNone;
  StoreCall call{0, operation, path};
  Hook hook;
  {
    std::lock_guard lock(mutex_);
    if (dead_) return StoreFault::kDieBefore;
    call.number = ++calls_;
    hook = hook_;
    if (const auto planned = plan_.find(call.number); planned != plan_.end()) {
      fault = planned->second;
    } else if (probability_ > 0 && std::uniform_real_distribution<>()(random_) < probability_) {
      fault = (random_() & 1u) != 0 ? StoreFault::kDoneButError : StoreFault::kError;
    }
    dead_ = fault == StoreFault::kDieBefore || fault == StoreFault::kDieAfter;
    if (fault == StoreFault::kDieBefore) return fault;
  }
  if (hook) hook(call);
  return fault;
}

template <class Call>
auto FaultyStore::Run(std::string_view operation, const std::string& path, Call call) -> decltype(call()) {
  switch (NextFault(operation, path)) {
    case StoreFault::kNone:
      return call();
    case StoreFault::kDieBefore:
      return Status::IOError(operation, " ", path, ": the process is dead");
    case StoreFault::kDieAfter:
      (void)call();
      return Status::IOError(operation, " ", path, ": the process died");
    case StoreFault::kDoneButError:
      (void)call();
      return Status::IOError(operation, " ", path, ": answer lost");
    case StoreFault::kError:
      return Status::IOError(operation, " ", path, ": not done");
  }
  return Status::UnknownError("unreachable");
}

Status FaultyStore::Put(const std::string& path, std::string_view bytes) {
  return Run("Put", path, [&] { return inner_->Put(path, bytes); });
}
Result<PutOutcome> FaultyStore::PutIfAbsent(const std::string& path, std::string_view bytes) {
  return Run("PutIfAbsent", path, [&] { return inner_->PutIfAbsent(path, bytes); });
}
Result<std::string> FaultyStore::Get(const std::string& path) {
  return Run("Get", path, [&] { return inner_->Get(path); });
}
Result<std::string> FaultyStore::GetRange(const std::string& path, std::int64_t offset, std::int64_t size) {
  return Run("GetRange", path, [&] { return inner_->GetRange(path, offset, size); });
}
Result<std::vector<ObjectInfo>> FaultyStore::List(const std::string& prefix, const std::string& start_after) {
  return Run("List", prefix, [&] { return inner_->List(prefix, start_after); });
}
Status FaultyStore::Delete(const std::string& path) {
  return Run("Delete", path, [&] { return inner_->Delete(path); });
}

}  // namespace pregao::lake
