#pragma once
#include <google/cloud/bigquery/storage/v1/storage.pb.h>
#include <grpcpp/support/status.h>

#include "bigquery/write_api.h"

namespace pregao::bigquery {

namespace storage = ::google::cloud::bigquery::storage::v1;

/// The end of a call.
[[nodiscard]] Answer AnswerOf(const grpc::Status& status);
/// An answer within a call.
[[nodiscard]] Answer AnswerOf(const storage::AppendRowsResponse& response);

}  // namespace pregao::bigquery
