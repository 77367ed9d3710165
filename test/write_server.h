#pragma once
/// A Storage Write API in memory, on the loopback, for what the emulator does not do: answers that are lost, rows that
/// are refused, quotas.
#include <algorithm>
#include <arrow/array.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <functional>
#include <google/cloud/bigquery/storage/v1/storage.grpc.pb.h>
#include <grpcpp/grpcpp.h>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace pregao::bigquery {

namespace storage = ::google::cloud::bigquery::storage::v1;

/// COMMITTED streams as BigQuery keeps them. A row is its value in the first column, an integer.
class WriteServer final : public storage::BigQueryWrite::Service {
 public:
  /// What to do with the append that came as the `number`th (from 1).
  enum class Whim {
    kNone,
    kDropBefore,   ///< the connection ends, nothing was done
    kDropAfter,    ///< the rows are taken, and the connection ends without the answer
    kBusy,         ///< RESOURCE_EXHAUSTED in the answer
    kFinaliseAll,  ///< somebody else finalises every stream first
    kForgetAll,    ///< every stream is gone
  };
  using Plan = std::function<Whim(int number)>;

  explicit WriteServer(Plan plan = nullptr);
  ~WriteServer() override;

  [[nodiscard]] std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::vector<std::int64_t> rows() const;
  [[nodiscard]] int appends() const;
  [[nodiscard]] std::size_t largest() const;
  /// Rows of these values are refused.
  void Refuse(std::vector<std::int64_t> values);
  /// Every call is answered by this status.
  void Deny(grpc::Status status);

  grpc::Status CreateWriteStream(grpc::ServerContext* context, const storage::CreateWriteStreamRequest* request,
                                 storage::WriteStream* stream) override;
  grpc::Status FinalizeWriteStream(grpc::ServerContext* context, const storage::FinalizeWriteStreamRequest* request,
                                   storage::FinalizeWriteStreamResponse* response) override;
  grpc::Status AppendRows(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<storage::AppendRowsResponse, storage::AppendRowsRequest>* connection) override;

 private:
  struct Stream {
    std::int64_t next = 0;
    bool finalised = false;
  };
  /// @return false: the connection ends
  bool Append(const storage::AppendRowsRequest& request, const std::string& schema,
              storage::AppendRowsResponse* response, grpc::Status* end);

  const Plan plan_;
  mutable std::mutex mutex_;
  std::map<std::string, Stream> streams_;
  std::vector<std::int64_t> rows_, refused_;
  int appends_ = 0;
  std::size_t largest_ = 0;
  grpc::Status denied_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

namespace write_server {

inline std::vector<std::int64_t> Decode(const std::string& schema, const std::string& batch) {
  const auto input = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(schema + batch));
  const auto reader = arrow::ipc::RecordBatchStreamReader::Open(input).ValueOrDie();
  const auto batches = reader->ToRecordBatches().ValueOrDie();
  std::vector<std::int64_t> out;
  for (const auto& rows : batches) {
    const auto& column = static_cast<const arrow::Int64Array&>(*rows->column(0));
    for (std::int64_t i = 0; i < column.length(); ++i) out.push_back(column.Value(i));
  }
  return out;
}

inline void SetError(grpc::StatusCode code, const std::string& message, storage::AppendRowsResponse* response) {
  response->mutable_error()->set_code(static_cast<int>(code));
  response->mutable_error()->set_message(message);
}

}  // namespace write_server

inline WriteServer::WriteServer(Plan plan) : plan_(std::move(plan)) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(this);
  builder.SetMaxReceiveMessageSize(32 << 20);
  server_ = builder.BuildAndStart();
}

inline WriteServer::~WriteServer() { server_->Shutdown(std::chrono::system_clock::now()); }

inline std::vector<std::int64_t> WriteServer::rows() const {
  std::lock_guard lock(mutex_);
  return rows_;
}

inline int WriteServer::appends() const {
  std::lock_guard lock(mutex_);
  return appends_;
}

inline std::size_t WriteServer::largest() const {
  std::lock_guard lock(mutex_);
  return largest_;
}

inline void WriteServer::Refuse(std::vector<std::int64_t> values) {
  std::lock_guard lock(mutex_);
  refused_ = std::move(values);
}

inline void WriteServer::Deny(grpc::Status status) {
  std::lock_guard lock(mutex_);
  denied_ = std::move(status);
}

inline grpc::Status WriteServer::CreateWriteStream(grpc::ServerContext*,
                                                   const storage::CreateWriteStreamRequest* request,
                                                   storage::WriteStream* stream) {
  std::lock_guard lock(mutex_);
  if (!denied_.ok()) return denied_;
  stream->set_name(request->parent() + "/streams/" + std::to_string(streams_.size()));
  streams_[stream->name()];
  return grpc::Status::OK;
}

inline grpc::Status WriteServer::FinalizeWriteStream(grpc::ServerContext*,
                                                     const storage::FinalizeWriteStreamRequest* request,
                                                     storage::FinalizeWriteStreamResponse*) {
  std::lock_guard lock(mutex_);
  const auto found = streams_.find(request->name());
  if (found == streams_.end()) return {grpc::StatusCode::NOT_FOUND, "no such stream"};
  found->second.finalised = true;
  return grpc::Status::OK;
}

inline bool WriteServer::Append(const storage::AppendRowsRequest& request, const std::string& schema,
                                storage::AppendRowsResponse* response, grpc::Status* end) {
  std::lock_guard lock(mutex_);
  largest_ = std::max(largest_, request.ByteSizeLong());
  const Whim whim = plan_ ? plan_(++appends_) : (++appends_, Whim::kNone);
  if (whim == Whim::kForgetAll) streams_.clear();
  if (whim == Whim::kFinaliseAll) {
    for (auto& [name, stream] : streams_) stream.finalised = true;
  }
  if (whim == Whim::kDropBefore) {
    *end = {grpc::StatusCode::UNAVAILABLE, "the connection is dropped"};
    return false;
  }
  const auto found = streams_.find(request.write_stream());
  if (found == streams_.end()) {
    *end = {grpc::StatusCode::NOT_FOUND, "no such stream"};
    return false;
  }
  Stream& stream = found->second;
  const std::int64_t offset = request.offset().value();
  std::vector<std::int64_t> rows;
  if (offset == stream.next) {
    rows = write_server::Decode(schema, request.arrow_rows().rows().serialized_record_batch());
  }
  const auto is_refused = [&](std::int64_t row) { return std::ranges::find(refused_, row) != refused_.end(); };
  if (whim == Whim::kBusy) {
    write_server::SetError(grpc::StatusCode::RESOURCE_EXHAUSTED, "quota", response);
  } else if (stream.finalised) {
    write_server::SetError(grpc::StatusCode::FAILED_PRECONDITION, "finalised", response);
  } else if (offset < stream.next) {
    write_server::SetError(grpc::StatusCode::ALREADY_EXISTS, "already there", response);
  } else if (offset > stream.next) {
    write_server::SetError(grpc::StatusCode::OUT_OF_RANGE, "a gap", response);
  } else if (std::ranges::any_of(rows, is_refused)) {
    write_server::SetError(grpc::StatusCode::INVALID_ARGUMENT, "bad rows", response);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!is_refused(rows[i])) continue;
      auto* const error = response->add_row_errors();
      error->set_index(static_cast<std::int64_t>(i));
      error->set_message("too old");
    }
  } else {
    rows_.insert(rows_.end(), rows.begin(), rows.end());
    response->mutable_append_result()->mutable_offset()->set_value(stream.next);
    stream.next += static_cast<std::int64_t>(rows.size());
  }
  if (whim != Whim::kDropAfter) return true;
  *end = {grpc::StatusCode::UNAVAILABLE, "the connection is dropped"};
  return false;
}

inline grpc::Status WriteServer::AppendRows(
    grpc::ServerContext*,
    grpc::ServerReaderWriter<storage::AppendRowsResponse, storage::AppendRowsRequest>* connection) {
  storage::AppendRowsRequest request;
  std::string schema;
  while (connection->Read(&request)) {
    {
      std::lock_guard lock(mutex_);
      if (!denied_.ok()) return denied_;
    }
    if (request.arrow_rows().has_writer_schema()) schema = request.arrow_rows().writer_schema().serialized_schema();
    storage::AppendRowsResponse response;
    grpc::Status end;
    if (!Append(request, schema, &response, &end)) return end;
    connection->Write(response);
  }
  return grpc::Status::OK;
}

}  // namespace pregao::bigquery
