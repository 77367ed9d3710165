#include "lake/object_store.h"

#include "lake/gcs_store.h"
#include "lake/local_store.h"
#include "lake/memory_store.h"

namespace pregao::lake {
namespace {

constexpr std::string_view kMemory = "memory:", kFile = "file://", kBucket = "gs://";

/// "s3://x", and what a slip makes of it: "gs:/x", "gs//x". A folder of such a name is "./gs:/x".
bool LooksLikeUri(std::string_view lake) {
  const std::size_t scheme = lake.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+");
  if (scheme == 0 || scheme == std::string_view::npos) return false;
  return lake[scheme] == ':' || lake.starts_with("gs//");
}

}  // namespace

Status CheckLakeName(const std::string& lake) {
  if (lake.empty()) return Status::Invalid("lake is empty: give a folder, for instance data/lake");
  if (lake == kMemory || lake.starts_with(kFile)) return Status::OK();
  if (lake.starts_with(kBucket)) return GcsStore::CheckUri(lake);
  if (!LooksLikeUri(lake)) return Status::OK();
  return Status::Invalid("lake '", lake, "' names no store that is known: give gs://bucket/prefix, or a folder (./",
                         lake, " if it is one)");
}

Result<std::shared_ptr<ObjectStore>> OpenStore(const std::string& lake) { return OpenStore(lake, GcsOptions()); }

Result<std::shared_ptr<ObjectStore>> OpenStore(const std::string& lake, const GcsOptions& gcs) {
  TRY(CheckLakeName(lake));
  if (lake == kMemory) return std::make_shared<MemoryStore>();
  if (lake.starts_with(kBucket)) {
    static const SystemClock clock;
    return GcsStore::Open(lake, gcs, &clock);
  }
  return LocalStore::Open(lake.starts_with(kFile) ? lake.substr(kFile.size()) : lake);
}

}  // namespace pregao::lake
