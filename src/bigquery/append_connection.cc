#include "bigquery/append_connection.h"

#include "base/version.h"

#include "bigquery/fault.h"
#include "cloud/http_client.h"

namespace pregao::bigquery {
namespace {

void* TagOf(int event) { return reinterpret_cast<void*>(static_cast<std::intptr_t>(event + 1)); }
int EventOf(void* tag) { return static_cast<int>(reinterpret_cast<std::intptr_t>(tag)) - 1; }

}  // namespace

AppendConnection::Impl::Impl(storage::BigQueryWrite::Stub* stub, std::string stream, std::chrono::milliseconds timeout)
    : stream_(std::move(stream)), timeout_(timeout) {
  context_.AddMetadata("x-goog-request-params", "write_stream=" + cloud::UrlEncode(stream_));
  call_ = stub->PrepareAsyncAppendRows(&context_, &queue_);
  Pend(kStart);
  call_->StartCall(TagOf(kStart));
}

AppendConnection::Impl::~Impl() {
  context_.TryCancel();
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) continue;  // what is pending ends by the cancellation
}

bool AppendConnection::Impl::Await(Event event) {
  const auto until = std::chrono::system_clock::now() + timeout_;
  while (states_[event].pending) {
    void* tag = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, until) != grpc::CompletionQueue::GOT_EVENT) return false;
    states_[EventOf(tag)] = {false, ok};
  }
  return states_[event].ok;
}

bool AppendConnection::Impl::Send(std::int64_t offset, const std::string* schema, const std::string& batch) {
  if (ended_ || !Await(kStart) || !Await(kWrite)) return false;
  Request request;
  request.set_write_stream(stream_);
  request.mutable_offset()->set_value(offset);
  if (schema != nullptr) {
    request.set_trace_id("pregao:" + std::string(kVersion));
    request.mutable_arrow_rows()->mutable_writer_schema()->set_serialized_schema(*schema);
  }
  request.mutable_arrow_rows()->mutable_rows()->set_serialized_record_batch(batch);
  Pend(kWrite);
  call_->Write(request, TagOf(kWrite));
  return true;
}

Answer AppendConnection::Impl::Receive() {
  if (ended_ || !Await(kStart)) return End();
  Pend(kRead);
  call_->Read(&response_, TagOf(kRead));
  if (!Await(kRead)) return End();
  return AnswerOf(response_);
}

Answer AppendConnection::Impl::End() {
  if (!ended_) {
    ended_ = true;
    const bool late = states_[kStart].pending || states_[kRead].pending;
    if (late) context_.TryCancel();
    Pend(kFinish);
    call_->Finish(&status_, TagOf(kFinish));
    if (!Await(kFinish) || late) status_ = {grpc::StatusCode::DEADLINE_EXCEEDED, "no answer in time"};
  }
  Answer answer = AnswerOf(status_);
  // The server ends a call that is idle for long without an error.
  if (answer.fault == Fault::kNone) answer = {Fault::kMayPass, "the connection was closed", {}};
  // Which request that was about is not said.
  if (answer.fault == Fault::kAlreadyThere) answer.fault = Fault::kLost;
  return answer;
}

AppendConnection::AppendConnection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AppendConnection::~AppendConnection() = default;
bool AppendConnection::Send(std::int64_t offset, const std::string* schema, const std::string& batch) {
  return impl_->Send(offset, schema, batch);
}
Answer AppendConnection::Receive() { return impl_->Receive(); }

}  // namespace pregao::bigquery
