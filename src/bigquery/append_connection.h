#pragma once
#include <google/cloud/bigquery/storage/v1/storage.grpc.pb.h>
#include <grpcpp/grpcpp.h>

#include "bigquery/write_api.h"

namespace pregao::bigquery {

/// The call itself, on a completion queue of its own, so that every wait has an end.
class AppendConnection::Impl {
 public:
  Impl(google::cloud::bigquery::storage::v1::BigQueryWrite::Stub* stub, std::string stream,
       std::chrono::milliseconds timeout);
  ~Impl();

  bool Send(std::int64_t offset, const std::string* schema, const std::string& batch);
  Answer Receive();

 private:
  enum Event { kStart, kWrite, kRead, kFinish, kEvents };
  struct State {
    bool pending = false, ok = true;
  };

  void Pend(Event event) { states_[event].pending = true; }
  /// Waits for an operation that was begun. @return whether it succeeded in time
  bool Await(Event event);
  Answer End();

  using Request = google::cloud::bigquery::storage::v1::AppendRowsRequest;
  using Response = google::cloud::bigquery::storage::v1::AppendRowsResponse;
  const std::string stream_;
  const std::chrono::milliseconds timeout_;
  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  State states_[kEvents];
  Response response_;
  grpc::Status status_;
  bool ended_ = false;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<Request, Response>> call_;
};

}  // namespace pregao::bigquery
