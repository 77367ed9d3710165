#pragma once
/// A small HTTP server for few readers: a scraper, a probe, a page.
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"

#include "web/address.h"

namespace pregao::web {

using HttpHeaders = std::map<std::string, std::string>;  ///< by name in lower case

struct HttpRequest {
  std::string path;   ///< without the query
  std::string query;  ///< behind the '?', as it was sent
  HttpHeaders headers = {};
  std::string body = {};  ///< of a POST
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  HttpHeaders headers = {};  ///< more than the server gives by itself
  bool stream = false;  ///< the answer goes on after the body with whatever is published, until either side ends it
};

/// Answers a request. Called on one of the server's own threads, several at a time; must return within seconds.
using Handler = std::function<HttpResponse(const HttpRequest&)>;
/// By the whole path, which GET and HEAD ask; "POST /path" for what is sent there.
using Routes = std::map<std::string, Handler>;

struct HttpOptions {
  Address listen;
  std::vector<std::string> host_names;  ///< under which it is asked, besides IP addresses and localhost; in lower case
  int handler_threads = 2;
  std::set<std::string> slow_routes;      ///< of Routes: those that may wait for a lake. They hold no other up
  int slow_threads = 4;                   ///< for them
  std::size_t max_connections = 64;       ///< more are closed at once
  std::size_t max_head_bytes = 16 << 10;  ///< of a request
  std::size_t max_body_bytes = 64 << 10;  ///< of a POST
  /// Waiting for one reader of the stream behind the event that is being sent, which may have any size; one that lets
  /// more wait is cut off.
  std::size_t max_stream_bytes = 256 << 10;
  std::chrono::milliseconds read_timeout{30'000};   ///< from the end of the last answer until the next request is whole
  std::chrono::milliseconds write_timeout{10'000};  ///< until an answer is taken
};

/// Serves from its construction to its destruction on threads of its own: one for the sockets, which nothing slow can
/// hold up, and `handler_threads` and `slow_threads` for the handlers. A request whose Host is none of ours is refused.
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

  /// Sends `event` to every reader of the stream; returns at once. Thread-safe.
  void Publish(std::shared_ptr<const std::string> event);
  /// Readers of the stream at this moment. Thread-safe.
  [[nodiscard]] std::size_t stream_readers() const;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

/// Whether `address` could be listened at now: the same error as Start's. Listens for a moment.
[[nodiscard]] Status TryListen(const Address& address);

}  // namespace pregao::web
