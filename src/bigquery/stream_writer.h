#pragma once
#include <arrow/record_batch.h>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

#include "bigquery/write_api.h"

namespace pregao::bigquery {

enum class AppendEnd {
  kDone,       ///< every row is in the table, but for those refused
  kFinalised,  ///< somebody else has taken over: any first part of the rows is in the table
};

struct StreamWriterOptions {
  std::int64_t request_bytes = 4 << 20;  ///< aimed at; BigQuery takes 10 MB
  std::size_t in_flight = 8;             ///< requests without an answer
};

/// Appends rows to one COMMITTED stream that is this process's alone, each once and in order: a request that may have
/// been lost is sent again with its offset. Not thread-safe.
class StreamWriter {
 public:
  using OnRefused = std::function<Status(const arrow::RecordBatch& rows, const std::vector<RefusedRow>& refused)>;

  /// @param api     outlives the writer
  /// @param stream  new, without rows
  StreamWriter(WriteApi* api, std::string stream, std::shared_ptr<arrow::Schema> wire,
               StreamWriterOptions options = {});
  ~StreamWriter();

  /// Begins to append `rows`, of the schema `wire`: as many requests are sent as may be without an answer. Then Finish.
  [[nodiscard]] Status Start(std::shared_ptr<arrow::RecordBatch> rows);
  /// Waits until the rows are there. Where BigQuery refuses some, `on_refused` is called with the rows of that request
  /// before those that follow are sent; its error ends the call. An IOError: the stream is lost, or the service did
  /// not answer for long; any first part of the rows may be in the table, and the writer is of no further use.
  [[nodiscard]] Result<AppendEnd> Finish(const OnRefused& on_refused);
  /// Of the rows that BigQuery has taken so far, as they travel.
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }

 private:
  struct Chunk {
    std::int64_t offset;  // in the stream
    std::shared_ptr<arrow::RecordBatch> rows;
    std::string bytes;  // rows in IPC form
  };
  [[nodiscard]] Status Cut(const std::shared_ptr<arrow::RecordBatch>& rows, std::int64_t most);
  void SendMore();
  [[nodiscard]] Status DropRefused(const Answer& answer, const OnRefused& on_refused);

  WriteApi* const api_;
  const std::string stream_;
  const std::shared_ptr<arrow::Schema> wire_;
  const StreamWriterOptions options_;
  std::string schema_;        // wire_ in IPC form
  std::int64_t offset_ = 0;   // behind the last chunk
  std::int64_t bytes_ = 0;    // taken
  std::deque<Chunk> chunks_;  // without an answer
  std::size_t sent_ = 0;      // of chunks_, on this connection
  bool first_ = true;         // nothing was sent on this connection
  bool resent_ = false;       // requests of an older connection may still be on their way
  std::unique_ptr<AppendConnection> connection_;
};

}  // namespace pregao::bigquery
