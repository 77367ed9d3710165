#include "lake/gcs_bucket.h"

namespace pregao::lake {

using cloud::UrlEncode;

std::string GcsBucket::ObjectsUrl() const { return base_ + "/storage/v1/b/" + UrlEncode(bucket_) + "/o"; }

std::string GcsBucket::ObjectUrl(std::string_view name) const { return ObjectsUrl() + "/" + UrlEncode(name); }

std::string GcsBucket::UploadUrl(std::string_view name, std::string_view type, bool if_absent) const {
  return base_ + "/upload/storage/v1/b/" + UrlEncode(bucket_) + "/o?uploadType=" + std::string(type) +
         "&name=" + UrlEncode(name) + (if_absent ? "&ifGenerationMatch=0" : "");
}

Status GcsBucket::Error(const cloud::HttpAnswer& answer, const std::string& verb, std::string_view name) const {
  const Status status = api_->Error(answer, "cannot " + verb + " " + Uri(name),
                                    "grant it roles/storage.objectUser on the bucket gs://" + bucket_);
  const bool no_bucket = status.IsKeyError() && status.message().find("bucket does not exist") != std::string::npos;
  return no_bucket ? Absent(status) : status;
}

Status GcsBucket::Absent(const Status& status) const {
  return Status::Invalid(status.message(), "; create it: gcloud storage buckets create gs://", bucket_,
                         ", or name another with --lake");
}

}  // namespace pregao::lake
