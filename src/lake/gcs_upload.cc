#include "lake/gcs_upload.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "base/json_writer.h"
#include "lake/store_path.h"

#include "cloud/crypto.h"
#include "cloud/json.h"

namespace pregao::lake {
namespace {

using cloud::HttpAnswer;
using cloud::HttpRequest;

constexpr char kMark[] = "pregao-put";
constexpr int kMaxSessions = 3;

std::string Header(const HttpAnswer& answer, const std::string& name) {
  const auto found = answer.headers.find(name);
  return found == answer.headers.end() ? "" : found->second;
}

/// How many bytes a 308 says the server has: "Range: bytes=0-262143". Without one it has none.
std::size_t Received(const HttpAnswer& answer) {
  const std::string range = Header(answer, "range");
  const auto dash = range.find('-');
  std::size_t last = 0;
  if (dash == std::string::npos) return 0;
  const auto [end, error] = std::from_chars(range.data() + dash + 1, range.data() + range.size(), last);
  return error == std::errc() ? last + 1 : 0;
}

bool IsStored(const HttpAnswer& answer) { return answer.status == 200 || answer.status == 201; }

/// A session is an address on the very server that was asked, whatever that server calls itself (emulators err).
std::string OnBase(const std::string& base, const std::string& location) {
  const auto scheme = location.find("://");
  const auto path = location.find('/', scheme == std::string::npos ? 0 : scheme + 3);
  return path == std::string::npos ? "" : base + location.substr(path);
}

}  // namespace

GcsUpload::GcsUpload(const GcsBucket* bucket, std::string name, std::string_view bytes, bool if_absent,
                     std::size_t chunk)
    : bucket_(bucket),
      name_(std::move(name)),
      bytes_(bytes),
      if_absent_(if_absent),
      chunk_(chunk),
      mark_(NewUuid()),
      md5_(cloud::Md5Base64(bytes)) {}

std::string GcsUpload::Resource() const {
  JsonWriter w;
  w.BeginObject();
  w.Key("name");
  w.String(name_);
  if (!md5_.empty()) {  // Google refuses an upload that arrives otherwise
    w.Key("md5Hash");
    w.String(md5_);
  }
  w.Key("metadata");
  w.BeginObject();
  w.Key(kMark);
  w.String(mark_);
  w.EndObject();
  w.EndObject();
  return w.Take();
}

Result<HttpAnswer> GcsUpload::SendWhole() const {
  const std::string boundary = "pregao-" + mark_;
  std::string body = fmt::format(
      "--{0}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{1}\r\n--{0}\r\nContent-Type: "
      "application/octet-stream\r\n\r\n",
      boundary, Resource());
  body.reserve(body.size() + bytes_.size() + boundary.size() + 8);
  body.append(bytes_).append("\r\n--").append(boundary).append("--\r\n");
  HttpRequest request;
  request.method = "POST";
  request.url = bucket_->UploadUrl(name_, "multipart", if_absent_);
  request.headers = {{"Content-Type", "multipart/related; boundary=" + boundary}};
  request.body = body;
  return bucket_->api()->Send(request);
}

Result<HttpAnswer> GcsUpload::StartSession() const {
  const std::string resource = Resource();
  HttpRequest request;
  request.method = "POST";
  request.url = bucket_->UploadUrl(name_, "resumable", if_absent_);
  request.headers = {{"Content-Type", "application/json; charset=UTF-8"},
                     {"X-Upload-Content-Type", "application/octet-stream"},
                     {"X-Upload-Content-Length", std::to_string(bytes_.size())}};
  request.body = resource;
  return bucket_->api()->Send(request);
}

HttpRequest GcsUpload::Piece(const std::string& session, std::size_t offset) const {
  HttpRequest request;
  request.method = "PUT";
  request.url = session;
  request.body = bytes_.substr(offset, chunk_);
  request.headers = {
      {"Content-Type", "application/octet-stream"},
      {"Content-Range", fmt::format("bytes {}-{}/{}", offset, offset + request.body.size() - 1, bytes_.size())}};
  return request;
}

Result<HttpAnswer> GcsUpload::FollowSession(const std::string& session) const {
  HttpRequest question;  // how much is there?
  question.method = "PUT";
  question.url = session;
  question.headers = {{"Content-Range", fmt::format("bytes */{}", bytes_.size())}};
  cloud::Retries retries = bucket_->api()->NewRetries();
  std::size_t offset = 0, furthest = 0;
  bool ask = false;
  for (;;) {
    const auto answer = bucket_->api()->SendOnce(ask ? question : Piece(session, offset));
    const bool failed = answer.ok() ? cloud::MayRetry(*answer) : answer.status().IsIOError();
    if (!failed && (!answer.ok() || answer->status != 308)) return answer;
    if (!failed) {
      const bool asked = ask;
      offset = std::min(Received(*answer), bytes_.size());
      ask = offset == bytes_.size();  // all is there and the object is not yet: ask until it is
      if (offset > furthest) {
        furthest = offset;
        retries.Progress();
        continue;
      }
      if (asked && !ask) continue;  // the piece that failed goes again, and has been waited for
    } else {
      ask = true;
    }
    if (!retries.Again(answer.ok() ? answer->retry_after : std::nullopt)) {
      if (failed) return answer;
      return Status::IOError("cannot write ", bucket_->Uri(name_), ": the upload stands still at ", offset, " of ",
                             bytes_.size(), " bytes");
    }
  }
}

Result<HttpAnswer> GcsUpload::SendInPieces() const {
  for (int session = 1;; ++session) {
    TRY_ASSIGN(auto started, StartSession());
    if (started.status != 200) return started;
    const std::string url = OnBase(bucket_->base(), Header(started, "location"));
    if (url.empty()) return Status::IOError("cannot write ", bucket_->Uri(name_), ": no upload session was given");
    TRY_ASSIGN(auto answer, FollowSession(url));
    const bool forgotten = answer.status == 404 || answer.status == 410;
    if (!forgotten || session == kMaxSessions) return answer;
  }
}

Status GcsUpload::CheckStored(const HttpAnswer& answer) const {
  const auto json = cloud::Json::Parse(answer.body);
  if (!json.ok()) return Status::IOError("cannot write ", bucket_->Uri(name_), ": the answer is not JSON");
  const auto size = json->Number("/size");
  const auto md5 = json->Text("/md5Hash");
  const bool same = size == static_cast<std::int64_t>(bytes_.size()) && (!md5 || md5_.empty() || *md5 == md5_);
  return same ? Status::OK() : Status::IOError(bucket_->Uri(name_), " arrived otherwise than it was sent");
}

Result<PutOutcome> GcsUpload::WhoMadeIt() const {
  HttpRequest request;
  request.url = bucket_->ObjectUrl(name_) + "?fields=metadata,size,md5Hash";
  TRY_ASSIGN(const auto answer, bucket_->api()->Send(request));
  if (answer.status == 404) return PutOutcome::kExists;  // it was there, and somebody has deleted it since
  if (answer.status != 200) return bucket_->Error(answer, "look at", name_);
  const auto json = cloud::Json::Parse(answer.body);
  const auto mark = json.ok() ? json->Text(std::string("/metadata/") + kMark) : std::nullopt;
  return mark == mark_ ? PutOutcome::kCreated : PutOutcome::kExists;
}

Result<PutOutcome> GcsUpload::Run() {
  TRY_ASSIGN(const auto answer, bytes_.size() <= chunk_ ? SendWhole() : SendInPieces());
  if (answer.status == 412 && if_absent_) return WhoMadeIt();
  if (!IsStored(answer)) {
    const Status status = bucket_->Error(answer, "write", name_);
    // Absence is no answer to a write: an upload session was forgotten again and again.
    const bool forgotten = status.IsKeyError() || answer.status == 410;
    return forgotten ? Status::IOError(status.message()) : status;
  }
  TRY(CheckStored(answer));
  return PutOutcome::kCreated;
}

}  // namespace pregao::lake
