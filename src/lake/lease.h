#pragma once
/// One process at a time for a job on a lake.
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "lake/object_store.h"

namespace pregao::lake {

/// Held while it lives. The holder is the greatest of the numbered objects `<folder>/<number>`, each made by
/// PutIfAbsent and the greatest never deleted, so that of rivals exactly one wins. A holder that was killed is known by
/// its process id on the same machine, and is followed at once; one on another machine is an error until `take_over`.
class Lease {
 public:
  /// Invalid, naming the holder: another process has it.
  [[nodiscard]] static Result<std::unique_ptr<Lease>> Take(std::shared_ptr<ObjectStore> store, std::string folder,
                                                           const Clock& clock, bool take_over = false);
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

 private:
  Lease(std::shared_ptr<ObjectStore> store, std::string path) : store_(std::move(store)), path_(std::move(path)) {}
  const std::shared_ptr<ObjectStore> store_;
  const std::string path_;
};

}  // namespace pregao::lake
