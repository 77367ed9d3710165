#include "spark/client.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/table.h>
#include <functional>
#include <grpcpp/grpcpp.h>
#include <spark/connect/base.grpc.pb.h>
#include <utility>

namespace pregao::spark {
namespace {

namespace connect = ::spark::connect;
using Answer = std::function<Status(const connect::ExecutePlanResponse&)>;

constexpr int kMaxMessageBytes = 128 << 20;
constexpr char kClientType[] = "pregao";

/// Spark's message starts with its error class in brackets; the JVM's stack is of no use here.
Status StatusOf(const grpc::Status& status, const std::string& address) {
  if (status.ok()) return Status::OK();
  const std::string message = status.error_message().substr(0, status.error_message().find("\n\nJVM stacktrace"));
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return Status::IOError("Spark Connect at ", address, " does not answer (", message,
                             "): is the server up, and the address its gRPC port?");
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return Status::IOError("Spark Connect at ", address, " took too long to answer");
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
      return Status::Invalid("Spark Connect at ", address, " refuses the token (", message, ")");
    default:
      return Status::Invalid(message);
  }
}

class BearerToken final : public grpc::MetadataCredentialsPlugin {
 public:
  explicit BearerToken(std::string token) : value_("Bearer " + std::move(token)) {}
  grpc::Status GetMetadata(grpc::string_ref, grpc::string_ref, const grpc::AuthContext&,
                           std::multimap<grpc::string, grpc::string>* metadata) override {
    metadata->emplace("authorization", value_);
    return grpc::Status::OK;
  }

 private:
  const std::string value_;
};

std::shared_ptr<grpc::ChannelCredentials> CredentialsOf(const ConnectUrl& url) {
  if (!url.tls) return grpc::InsecureChannelCredentials();
  const auto tls = grpc::SslCredentials({});
  if (url.token.empty()) return tls;
  return grpc::CompositeChannelCredentials(
      tls, grpc::MetadataCredentialsFromPlugin(std::make_unique<BearerToken>(url.token)));
}

connect::Relation SqlRelation(const std::string& sql) {
  connect::Relation relation;
  relation.mutable_sql()->set_query(sql);
  return relation;
}

Status Append(const std::string& stream, std::vector<std::shared_ptr<arrow::RecordBatch>>* batches,
              std::shared_ptr<arrow::Schema>* schema) {
  TRY_ASSIGN(auto reader, arrow::ipc::RecordBatchStreamReader::Open(
                              std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(stream))));
  *schema = reader->schema();
  TRY_ASSIGN(auto more, reader->ToRecordBatches());
  batches->insert(batches->end(), more.begin(), more.end());
  return Status::OK();
}

/// The stream's relation up to what is written.
connect::Relation StreamRelation(const StreamSpec& spec) {
  connect::Relation relation = SqlRelation(spec.sql);
  const auto wrap = [&relation](auto* input) { *input = std::exchange(relation, {}); };
  if (!spec.watermark.empty()) {
    connect::Relation outer;
    outer.mutable_with_watermark()->set_event_time(spec.watermark_column);
    outer.mutable_with_watermark()->set_delay_threshold(spec.watermark);
    wrap(outer.mutable_with_watermark()->mutable_input());
    relation = std::move(outer);
  }
  if (!spec.unique_columns.empty()) {
    connect::Relation outer;
    outer.mutable_deduplicate()->set_within_watermark(true);
    for (const auto& column : spec.unique_columns) outer.mutable_deduplicate()->add_column_names(column);
    wrap(outer.mutable_deduplicate()->mutable_input());
    relation = std::move(outer);
  }
  if (!spec.drop.empty()) {
    connect::Relation outer;
    for (const auto& column : spec.drop) outer.mutable_drop()->add_column_names(column);
    wrap(outer.mutable_drop()->mutable_input());
    relation = std::move(outer);
  }
  return relation;
}

}  // namespace

class Client::Impl {
 public:
  Impl(const ConnectUrl& url, std::string session, std::chrono::milliseconds timeout)
      : address_(url.address()),
        user_(url.user_id),
        session_(std::move(session)),
        headers_(url.headers),
        timeout_(timeout) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
    // Without TLS gRPC sends no credentials: to this machine the token goes as plain metadata.
    if (!url.tls && !url.token.empty()) token_ = "Bearer " + url.token;
    channel_ = grpc::CreateCustomChannel(address_, CredentialsOf(url), arguments);
    stub_ = connect::SparkConnectService::NewStub(channel_);
  }

  template <class Request>
  Request New() const {
    Request request;
    request.set_session_id(session_);
    request.mutable_user_context()->set_user_id(user_);
    request.set_client_type(kClientType);
    return request;
  }
  void Prepare(grpc::ClientContext* context) const {
    context->set_deadline(std::chrono::system_clock::now() + timeout_);
    if (!token_.empty()) context->AddMetadata("authorization", token_);
    for (const auto& [name, value] : headers_) context->AddMetadata(name, value);
  }

  Status Execute(const connect::Plan& plan, const Answer& answer) const {
    auto request = New<connect::ExecutePlanRequest>();
    *request.mutable_plan() = plan;
    grpc::ClientContext context;
    Prepare(&context);
    const auto reader = stub_->ExecutePlan(&context, request);
    connect::ExecutePlanResponse response;
    Status status;
    while (reader->Read(&response)) {
      if (!status.ok()) continue;  // it was called off: what still comes is of no use
      status = answer(response);
      if (!status.ok()) context.TryCancel();
    }
    const grpc::Status end = reader->Finish();
    TRY(status);
    return StatusOf(end, address_);
  }
  Status Execute(
      const connect::Command& command, const Answer& answer = [](const auto&) { return Status::OK(); }) const {
    connect::Plan plan;
    *plan.mutable_command() = command;
    return Execute(plan, answer);
  }
  Status CreateView(const std::string& name, connect::Relation relation) const {
    connect::Command command;
    auto* view = command.mutable_create_dataframe_view();
    *view->mutable_input() = std::move(relation);
    view->set_name(name);
    view->set_replace(true);
    return Execute(command);
  }
  /// Asks one thing of one query.
  Result<connect::StreamingQueryCommandResult> Ask(
      const QueryId& query, const std::function<void(connect::StreamingQueryCommand*)>& what) const {
    connect::Command command;
    auto* ask = command.mutable_streaming_query_command();
    ask->mutable_query_id()->set_id(query.id);
    ask->mutable_query_id()->set_run_id(query.run_id);
    what(ask);
    connect::StreamingQueryCommandResult out;
    TRY(Execute(command, [&](const connect::ExecutePlanResponse& response) {
      if (response.has_streaming_query_command_result()) out = response.streaming_query_command_result();
      return Status::OK();
    }));
    return out;
  }
  Result<std::string> Version() const {
    auto request = New<connect::AnalyzePlanRequest>();
    request.mutable_spark_version();
    grpc::ClientContext context;
    Prepare(&context);
    connect::AnalyzePlanResponse response;
    TRY(StatusOf(stub_->AnalyzePlan(&context, request, &response), address_));
    return response.spark_version().version();
  }

 private:
  const std::string address_, user_, session_;
  const std::map<std::string, std::string> headers_;
  const std::chrono::milliseconds timeout_;
  std::string token_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<connect::SparkConnectService::Stub> stub_;
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::Connect(const ConnectUrl& url, std::string session,
                                                std::chrono::milliseconds timeout) {
  auto client = std::unique_ptr<Client>(new Client(std::make_unique<Impl>(url, std::move(session), timeout)));
  TRY(client->Version().status());
  return client;
}

Result<std::string> Client::Version() { return impl_->Version(); }

Status Client::Run(const std::string& sql) {
  connect::Command command;
  *command.mutable_sql_command()->mutable_input() = SqlRelation(sql);
  return impl_->Execute(command);
}

Result<std::shared_ptr<arrow::Table>> Client::Query(const std::string& sql) {
  connect::Plan plan;
  *plan.mutable_root() = SqlRelation(sql);
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  std::shared_ptr<arrow::Schema> schema;
  std::string chunks;
  TRY(impl_->Execute(plan, [&](const connect::ExecutePlanResponse& response) {
    if (!response.has_arrow_batch()) return Status::OK();
    const auto& part = response.arrow_batch();
    chunks += part.data();
    if (part.has_num_chunks_in_batch() && part.chunk_index() + 1 < part.num_chunks_in_batch()) return Status::OK();
    return Append(std::exchange(chunks, {}), &batches, &schema);
  }));
  if (!schema) return Status::Invalid("Spark sent no rows and no columns for: ", sql);
  return arrow::Table::FromRecordBatches(schema, batches);
}

Status Client::CreateStreamView(const std::string& name, const std::string& format,
                                const std::map<std::string, std::string>& options) {
  connect::Relation relation;
  relation.mutable_read()->set_is_streaming(true);
  auto* source = relation.mutable_read()->mutable_data_source();
  source->set_format(format);
  source->mutable_options()->insert(options.begin(), options.end());
  return impl_->CreateView(name, std::move(relation));
}

Status Client::CreateView(const std::string& name, const std::string& sql) {
  return impl_->CreateView(name, SqlRelation(sql));
}

Result<QueryId> Client::Start(const StreamSpec& spec) {
  connect::Command command;
  auto* start = command.mutable_write_stream_operation_start();
  *start->mutable_input() = StreamRelation(spec);
  if (!spec.then_sql.empty()) {
    TRY(impl_->CreateView("rows", start->input()));
    *start->mutable_input() = SqlRelation(spec.then_sql);
  }
  start->set_format(spec.format);
  start->mutable_options()->insert(spec.options.begin(), spec.options.end());
  (*start->mutable_options())["checkpointLocation"] = spec.checkpoint;
  for (const auto& column : spec.partition_by) start->add_partitioning_column_names(column);
  if (spec.available_now) {
    start->set_available_now(true);
  } else {
    start->set_processing_time_interval(spec.interval);
  }
  start->set_output_mode("append");
  start->set_query_name(spec.name);
  start->set_path(spec.path);
  QueryId out;
  TRY(impl_->Execute(command, [&](const connect::ExecutePlanResponse& response) {
    if (response.has_write_stream_operation_start_result()) {
      const auto& started = response.write_stream_operation_start_result();
      out = {started.query_id().id(), started.query_id().run_id(), started.name()};
    }
    return Status::OK();
  }));
  return out;
}

Result<std::vector<QueryId>> Client::Active() {
  connect::Command command;
  command.mutable_streaming_query_manager_command()->set_active(true);
  std::vector<QueryId> out;
  TRY(impl_->Execute(command, [&](const connect::ExecutePlanResponse& response) {
    for (const auto& query : response.streaming_query_manager_command_result().active().active_queries()) {
      out.push_back({query.id().id(), query.id().run_id(), query.name()});
    }
    return Status::OK();
  }));
  return out;
}

Result<QueryState> Client::State(const QueryId& query) {
  QueryState out;
  TRY_ASSIGN(const auto status, impl_->Ask(query, [](auto* ask) { ask->set_status(true); }));
  out.active = status.status().is_active();
  out.message = status.status().status_message();
  TRY_ASSIGN(const auto progress, impl_->Ask(query, [](auto* ask) { ask->set_last_progress(true); }));
  const auto& recent = progress.recent_progress().recent_progress_json();
  if (!recent.empty()) out.progress = recent[recent.size() - 1];
  if (out.active) return out;
  TRY_ASSIGN(const auto ended, impl_->Ask(query, [](auto* ask) { ask->set_exception(true); }));
  out.error = ended.exception().exception_message();
  return out;
}

Status Client::Stop(const QueryId& query) {
  return impl_->Ask(query, [](auto* ask) { ask->set_stop(true); }).status();
}

}  // namespace pregao::spark
