#include "query/limited.h"

#include <atomic>
#include <condition_variable>
#include <fmt/format.h>
#include <mutex>
#include <thread>

#include "base/json_writer.h"
#include "query/cell.h"

namespace pregao::query {
namespace {

/// Interrupts the session once its time is up or a stop is requested, again and again: an interrupt between two steps
/// is forgotten by DuckDB.
class Deadline {
 public:
  Deadline(Session* session, std::chrono::milliseconds time, const std::stop_token& stop)
      : thread_([this, session, time, stop](std::stop_token done) {
          std::mutex mutex;
          std::condition_variable_any wake;
          const std::stop_callback on_stop(stop, [&] {
            const std::lock_guard guard(mutex);
            wake.notify_all();
          });
          std::unique_lock lock(mutex);
          over_ = !wake.wait_for(lock, done, time, [&] { return stop.stop_requested(); }) && !done.stop_requested();
          while (!done.stop_requested()) {
            session->Interrupt();
            wake.wait_for(lock, done, std::chrono::milliseconds(20), [] { return false; });
          }
        }) {}
  [[nodiscard]] bool over() const { return over_; }

 private:
  std::atomic<bool> over_ = false;
  std::jthread thread_;
};

std::string ColumnsOf(const arrow::Schema& schema) {
  JsonWriter w;
  w.BeginArray();
  for (const auto& field : schema.fields()) {
    w.BeginObject();
    w.Key("name");
    w.String(field->name());
    w.Key("type");
    w.String(field->type()->ToString());
    w.Key("number");
    w.Bool(IsNumeric(*field->type()));
    w.EndObject();
  }
  w.EndArray();
  return w.Take();
}

/// Whether there is room for more.
bool AddRows(const arrow::RecordBatch& batch, const Limits& limits, JsonRows* out) {
  for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
    if (out->count == limits.rows || out->rows.size() > limits.bytes) {
      out->truncated = true;
      return false;
    }
    out->rows += out->count++ == 0 ? "[" : ",[";
    for (int column = 0; column < batch.num_columns(); ++column) {
      if (column > 0) out->rows += ',';
      AppendJson(*batch.column(column), row, &out->rows, NotFinite::kText);
    }
    out->rows += ']';
  }
  return true;
}

Status Read(Session* session, const std::string& sql, const Limits& limits, JsonRows* out) {
  TRY_ASSIGN(const auto statements, session->Parse(sql));
  if (statements->size() != 1) return Status::Invalid("one statement at a time");
  TRY_ASSIGN(const auto stream, session->Run(statements.get(), 0));
  out->columns = ColumnsOf(*stream->schema());
  out->rows = "[";
  for (;;) {
    TRY_ASSIGN(const auto batch, stream->Next());
    if (batch == nullptr || !AddRows(*batch, limits, out)) break;
  }
  out->rows += "]";
  return Status::OK();
}

}  // namespace

Status WithinTime(Session* session, std::chrono::milliseconds time, const std::stop_token& stop,
                  const std::function<Status()>& use) {
  const Deadline deadline(session, time, stop);
  const Status status = use();
  if (!status.IsCancelled() || !deadline.over()) return status;
  const double seconds = std::chrono::duration<double>(time).count();
  return Status::Invalid(fmt::format("stopped after {:g} s, the limit: ask for less", seconds));
}

Result<JsonRows> RunLimited(Session* session, const std::string& sql, const Limits& limits) {
  JsonRows out;
  TRY(WithinTime(session, limits.time, {}, [&] { return Read(session, sql, limits, &out); }));
  return out;
}

}  // namespace pregao::query
