#pragma once
/// The Storage Write API over gRPC. Source: google/cloud/bigquery/storage/v1/storage.proto and its error codes.
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

#include "cloud/google_credentials.h"
#include "cloud/retry.h"

namespace pregao::bigquery {

/// What became of a request, or of a connection.
enum class Fault {
  kNone,
  kAlreadyThere,  ///< the stream is past this offset: an earlier attempt got through
  kRows,          ///< none of the rows was taken, because of some
  kFinalised,     ///< somebody has finalised the stream
  kLost,          ///< the stream is not there, or not where we think it is
  kMayPass,       ///< the service is away, busy, or over a quota
  kRefused,       ///< will not change: rights, or a request that is wrong
};

/// A row that BigQuery does not take.
struct RefusedRow {
  std::int64_t row = 0;  ///< in its request
  std::string why;
};

struct Answer {
  Fault fault = Fault::kNone;
  std::string message;              ///< BigQuery's; empty where there is no fault
  std::vector<RefusedRow> refused;  ///< of kRows
};

/// One AppendRows call on one stream. Answers come in the order of the requests. For one thread. Every call ends
/// within the API's time-out.
class AppendConnection {
 public:
  ~AppendConnection();
  /// Appends `batch`, an Arrow record batch in IPC form, at `offset` of the stream. `schema`, in IPC form, goes with a
  /// connection's first request. @return false when the connection is broken: Receive tells why
  [[nodiscard]] bool Send(std::int64_t offset, const std::string* schema, const std::string& batch);
  /// The next answer. After a fault other than kRows, kAlreadyThere, and one that names an offset, the connection is
  /// of no further use.
  [[nodiscard]] Answer Receive();

 private:
  friend class WriteApi;
  class Impl;
  explicit AppendConnection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Thread-safe.
class WriteApi {
 public:
  struct Options {
    std::string endpoint;  ///< host:port
    bool plain = false;    ///< without TLS and credentials: an emulator
    std::chrono::milliseconds timeout{60'000};
    cloud::RetryOptions retry;
  };
  /// @param tokens  null where `plain`
  /// @param counters  outlive it
  WriteApi(Options options, std::shared_ptr<cloud::TokenSource> tokens, cloud::HttpCounters* counters);
  ~WriteApi();

  /// A new COMMITTED stream of a table ("projects/…/datasets/…/tables/…"). @return its name
  [[nodiscard]] Result<std::string> CreateStream(const std::string& table);
  /// From its answer on nobody appends to the stream. OK also where there is no such stream.
  [[nodiscard]] Status Finalise(const std::string& stream);
  [[nodiscard]] std::unique_ptr<AppendConnection> Connect(const std::string& stream);
  [[nodiscard]] cloud::Retries NewRetries() const;
  /// A fault that stays as a Status: IOError where beginning again may help, Invalid where not.
  [[nodiscard]] Status Error(const Answer& answer, const std::string& what) const;

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace pregao::bigquery
