#pragma once
/// A bucket of Google Cloud Storage, over its JSON API.
#include <memory>
#include <string>

#include "base/clock.h"
#include "lake/object_store.h"

#include "cloud/google_credentials.h"
#include "cloud/retry.h"

namespace pregao::lake {

/// What a token must permit.
inline constexpr const char* kGcsScope = "https://www.googleapis.com/auth/devstorage.read_write";

struct GcsOptions {
  cloud::GoogleEnvironment environment;
  /// STORAGE_EMULATOR_HOST, "http://host:port" or "host:port": then no credentials are looked for. Empty: Google's.
  std::string emulator;
  std::string endpoint = "https://storage.googleapis.com";
  cloud::HttpOptions http;
  cloud::RetryOptions retry;
  std::shared_ptr<cloud::HttpCounters> counters = nullptr;  ///< requests, retries, bytes, for metrics
  std::size_t upload_chunk = 8u << 20;  ///< objects larger than this go up in pieces of it; a multiple of 256 KiB
  int page_size = 1000;                 ///< of a listing
};

/// gs://bucket/prefix. Thread-safe, and any number of processes may work on one prefix.
///
/// PutIfAbsent is a write with ifGenerationMatch=0, which lets one of several rivals win. Each write carries a random
/// mark in the object's metadata: when the object is there already, that mark tells whether an earlier attempt of this
/// very call made it, the answer of which was lost (by libcurl's own repeat on a fresh connection too). So kCreated
/// and kExists are exact. Every upload is compared with the server's MD5 of it.
///
/// Reads and listings are strongly consistent, so what one writer has put the next reader sees.
class GcsStore final : public ObjectStore {
 public:
  /// Invalid unless `uri` is gs://bucket or gs://bucket/prefix.
  [[nodiscard]] static Status CheckUri(const std::string& uri);
  /// `uri` is gs://bucket or gs://bucket/prefix; Invalid otherwise, and as FindCredentials. Asks nothing of the bucket.
  /// `clock` must outlive the store.
  [[nodiscard]] static Result<std::shared_ptr<ObjectStore>> Open(const std::string& uri, const GcsOptions& options,
                                                                 const Clock* clock);
  ~GcsStore() override;

  [[nodiscard]] Status Put(const std::string& path, std::string_view bytes) override;
  [[nodiscard]] Result<PutOutcome> PutIfAbsent(const std::string& path, std::string_view bytes) override;
  [[nodiscard]] Result<std::string> Get(const std::string& path) override;
  [[nodiscard]] Result<std::string> GetRange(const std::string& path, std::int64_t offset, std::int64_t size) override;
  [[nodiscard]] Result<std::vector<ObjectInfo>> List(const std::string& prefix,
                                                     const std::string& start_after = "") override;
  [[nodiscard]] Status Delete(const std::string& path) override;
  [[nodiscard]] std::string uri() const override;

 private:
  struct State;
  explicit GcsStore(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace pregao::lake
