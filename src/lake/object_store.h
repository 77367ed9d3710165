#pragma once
/// The store seam: named immutable blobs with create-if-absent, which is all that a Delta log needs.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/types.h"

namespace pregao::lake {

struct ObjectInfo {
  std::string path;  ///< relative to the store's root, '/' between parts
  std::int64_t size = 0;
  TimestampMs modified;
};

enum class PutOutcome { kCreated, kExists };

/// Blobs under one root. Thread-safe. Paths are relative to the root, without a leading '/', never with "..".
///
/// OK from Put, PutIfAbsent means durable and visible to every reader, whole. On an error (IOError) the write may or
/// may not have happened, but is never half visible. Absence is KeyError, from Get and GetRange alone.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  /// Creates or replaces.
  [[nodiscard]] virtual Status Put(const std::string& path, std::string_view bytes) = 0;
  /// Creates. Of rival callers exactly one gets kCreated. An existing object is kExists, not an error.
  [[nodiscard]] virtual Result<PutOutcome> PutIfAbsent(const std::string& path, std::string_view bytes) = 0;
  [[nodiscard]] virtual Result<std::string> Get(const std::string& path) = 0;
  /// Bytes [offset, offset + size); Invalid when the object ends before.
  [[nodiscard]] virtual Result<std::string> GetRange(const std::string& path, std::int64_t offset,
                                                     std::int64_t size) = 0;
  /// Every object whose path starts with `prefix` and sorts after `start_after`, at any depth, in the order of bytes.
  /// A prefix that nothing has is an empty list.
  [[nodiscard]] virtual Result<std::vector<ObjectInfo>> List(const std::string& prefix,
                                                             const std::string& start_after = "") = 0;
  /// An absent object is no error.
  [[nodiscard]] virtual Status Delete(const std::string& path) = 0;
  /// The root as other tools name it: an absolute folder, gs://bucket/prefix, memory://.
  [[nodiscard]] virtual std::string uri() const = 0;
};

struct GcsOptions;
/// Opens the store a lake string names: a folder (created when absent) or gs://bucket/prefix (GcsStore::Open). Invalid
/// when the string names nothing known. Without `gcs`, gs:// has no credentials but those of the machine.
[[nodiscard]] Result<std::shared_ptr<ObjectStore>> OpenStore(const std::string& lake, const GcsOptions& gcs);
[[nodiscard]] Result<std::shared_ptr<ObjectStore>> OpenStore(const std::string& lake);
/// Invalid for what OpenStore would not understand; touches nothing.
[[nodiscard]] Status CheckLakeName(const std::string& lake);

}  // namespace pregao::lake
