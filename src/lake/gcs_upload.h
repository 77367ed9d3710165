#pragma once
/// Getting bytes into a bucket. Internal to lake.
#include <string>
#include <string_view>

#include "lake/gcs_bucket.h"
#include "lake/object_store.h"

namespace pregao::lake {

/// One write of one object, whatever it takes: in one request up to `chunk` bytes, beyond that by a resumable upload
/// that goes on after a fault from what the server has. Used once, by one thread; what it borrows outlives it.
class GcsUpload {
 public:
  GcsUpload(const GcsBucket* bucket, std::string name, std::string_view bytes, bool if_absent, std::size_t chunk);

  /// kExists only with `if_absent`, and only when somebody else made the object.
  [[nodiscard]] Result<PutOutcome> Run();

 private:
  [[nodiscard]] std::string Resource() const;
  [[nodiscard]] Result<cloud::HttpAnswer> SendWhole() const;
  [[nodiscard]] Result<cloud::HttpAnswer> SendInPieces() const;
  [[nodiscard]] Result<cloud::HttpAnswer> StartSession() const;
  [[nodiscard]] Result<cloud::HttpAnswer> FollowSession(const std::string& session) const;
  [[nodiscard]] cloud::HttpRequest Piece(const std::string& session, std::size_t offset) const;
  [[nodiscard]] Status CheckStored(const cloud::HttpAnswer& answer) const;
  /// Somebody made the object before: was it an earlier attempt of ours?
  [[nodiscard]] Result<PutOutcome> WhoMadeIt() const;

  const GcsBucket* const bucket_;
  const std::string name_;
  const std::string_view bytes_;
  const bool if_absent_;
  const std::size_t chunk_;
  const std::string mark_;  ///< in the object's metadata: how we know our own object again
  const std::string md5_;
};

}  // namespace pregao::lake
