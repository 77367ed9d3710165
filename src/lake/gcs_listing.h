#pragma once
/// Looking at objects without reading them. Internal to lake.
#include <string>
#include <vector>

#include "lake/gcs_bucket.h"
#include "lake/object_store.h"

namespace pregao::lake {

struct ObjectPage {
  std::vector<ObjectInfo> objects;  ///< whole names, in the order of bytes
  std::string next;                 ///< names the next page; empty: this is the last
};
/// A page of the objects whose names start with `prefix` and are not before `start`. `page` is a former page's `next`.
[[nodiscard]] Result<ObjectPage> ListPage(const GcsBucket& bucket, const std::string& prefix, const std::string& start,
                                          int page_size, const std::string& page);
/// KeyError when there is no such object.
[[nodiscard]] Result<ObjectInfo> StatObject(const GcsBucket& bucket, const std::string& name);

}  // namespace pregao::lake
