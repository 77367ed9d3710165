#include "bigquery/write_api.h"

#include "bigquery/append_connection.h"
#include "bigquery/fault.h"

namespace pregao::bigquery {
namespace {

constexpr int kMaxMessageBytes = 16 << 20;
constexpr char kGrant[] = "roles/bigquery.dataEditor on the dataset";

class BearerToken final : public grpc::MetadataCredentialsPlugin {
 public:
  explicit BearerToken(std::shared_ptr<cloud::TokenSource> tokens) : tokens_(std::move(tokens)) {}
  grpc::Status GetMetadata(grpc::string_ref, grpc::string_ref, const grpc::AuthContext&,
                           std::multimap<grpc::string, grpc::string>* metadata) override {
    const auto token = tokens_->Get();
    if (!token.ok()) {
      const bool may_pass = token.status().IsIOError();
      return {may_pass ? grpc::StatusCode::UNAVAILABLE : grpc::StatusCode::UNAUTHENTICATED, token.status().message()};
    }
    metadata->emplace("authorization", "Bearer " + *token);
    return grpc::Status::OK;
  }
  bool IsBlocking() const override { return true; }

 private:
  const std::shared_ptr<cloud::TokenSource> tokens_;
};

std::shared_ptr<grpc::ChannelCredentials> CredentialsOf(bool plain, const std::shared_ptr<cloud::TokenSource>& tokens) {
  if (plain) return grpc::InsecureChannelCredentials();
  return grpc::CompositeChannelCredentials(grpc::SslCredentials({}),
                                           grpc::MetadataCredentialsFromPlugin(std::make_unique<BearerToken>(tokens)));
}

}  // namespace

class WriteApi::Impl {
 public:
  Impl(Options options, std::shared_ptr<cloud::TokenSource> tokens, cloud::HttpCounters* counters)
      : options_(std::move(options)), who_(tokens ? tokens->who() : "nobody (an emulator)"), counters_(counters) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
    // A service that is back is found within seconds, not after gRPC's two minutes.
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
    stub_ = storage::BigQueryWrite::NewStub(
        grpc::CreateCustomChannel(options_.endpoint, CredentialsOf(options_.plain, tokens), arguments));
  }

  /// Calls until the answer is one that stays.
  template <class Call>
  Answer Repeat(const std::string& route, const Call& call) const {
    auto retries = NewRetries();
    for (;;) {
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + options_.timeout);
      context.AddMetadata("x-goog-request-params", route);
      Answer answer = AnswerOf(call(&context));
      if (answer.fault != Fault::kMayPass || !retries.Again()) return answer;
    }
  }
  cloud::Retries NewRetries() const { return {&options_.retry, counters_}; }

  const Options options_;
  const std::string who_;
  cloud::HttpCounters* const counters_;
  std::unique_ptr<storage::BigQueryWrite::Stub> stub_;
};

WriteApi::WriteApi(Options options, std::shared_ptr<cloud::TokenSource> tokens, cloud::HttpCounters* counters)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(tokens), counters)) {}
WriteApi::~WriteApi() = default;

cloud::Retries WriteApi::NewRetries() const { return impl_->NewRetries(); }

Result<std::string> WriteApi::CreateStream(const std::string& table) {
  storage::CreateWriteStreamRequest request;
  request.set_parent(table);
  request.mutable_write_stream()->set_type(storage::WriteStream::COMMITTED);
  storage::WriteStream stream;
  const Answer answer = impl_->Repeat("parent=" + cloud::UrlEncode(table), [&](grpc::ClientContext* context) {
    return impl_->stub_->CreateWriteStream(context, request, &stream);
  });
  if (answer.fault != Fault::kNone) return Error(answer, "no stream for " + table);
  return stream.name();
}

Status WriteApi::Finalise(const std::string& stream) {
  storage::FinalizeWriteStreamRequest request;
  request.set_name(stream);
  storage::FinalizeWriteStreamResponse response;
  const Answer answer = impl_->Repeat("name=" + cloud::UrlEncode(stream), [&](grpc::ClientContext* context) {
    const grpc::Status status = impl_->stub_->FinalizeWriteStream(context, request, &response);
    return status.error_code() == grpc::StatusCode::NOT_FOUND ? grpc::Status::OK : status;
  });
  if (answer.fault == Fault::kNone || answer.fault == Fault::kFinalised) return Status::OK();
  return Error(answer, "stream " + stream + " cannot be finalised");
}

std::unique_ptr<AppendConnection> WriteApi::Connect(const std::string& stream) {
  return std::unique_ptr<AppendConnection>(new AppendConnection(
      std::make_unique<AppendConnection::Impl>(impl_->stub_.get(), stream, impl_->options_.timeout)));
}

Status WriteApi::Error(const Answer& answer, const std::string& what) const {
  const std::string text =
      "BigQuery at " + impl_->options_.endpoint + ": " + what + ": " + (answer.message.empty() ? "?" : answer.message);
  if (answer.fault != Fault::kRefused) return Status::IOError(text);
  return Status::Invalid(text, "; asked as ", impl_->who_, ", which needs ", kGrant);
}

}  // namespace pregao::bigquery
