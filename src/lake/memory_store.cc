#include "lake/memory_store.h"

#include "lake/store_path.h"

namespace pregao::lake {

Status MemoryStore::Put(const std::string& path, std::string_view bytes) {
  TRY(CheckStorePath(path));
  std::lock_guard lock(mutex_);
  objects_.insert_or_assign(path, Object{std::string(bytes), clock_->Now()});
  return Status::OK();
}

Result<PutOutcome> MemoryStore::PutIfAbsent(const std::string& path, std::string_view bytes) {
  TRY(CheckStorePath(path));
  std::lock_guard lock(mutex_);
  const bool created = objects_.try_emplace(path, Object{std::string(bytes), clock_->Now()}).second;
  return created ? PutOutcome::kCreated : PutOutcome::kExists;
}

Result<std::string> MemoryStore::Get(const std::string& path) {
  TRY(CheckStorePath(path));
  std::lock_guard lock(mutex_);
  const auto found = objects_.find(path);
  if (found == objects_.end()) return Status::KeyError("memory://", path, " does not exist");
  return found->second.bytes;
}

Result<std::string> MemoryStore::GetRange(const std::string& path, std::int64_t offset, std::int64_t size) {
  TRY_ASSIGN(const std::string bytes, Get(path));
  const auto total = static_cast<std::int64_t>(bytes.size());
  if (offset < 0 || size < 0 || offset > total || size > total - offset) {
    return Status::Invalid("memory://", path, " has ", total, " bytes: cannot read ", size, " at ", offset);
  }
  return bytes.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

Result<std::vector<ObjectInfo>> MemoryStore::List(const std::string& prefix, const std::string& start_after) {
  std::lock_guard lock(mutex_);
  std::vector<ObjectInfo> infos;
  for (auto it = objects_.lower_bound(prefix); it != objects_.end() && it->first.starts_with(prefix); ++it) {
    if (it->first <= start_after) continue;
    infos.push_back({it->first, static_cast<std::int64_t>(it->second.bytes.size()), it->second.modified});
  }
  return infos;
}

Status MemoryStore::Delete(const std::string& path) {
  TRY(CheckStorePath(path));
  std::lock_guard lock(mutex_);
  objects_.erase(path);
  return Status::OK();
}

}  // namespace pregao::lake
