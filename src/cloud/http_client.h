#pragma once
/// HTTP/1.1 over libcurl: one request, one answer, everything bounded. Retries are retry.h's.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace pregao::cloud {

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view body;               ///< borrowed until the answer is there
  std::size_t max_answer = 16u << 20;  ///< bytes of body; a longer one is Invalid
  bool direct = false;                 ///< past any proxy of the environment; loopback always is
};

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case; of a repeated one the last
  std::string body;
  std::optional<std::chrono::milliseconds> retry_after;  ///< the header, whichever form it has
};

struct HttpOptions {
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::seconds stall_timeout{30};            ///< less than a byte a second for so long
  std::chrono::milliseconds total_timeout{300'000};  ///< of a whole request
  std::size_t max_idle = 16;                         ///< connections kept for the next request
};

/// What went over the wire. Thread-safe; shared by whoever shows it.
struct HttpCounters {
  std::atomic<std::int64_t> requests{0}, retries{0}, bytes_sent{0}, bytes_received{0};
};

/// Thread-safe: each running request has a connection of its own out of a pool of kept-alive ones. TLS certificates are
/// verified; redirects are not followed, so that a token goes nowhere but where it was sent.
class HttpClient {
 public:
  explicit HttpClient(HttpOptions options = {}, std::shared_ptr<HttpCounters> counters = nullptr);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Any status is an answer. IOError when there is none, or not the whole of it: the request may have been done.
  [[nodiscard]] Result<HttpAnswer> Send(const HttpRequest& request);
  [[nodiscard]] HttpCounters* counters() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

/// Everything but letters, digits and -._~ as %XX.
[[nodiscard]] std::string UrlEncode(std::string_view text);
/// A URL without its query, for messages: a query may hold what is nobody's business.
[[nodiscard]] std::string WithoutQuery(std::string_view url);
/// Whether a URL's host is this machine's loopback.
[[nodiscard]] bool IsLoopback(std::string_view url);

}  // namespace pregao::cloud
