#pragma once
/// A small HTTP server for few readers: a scraper, a probe, a page.
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

#include "web/address.h"

namespace pregao::web {

struct HttpRequest {
  std::string path;   ///< of a GET or HEAD, without the query
  std::string query;  ///< behind the '?', as it was sent
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

/// Answers a request. Called on one of the server's own threads, several at a time; must return within seconds.
using Handler = std::function<HttpResponse(const HttpRequest&)>;
using Routes = std::map<std::string, Handler>;  ///< by the whole path

struct HttpOptions {
  Address listen;
  std::vector<std::string> host_names;  ///< under which it is asked, besides IP addresses and localhost; in lower case
  int handler_threads = 2;
  std::size_t max_connections = 64;                 ///< more are closed at once
  std::size_t max_head_bytes = 16 << 10;            ///< of a request
  std::chrono::milliseconds read_timeout{30'000};   ///< from the end of the last answer until the next request is whole
  std::chrono::milliseconds write_timeout{10'000};  ///< until an answer is taken
};

/// Serves from its construction to its destruction on threads of its own: one for the sockets, which nothing slow can
/// hold up, and `handler_threads` for the handlers. GET and HEAD only; a request whose Host is none of ours is refused.
class HttpServer {
 public:
  /// IOError, naming the address and the remedy: it cannot be listened at.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> Start(HttpOptions options, Routes routes);
  /// Ends all connections and waits for the handlers that run.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Where it listens: the port is the real one.
  [[nodiscard]] const Address& address() const;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

/// Whether `address` could be listened at now: the same error as Start's. Listens for a moment.
[[nodiscard]] Status TryListen(const Address& address);

}  // namespace pregao::web
