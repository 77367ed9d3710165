#include "cloud/http_client.h"

#include <algorithm>
#include <curl/curl.h>
#include <fmt/format.h>
#include <mutex>

#include "base/version.h"

namespace pregao::cloud {
namespace {

constexpr std::size_t kMaxHeaderBytes = 64u << 10;

struct FreeHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Handle = std::unique_ptr<CURL, FreeHandle>;
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

/// What curl's callbacks fill.
struct Receiver {
  HttpAnswer answer;
  std::size_t max_body = 0, header_bytes = 0;
  bool too_long = false;
};

std::size_t OnBody(char* data, std::size_t, std::size_t size, void* user) {
  auto* const to = static_cast<Receiver*>(user);
  to->too_long = to->answer.body.size() + size > to->max_body;
  if (to->too_long) return 0;  // ends the transfer
  to->answer.body.append(data, size);
  return size;
}

std::string Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && std::string_view(" \t\r\n").find(text.back()) != std::string_view::npos)
    text.remove_suffix(1);
  return std::string(text);
}

std::size_t OnHeader(char* data, std::size_t, std::size_t size, void* user) {
  auto* const to = static_cast<Receiver*>(user);
  const std::string_view line(data, size);
  if (line.starts_with("HTTP/")) to->answer.headers.clear();  // after "100 Continue" comes the real answer
  to->header_bytes += size;
  to->too_long = to->header_bytes > kMaxHeaderBytes;
  if (to->too_long) return 0;
  if (const auto colon = line.find(':'); colon != std::string_view::npos) {
    std::string name(line.substr(0, colon));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    to->answer.headers[name] = Trimmed(line.substr(colon + 1));
  }
  return size;
}

List HeaderList(const HttpRequest& request) {
  // curl would ask "Expect: 100-continue" before larger bodies: a round trip for nothing.
  List list(curl_slist_append(nullptr, "Expect:"));
  for (const auto& [name, value] : request.headers) {
    // A header without a value is written with a semicolon, or curl leaves it out.
    const std::string line = value.empty() ? name + ";" : name + ": " + value;
    if (curl_slist* longer = curl_slist_append(list.get(), line.c_str()); longer != nullptr) {
      (void)list.release();
      list.reset(longer);
    }
  }
  return list;
}

void SetUp(CURL* curl, const HttpOptions& options, const HttpRequest& request, Receiver* receiver) {
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(options.total_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, fmt::format("pregao/{}", kVersion).c_str());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, receiver);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, receiver);
  if (request.direct || IsLoopback(request.url)) curl_easy_setopt(curl, CURLOPT_PROXY, "");
  if (request.method == "GET") return;
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (request.method == "DELETE" && request.body.empty()) return;
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
}

}  // namespace

struct HttpClient::State {
  HttpOptions options;
  std::shared_ptr<HttpCounters> counters;
  std::mutex mutex;
  std::vector<Handle> idle;  // guarded by mutex

  Handle Take() {
    std::lock_guard lock(mutex);
    if (idle.empty()) return Handle(curl_easy_init());
    Handle handle = std::move(idle.back());
    idle.pop_back();
    return handle;
  }
  void GiveBack(Handle handle) {
    curl_easy_reset(handle.get());  // the connection stays
    std::lock_guard lock(mutex);
    if (idle.size() < options.max_idle) idle.push_back(std::move(handle));
  }
};

HttpClient::HttpClient(HttpOptions options, std::shared_ptr<HttpCounters> counters) : state_(new State) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  state_->options = options;
  state_->counters = counters ? std::move(counters) : std::make_shared<HttpCounters>();
}
HttpClient::~HttpClient() = default;

HttpCounters* HttpClient::counters() const { return state_->counters.get(); }

Result<HttpAnswer> HttpClient::Send(const HttpRequest& request) {
  Handle handle = state_->Take();
  if (!handle) return Status::OutOfMemory("no memory for an HTTP request");
  CURL* const curl = handle.get();
  Receiver receiver;
  receiver.max_body = request.max_answer;
  char why[CURL_ERROR_SIZE] = "";
  SetUp(curl, state_->options, request, &receiver);
  const List headers = HeaderList(request);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
  const CURLcode code = curl_easy_perform(curl);

  HttpCounters& counters = *state_->counters;
  counters.requests.fetch_add(1, std::memory_order_relaxed);
  counters.bytes_sent.fetch_add(static_cast<std::int64_t>(request.body.size()), std::memory_order_relaxed);
  counters.bytes_received.fetch_add(static_cast<std::int64_t>(receiver.answer.body.size()), std::memory_order_relaxed);
  const std::string place = request.method + " " + WithoutQuery(request.url);
  if (code != CURLE_OK) {
    const std::string reason = why[0] != '\0' ? why : curl_easy_strerror(code);
    if (receiver.too_long) return Status::Invalid(place, ": the answer is longer than ", request.max_answer, " bytes");
    return Status::IOError(place, ": ", reason);  // the handle goes, and its broken connection with it
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  receiver.answer.status = static_cast<int>(status);
  curl_off_t seconds = 0;
  if (curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds > 0) {
    receiver.answer.retry_after = std::chrono::seconds(seconds);
  }
  state_->GiveBack(std::move(handle));
  return std::move(receiver.answer);
}

std::string UrlEncode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string WithoutQuery(std::string_view url) { return std::string(url.substr(0, url.find('?'))); }

bool IsLoopback(std::string_view url) {
  const auto scheme = url.find("://");
  std::string_view host = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  host = host.substr(0, host.find('/'));
  if (host.find('@') != std::string_view::npos) return false;
  if (host.starts_with("[::1]")) return true;
  host = host.substr(0, host.find(':'));
  return host == "localhost" || host == "127.0.0.1";
}

}  // namespace pregao::cloud
