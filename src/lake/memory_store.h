#pragma once
#include <map>
#include <mutex>

#include "base/clock.h"
#include "lake/object_store.h"

namespace pregao::lake {

/// A store that lives as long as its object. Thread-safe.
class MemoryStore final : public ObjectStore {
 public:
  /// `clock` stamps the objects and must outlive the store; the system's when nullptr.
  explicit MemoryStore(const Clock* clock = nullptr) : clock_(clock != nullptr ? clock : &system_clock_) {}

  [[nodiscard]] Status Put(const std::string& path, std::string_view bytes) override;
  [[nodiscard]] Result<PutOutcome> PutIfAbsent(const std::string& path, std::string_view bytes) override;
  [[nodiscard]] Result<std::string> Get(const std::string& path) override;
  [[nodiscard]] Result<std::string> GetRange(const std::string& path, std::int64_t offset, std::int64_t size) override;
  [[nodiscard]] Result<std::vector<ObjectInfo>> List(const std::string& prefix,
                                                     const std::string& start_after = "") override;
  [[nodiscard]] Status Delete(const std::string& path) override;
  [[nodiscard]] std::string uri() const override { return "memory://"; }

 private:
  struct Object {
    std::string bytes;
    TimestampMs modified;
  };

  const SystemClock system_clock_;
  const Clock* const clock_;
  std::mutex mutex_;
  std::map<std::string, Object> objects_;  // guarded by mutex_
};

}  // namespace pregao::lake
