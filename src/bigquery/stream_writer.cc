#include "bigquery/stream_writer.h"

#include <algorithm>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/ipc/writer.h>
#include <set>
#include <spdlog/spdlog.h>

namespace pregao::bigquery {
namespace {

constexpr std::int64_t kMaxRequestBytes = 9'500'000;

Result<std::string> Serialize(const arrow::RecordBatch& rows) {
  TRY_ASSIGN(const auto buffer, arrow::ipc::SerializeRecordBatch(rows, arrow::ipc::IpcWriteOptions::Defaults()));
  return buffer->ToString();
}

Result<std::shared_ptr<arrow::RecordBatch>> Without(const arrow::RecordBatch& rows,
                                                    const std::vector<RefusedRow>& refused) {
  std::set<std::int64_t> bad;
  for (const auto& row : refused) bad.insert(row.row);
  arrow::Int64Builder keep;
  for (std::int64_t i = 0; i < rows.num_rows(); ++i) {
    if (!bad.contains(i)) TRY(keep.Append(i));
  }
  TRY_ASSIGN(const auto indices, keep.Finish());
  arrow::ArrayVector columns;
  for (const auto& column : rows.columns()) {
    TRY_ASSIGN(auto taken, arrow::compute::Take(*column, *indices));
    columns.push_back(std::move(taken));
  }
  return arrow::RecordBatch::Make(rows.schema(), indices->length(), std::move(columns));
}

}  // namespace

StreamWriter::StreamWriter(WriteApi* api, std::string stream, std::shared_ptr<arrow::Schema> wire,
                           StreamWriterOptions options)
    : api_(api), stream_(std::move(stream)), wire_(std::move(wire)), options_(options) {}
StreamWriter::~StreamWriter() = default;

/// Adds requests of at most `most` rows, fewer where they would be too large.
Status StreamWriter::Cut(const std::shared_ptr<arrow::RecordBatch>& rows, std::int64_t most) {
  for (std::int64_t first = 0; first < rows->num_rows(); first += most) {
    auto part = rows->Slice(first, most);
    TRY_ASSIGN(auto bytes, Serialize(*part));
    if (static_cast<std::int64_t>(bytes.size()) > kMaxRequestBytes) {
      if (part->num_rows() == 1) return Status::Invalid("a row of ", bytes.size(), " bytes is too large for BigQuery");
      TRY(Cut(part, (part->num_rows() + 1) / 2));
      continue;
    }
    const std::int64_t count = part->num_rows();
    chunks_.push_back({offset_, std::move(part), std::move(bytes)});
    offset_ += count;
  }
  return Status::OK();
}

Status StreamWriter::Start(std::shared_ptr<arrow::RecordBatch> rows) {
  if (schema_.empty()) {
    TRY_ASSIGN(const auto schema, arrow::ipc::SerializeSchema(*wire_));
    schema_ = schema->ToString();
  }
  if (rows->num_rows() == 0) return Status::OK();
  std::int64_t size = 0;
  TRY(arrow::ipc::GetRecordBatchSize(*rows, &size));
  TRY(Cut(rows,
          std::max<std::int64_t>(1, options_.request_bytes * rows->num_rows() / std::max<std::int64_t>(1, size))));
  SendMore();
  return Status::OK();
}

void StreamWriter::SendMore() {
  if (!connection_) {
    connection_ = api_->Connect(stream_);
    first_ = true;
    sent_ = 0;
  }
  while (sent_ < std::min(chunks_.size(), options_.in_flight)) {
    const Chunk& chunk = chunks_[sent_];
    if (!connection_->Send(chunk.offset, first_ ? &schema_ : nullptr, chunk.bytes)) return;  // Receive tells why
    first_ = false;
    ++sent_;
  }
}

/// The first chunk was not taken, and so was none behind it. What follows moves up.
Status StreamWriter::DropRefused(const Answer& answer, const OnRefused& on_refused) {
  if (sent_ == 0) return Status::IOError("BigQuery: stream ", stream_, ": an answer that nobody asked for");
  for (const auto& row : answer.refused) {
    if (row.row < 0 || row.row >= chunks_.front().rows->num_rows()) {
      return Status::IOError("BigQuery refuses row ", row.row, " of a request of ", chunks_.front().rows->num_rows());
    }
  }
  // Until each has its answer, one of those behind might come in where its offset fits again.
  for (std::size_t i = 1; i < sent_; ++i) {
    const Answer next = connection_->Receive();
    if (next.fault == Fault::kNone || next.fault == Fault::kMayPass) {
      return Status::IOError("BigQuery: stream ", stream_, " broke while rows were refused: ", next.message);
    }
  }
  TRY(on_refused(*chunks_.front().rows, answer.refused));
  if (resent_) {
    return Status::IOError("BigQuery: stream ", stream_, " is given up: rows were refused after a lost connection");
  }
  connection_.reset();
  TRY_ASSIGN(auto rest, Without(*chunks_.front().rows, answer.refused));
  TRY_ASSIGN(auto bytes, Serialize(*rest));
  chunks_.front() = {chunks_.front().offset, std::move(rest), std::move(bytes)};
  std::int64_t offset = chunks_.front().offset;
  for (Chunk& chunk : chunks_) {
    chunk.offset = offset;
    offset += chunk.rows->num_rows();
  }
  offset_ = offset;
  if (chunks_.front().rows->num_rows() == 0) chunks_.pop_front();
  return Status::OK();
}

Result<AppendEnd> StreamWriter::Finish(const OnRefused& on_refused) {
  auto retries = api_->NewRetries();
  while (!chunks_.empty()) {
    SendMore();
    const Answer answer = connection_->Receive();
    switch (answer.fault) {
      case Fault::kNone:
      case Fault::kAlreadyThere:
        if (sent_ == 0) return Status::IOError("BigQuery: stream ", stream_, ": an answer that nobody asked for");
        bytes_ += static_cast<std::int64_t>(chunks_.front().bytes.size());
        chunks_.pop_front();
        --sent_;
        retries.Progress();
        break;
      case Fault::kRows:
        TRY(DropRefused(answer, on_refused));
        break;
      case Fault::kFinalised:
        return AppendEnd::kFinalised;
      case Fault::kMayPass:
        spdlog::debug("BigQuery: stream {}: {}; connecting again", stream_, answer.message);
        connection_.reset();
        resent_ = true;
        if (!retries.Again()) return api_->Error(answer, "stream " + stream_);
        break;
      case Fault::kLost:
      case Fault::kRefused:
        return api_->Error(answer, "stream " + stream_);
    }
  }
  return AppendEnd::kDone;
}

}  // namespace pregao::bigquery
