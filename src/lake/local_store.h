#pragma once
#include <atomic>
#include <string>

#include "lake/object_store.h"

namespace pregao::lake {

/// A folder of the local disk. Thread-safe, and several processes may work on one folder.
///
/// An object is written to `<root>/.pregao-tmp/`, synced, and given its name in one step (link for PutIfAbsent, rename
/// for Put), then the folder is synced: so nobody sees half an object, and an answer of OK survives a power cut. What a
/// crash leaves in the temporary folder is never listed, and deleted by an Open a day later.
///
/// A root that vanishes, or that had something in it and is empty, is an IOError of every call: a disk was unmounted or
/// the folder moved away, and a new lake in its place would be a second truth.
class LocalStore final : public ObjectStore {
 public:
  /// Opens `folder`, creating it when absent. IOError when that is not permitted or a file is in the way.
  [[nodiscard]] static Result<std::shared_ptr<ObjectStore>> Open(const std::string& folder);

  [[nodiscard]] Status Put(const std::string& path, std::string_view bytes) override;
  [[nodiscard]] Result<PutOutcome> PutIfAbsent(const std::string& path, std::string_view bytes) override;
  [[nodiscard]] Result<std::string> Get(const std::string& path) override;
  [[nodiscard]] Result<std::string> GetRange(const std::string& path, std::int64_t offset, std::int64_t size) override;
  [[nodiscard]] Result<std::vector<ObjectInfo>> List(const std::string& prefix,
                                                     const std::string& start_after = "") override;
  [[nodiscard]] Status Delete(const std::string& path) override;
  [[nodiscard]] std::string uri() const override { return root_; }

 private:
  explicit LocalStore(std::string root) : root_(std::move(root)) {}

  [[nodiscard]] Result<std::string> FullPath(const std::string& path) const;
  [[nodiscard]] Result<std::string> WriteTemporary(std::string_view bytes);
  [[nodiscard]] Status CheckRoot() const;
  /// `status`, or why the root is not there when that explains an absence.
  [[nodiscard]] Status Absence(const Status& status) const;

  const std::string root_;                 ///< absolute, without a '/' at the end
  std::atomic<bool> had_content_ = false;  ///< the root has been seen with something in it
};

}  // namespace pregao::lake
