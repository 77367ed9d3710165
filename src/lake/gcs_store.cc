#include "lake/gcs_store.h"

#include <algorithm>
#include <fmt/format.h>

#include "lake/gcs_bucket.h"
#include "lake/gcs_listing.h"
#include "lake/gcs_upload.h"
#include "lake/store_path.h"

namespace pregao::lake {
namespace {

using cloud::HttpRequest;

constexpr std::size_t kMaxObject = std::size_t{1} << 30;  // bytes that Get takes into memory
constexpr std::size_t kErrorBody = 64u << 10;
constexpr int kMaxPages = 100'000;

struct Place {
  std::string bucket, prefix;  ///< the prefix is empty or ends in '/'
};

Result<Place> ParseUri(const std::string& uri) {
  constexpr std::string_view kScheme = "gs://";
  std::string_view rest = uri;
  if (!rest.starts_with(kScheme)) return Status::Invalid("'", uri, "' is not gs://bucket/prefix");
  rest.remove_prefix(kScheme.size());
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const auto slash = std::min(rest.find('/'), rest.size());
  Place place{std::string(rest.substr(0, slash)), ""};
  const bool plain = std::ranges::all_of(place.bucket, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
  if (!plain || place.bucket.size() < 3 || place.bucket.size() > 222) {
    return Status::Invalid(
        "'", uri, "': '", place.bucket,
        "' is no name of a bucket (3 to 222 of a-z, 0-9, '-', '_', '.'); the form is gs://bucket/prefix");
  }
  if (slash == rest.size()) return place;
  if (const Status status = CheckStorePath(rest.substr(slash + 1)); !status.ok()) {
    return Status::Invalid("'", uri, "': ", status.message());
  }
  place.prefix = std::string(rest.substr(slash + 1)) + "/";
  return place;
}

}  // namespace

struct GcsStore::State {
  std::string uri, prefix;
  GcsBucket bucket;
  std::size_t chunk;
  int page_size;

  Result<std::string> Name(const std::string& path) const {
    TRY(CheckStorePath(path));
    return prefix + path;
  }
};

GcsStore::GcsStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
GcsStore::~GcsStore() = default;

std::string GcsStore::uri() const { return state_->uri; }

Status GcsStore::CheckUri(const std::string& uri) { return ParseUri(uri).status(); }

Result<std::shared_ptr<ObjectStore>> GcsStore::Open(const std::string& uri, const GcsOptions& options,
                                                    const Clock* clock) {
  TRY_ASSIGN(const Place place, ParseUri(uri));
  constexpr std::size_t kGrain = 256u << 10;
  if (options.upload_chunk == 0 || options.upload_chunk % kGrain != 0) {
    return Status::Invalid("upload_chunk ", options.upload_chunk, " is not a multiple of 256 KiB");
  }
  const auto client = std::make_shared<cloud::HttpClient>(options.http, options.counters);
  std::shared_ptr<cloud::TokenSource> tokens;
  std::string base = options.endpoint;
  if (options.emulator.empty()) {
    TRY_ASSIGN(tokens, cloud::FindCredentials(options.environment, {kGcsScope}, client, clock));
  } else {
    base = cloud::EmulatorBase(options.emulator);
  }
  auto api = std::make_shared<cloud::GoogleApi>(client, std::move(tokens), options.retry);
  const std::string plain_uri = "gs://" + place.bucket + (place.prefix.empty() ? "" : "/" + place.prefix);
  auto state = std::make_unique<State>(State{plain_uri.substr(0, plain_uri.size() - (place.prefix.empty() ? 0 : 1)),
                                             place.prefix, GcsBucket(base, place.bucket, std::move(api)),
                                             options.upload_chunk, options.page_size});
  return std::shared_ptr<ObjectStore>(new GcsStore(std::move(state)));
}

Status GcsStore::Put(const std::string& path, std::string_view bytes) {
  TRY_ASSIGN(const std::string name, state_->Name(path));
  return GcsUpload(&state_->bucket, name, bytes, /*if_absent=*/false, state_->chunk).Run().status();
}

Result<PutOutcome> GcsStore::PutIfAbsent(const std::string& path, std::string_view bytes) {
  TRY_ASSIGN(const std::string name, state_->Name(path));
  return GcsUpload(&state_->bucket, name, bytes, /*if_absent=*/true, state_->chunk).Run();
}

Result<std::string> GcsStore::Get(const std::string& path) {
  TRY_ASSIGN(const std::string name, state_->Name(path));
  HttpRequest request;
  request.url = state_->bucket.ObjectUrl(name) + "?alt=media";
  request.max_answer = kMaxObject;
  TRY_ASSIGN(auto answer, state_->bucket.api()->Send(request));
  if (answer.status != 200) return state_->bucket.Error(answer, "read", name);
  return std::move(answer.body);
}

Result<std::string> GcsStore::GetRange(const std::string& path, std::int64_t offset, std::int64_t size) {
  TRY_ASSIGN(const std::string name, state_->Name(path));
  const auto invalid = [&](const std::string& why) {
    return Status::Invalid(state_->bucket.Uri(name), ": cannot read ", size, " bytes at ", offset, ": ", why);
  };
  if (offset < 0 || size < 0) return invalid("a range is not negative");
  if (size == 0) {  // no Range header says this
    TRY_ASSIGN(const auto info, StatObject(state_->bucket, name));
    if (offset > info.size) return invalid(fmt::format("it has {}", info.size));
    return std::string();
  }
  HttpRequest request;
  request.url = state_->bucket.ObjectUrl(name) + "?alt=media";
  request.headers = {{"Range", fmt::format("bytes={}-{}", offset, offset + size - 1)}};
  request.max_answer = std::max(static_cast<std::size_t>(size), kErrorBody);
  TRY_ASSIGN(auto answer, state_->bucket.api()->Send(request));
  if (answer.status == 416) return invalid("it ends before");
  if (answer.status != 206 && answer.status != 200) return state_->bucket.Error(answer, "read", name);
  // A server may leave the range out where it is the whole object.
  if (answer.status == 200 && offset > 0) return Status::IOError(state_->bucket.Uri(name), ": the range was ignored");
  if (std::ssize(answer.body) < size) return invalid(fmt::format("it ends at {}", offset + std::ssize(answer.body)));
  answer.body.resize(static_cast<std::size_t>(size));
  return std::move(answer.body);
}

Result<std::vector<ObjectInfo>> GcsStore::List(const std::string& prefix, const std::string& start_after) {
  if (const auto slash = prefix.rfind('/'); slash != std::string::npos) {
    TRY(CheckStorePath(std::string_view(prefix).substr(0, slash)));
  }
  std::vector<ObjectInfo> found;
  std::string page;
  for (int pages = 0; pages < kMaxPages; ++pages) {
    TRY_ASSIGN(ObjectPage answer,
               ListPage(state_->bucket, state_->prefix + prefix,
                        start_after.empty() ? "" : state_->prefix + start_after, state_->page_size, page));
    for (ObjectInfo& info : answer.objects) {
      info.path.erase(0, state_->prefix.size());
      if (info.path > start_after && !info.path.ends_with('/')) found.push_back(std::move(info));  // folder markers
    }
    page = std::move(answer.next);
    if (page.empty()) return found;
  }
  return Status::IOError(uri(), "/", prefix, ": the listing does not end");
}

Status GcsStore::Delete(const std::string& path) {
  TRY_ASSIGN(const std::string name, state_->Name(path));
  HttpRequest request;
  request.method = "DELETE";
  request.url = state_->bucket.ObjectUrl(name);
  TRY_ASSIGN(const auto answer, state_->bucket.api()->Send(request));
  if (answer.status == 200 || answer.status == 204) return Status::OK();
  const Status status = state_->bucket.Error(answer, "delete", name);
  return status.IsKeyError() ? Status::OK() : status;
}

}  // namespace pregao::lake
