#include "lake/object_store.h"

#include "lake/gcs_store.h"
#include "lake/local_store.h"
#include "lake/memory_store.h"

namespace pregao::lake {

Result<std::shared_ptr<ObjectStore>> OpenStore(const std::string& lake) { return OpenStore(lake, GcsOptions()); }

Result<std::shared_ptr<ObjectStore>> OpenStore(const std::string& lake, const GcsOptions& gcs) {
  if (lake.empty()) return Status::Invalid("lake is empty: give a folder, for instance data/lake");
  if (lake == "memory:") return std::make_shared<MemoryStore>();
  std::string_view folder = lake;
  if (constexpr std::string_view kFile = "file://"; folder.starts_with(kFile)) {
    folder.remove_prefix(kFile.size());
  } else if (folder.starts_with("gs://")) {
    static const SystemClock clock;
    return GcsStore::Open(lake, gcs, &clock);
  } else if (folder.find("://") != std::string_view::npos) {
    return Status::Invalid("lake '", lake, "' names no store that is known: give a folder or gs://bucket/prefix");
  }
  return LocalStore::Open(std::string(folder));
}

}  // namespace pregao::lake
