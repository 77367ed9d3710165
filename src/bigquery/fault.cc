#include "bigquery/fault.h"

namespace pregao::bigquery {
namespace {

using storage::StorageError;

/// BigQuery's own code among the details of an error; unspecified when there is none.
StorageError::StorageErrorCode StorageCode(const google::rpc::Status& status) {
  for (const auto& detail : status.details()) {
    StorageError error;
    if (detail.UnpackTo(&error)) return error.code();
  }
  return StorageError::STORAGE_ERROR_CODE_UNSPECIFIED;
}

Fault FaultOf(const google::rpc::Status& status) {
  switch (StorageCode(status)) {
    case StorageError::STREAM_FINALIZED:
    case StorageError::INVALID_STREAM_STATE:
      return Fault::kFinalised;
    case StorageError::OFFSET_ALREADY_EXISTS:
      return Fault::kAlreadyThere;
    case StorageError::OFFSET_OUT_OF_RANGE:
    case StorageError::STREAM_NOT_FOUND:
    case StorageError::TABLE_NOT_FOUND:
      return Fault::kLost;
    default:
      break;
  }
  switch (static_cast<grpc::StatusCode>(status.code())) {
    case grpc::StatusCode::OK:
      return Fault::kNone;
    case grpc::StatusCode::ALREADY_EXISTS:
      return Fault::kAlreadyThere;
    case grpc::StatusCode::FAILED_PRECONDITION:
      return Fault::kFinalised;
    case grpc::StatusCode::OUT_OF_RANGE:
    case grpc::StatusCode::NOT_FOUND:
    case grpc::StatusCode::DATA_LOSS:
    case grpc::StatusCode::UNKNOWN:  // whether the rows are there only the table can tell
      return Fault::kLost;
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::CANCELLED:
      return Fault::kMayPass;
    default:
      return Fault::kRefused;
  }
}

}  // namespace

Answer AnswerOf(const grpc::Status& status) {
  google::rpc::Status full;
  if (!full.ParseFromString(status.error_details())) full.Clear();
  full.set_code(static_cast<int>(status.error_code()));
  return {FaultOf(full), status.error_message(), {}};
}

Answer AnswerOf(const storage::AppendRowsResponse& response) {
  Answer out;
  if (response.row_errors_size() > 0) {
    out.fault = Fault::kRows;
    for (const auto& error : response.row_errors()) out.refused.push_back({error.index(), error.message()});
  } else if (response.has_error()) {
    out.fault = FaultOf(response.error());
  }
  if (response.has_error()) out.message = response.error().message();
  return out;
}

}  // namespace pregao::bigquery
