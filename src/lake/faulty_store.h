#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>

#include "lake/object_store.h"

namespace pregao::lake {

/// What goes wrong at a call of a FaultyStore.
enum class StoreFault {
  kNone,
  kDieBefore,     ///< the process is dead: neither this call nor a later one does anything
  kDieAfter,      ///< the call is done, then the process is dead: nobody hears the answer
  kDoneButError,  ///< the call is done and says IOError; life goes on
  kError,         ///< the call is not done and says IOError; life goes on
};

/// A call as the hook sees it.
struct StoreCall {
  std::int64_t number = 0;  ///< from 1, since the last Reset
  std::string_view operation;
  std::string_view path;
};

/// A decorator for tests that fails on purpose. Thread-safe; the hook runs outside the lock and may call the store.
class FaultyStore final : public ObjectStore {
 public:
  using Hook = std::function<void(const StoreCall&)>;

  explicit FaultyStore(std::shared_ptr<ObjectStore> inner) : inner_(std::move(inner)) {}

  /// Forgets every planned fault, the count and a death.
  void Reset();
  /// `fault` strikes call `number`.
  void FailAt(std::int64_t number, StoreFault fault);
  /// Each call fails with `probability`, as kError or kDoneButError. The same seed gives the same faults.
  void FailAtRandom(std::uint64_t seed, double probability);
  /// Called before each call that is done, in the caller's thread.
  void set_hook(Hook hook);
  /// Calls since the last Reset, those of a dead process not counted.
  [[nodiscard]] std::int64_t calls() const;
  [[nodiscard]] bool dead() const;

  [[nodiscard]] Status Put(const std::string& path, std::string_view bytes) override;
  [[nodiscard]] Result<PutOutcome> PutIfAbsent(const std::string& path, std::string_view bytes) override;
  [[nodiscard]] Result<std::string> Get(const std::string& path) override;
  [[nodiscard]] Result<std::string> GetRange(const std::string& path, std::int64_t offset, std::int64_t size) override;
  [[nodiscard]] Result<std::vector<ObjectInfo>> List(const std::string& prefix,
                                                     const std::string& start_after = "") override;
  [[nodiscard]] Status Delete(const std::string& path) override;
  [[nodiscard]] std::string uri() const override { return inner_->uri(); }

 private:
  StoreFault NextFault(std::string_view operation, std::string_view path);
  template <class Call>
  auto Run(std::string_view operation, const std::string& path, Call call) -> decltype(call());

  const std::shared_ptr<ObjectStore> inner_;
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::map<std::int64_t, StoreFault> plan_;
  std::mt19937_64 random_;
  double probability_ = 0;
  std::int64_t calls_ = 0;
  bool dead_ = false;
  Hook hook_;
};

}  // namespace pregao::lake
