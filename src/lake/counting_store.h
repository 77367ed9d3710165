#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "lake/object_store.h"

namespace pregao::lake {

enum class StoreOperation { kPut, kPutIfAbsent, kGet, kGetRange, kList, kDelete };
inline constexpr int kStoreOperations = 6;
[[nodiscard]] std::string_view OperationName(StoreOperation operation);

/// What was asked of a store since the program started. A snapshot, consistent in itself.
struct StoreStats {
  struct Calls {
    std::int64_t ok = 0;      ///< what was asked for was done
    std::int64_t absent = 0;  ///< there is no such object: an answer, not a fault
    std::int64_t exists = 0;  ///< another writer was first: an answer, not a fault
    std::int64_t failed = 0;
    double seconds = 0;  ///< spent in all of them
    [[nodiscard]] std::int64_t all() const { return ok + absent + exists + failed; }
  };
  std::array<Calls, kStoreOperations> calls{};  ///< by StoreOperation
  std::int64_t bytes_read = 0, bytes_written = 0;
};

/// A decorator that counts the calls of the store in it. Thread-safe.
class CountingStore final : public ObjectStore {
 public:
  explicit CountingStore(std::shared_ptr<ObjectStore> inner) : inner_(std::move(inner)) {}

  [[nodiscard]] StoreStats stats() const;

  [[nodiscard]] Status Put(const std::string& path, std::string_view bytes) override;
  [[nodiscard]] Result<PutOutcome> PutIfAbsent(const std::string& path, std::string_view bytes) override;
  [[nodiscard]] Result<std::string> Get(const std::string& path) override;
  [[nodiscard]] Result<std::string> GetRange(const std::string& path, std::int64_t offset, std::int64_t size) override;
  [[nodiscard]] Result<std::vector<ObjectInfo>> List(const std::string& prefix,
                                                     const std::string& start_after = "") override;
  [[nodiscard]] Status Delete(const std::string& path) override;
  [[nodiscard]] std::string uri() const override { return inner_->uri(); }

 private:
  template <class Call>
  auto Count(StoreOperation operation, std::int64_t written, Call call) -> decltype(call());

  const std::shared_ptr<ObjectStore> inner_;
  mutable std::mutex mutex_;
  StoreStats stats_;  // guarded by mutex_
};

}  // namespace pregao::lake
