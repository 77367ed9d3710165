#pragma once
/// What the parts of GcsStore share: where a bucket's requests go. Internal to lake.
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

#include "cloud/google_api.h"

namespace pregao::lake {

/// One bucket, for whole object names. Thread-safe.
class GcsBucket {
 public:
  /// @param base  "https://storage.googleapis.com", or an emulator's address
  GcsBucket(std::string base, std::string bucket, std::shared_ptr<cloud::GoogleApi> api)
      : base_(std::move(base)), bucket_(std::move(bucket)), api_(std::move(api)) {}

  [[nodiscard]] cloud::GoogleApi* api() const { return api_.get(); }
  [[nodiscard]] const std::string& base() const { return base_; }
  /// …/storage/v1/b/BUCKET/o, or one object's address below it.
  [[nodiscard]] std::string ObjectsUrl() const;
  [[nodiscard]] std::string ObjectUrl(std::string_view name) const;
  [[nodiscard]] std::string UploadUrl(std::string_view name, std::string_view type, bool if_absent) const;
  [[nodiscard]] std::string Uri(std::string_view name) const { return "gs://" + bucket_ + "/" + std::string(name); }

  /// An unwanted answer about the object `name`. A bucket that is absent is Invalid, not KeyError.
  [[nodiscard]] Status Error(const cloud::HttpAnswer& answer, const std::string& verb, std::string_view name) const;
  /// Invalid: what `status` says, and how the bucket is made.
  [[nodiscard]] Status Absent(const Status& status) const;

 private:
  const std::string base_, bucket_;
  const std::shared_ptr<cloud::GoogleApi> api_;
};

}  // namespace pregao::lake
