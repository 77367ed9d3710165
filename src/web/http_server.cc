#include "web/http_server.h"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <deque>
#include <optional>
#include <set>
#include <spdlog/spdlog.h>
#include <thread>

#include "base/text.h"
#include "base/version.h"

namespace pregao::web {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr std::chrono::milliseconds kAcceptPause{200};  ///< after an error of accept, which is a lack of descriptors

using Parser = http::request_parser<http::string_body>;
class Connection;

/// What connections and the server share; all but the handlers on the sockets' thread.
struct Hub {
  Hub(HttpOptions o, Routes r)
      : options(std::move(o)),
        routes(std::move(r)),
        handlers(static_cast<std::size_t>(options.handler_threads)),
        slow_handlers(options.slow_routes.empty() ? 0 : static_cast<std::size_t>(options.slow_threads)) {}

  const HttpOptions options;
  const Routes routes;
  std::size_t connections = 0;  // these three before what owns connections
  std::set<Connection*> readers;
  std::atomic<std::size_t> reader_count = 0;
  asio::io_context io{1};
  asio::thread_pool handlers, slow_handlers;
};

HttpResponse Problem(int status, std::string text) {
  return {status, "text/plain; charset=utf-8", std::move(text) + "\n"};
}

std::string_view View(boost::core::string_view text) { return {text.data(), text.size()}; }

/// Every answer that needs no handler; nullopt: the handler of `route` is to be asked.
std::optional<HttpResponse> WithoutHandler(const Hub& hub, const Parser::value_type& request, const std::string& path,
                                           const std::string& route) {
  const auto host = request.find(http::field::host);
  if (host == request.end()) return Problem(400, "a Host header is needed");
  if (!HostAllowed(View(host->value()), hub.options.host_names)) {
    return Problem(403, "this server is not called '" + Printable(View(host->value())) +
                            "': ask it by its IP address, or add the name to the setting web.hosts");
  }
  const bool posts = request.method() == http::verb::post;
  if (!posts && !request.body().empty()) return Problem(400, "a body is taken from a POST alone");
  if (hub.routes.contains(route)) return std::nullopt;
  const bool gets = request.method() == http::verb::get || request.method() == http::verb::head;
  const bool answers_get = hub.routes.contains(path), answers_post = hub.routes.contains("POST " + path);
  if (answers_get || answers_post || !(gets || posts)) {
    const std::string allow = std::string(answers_get || !answers_post ? "GET, HEAD" : "") +
                              (answers_get && answers_post ? ", " : "") + (answers_post ? "POST" : "");
    auto answer = Problem(405, "ask this by " + allow + "; no other method is answered here");
    answer.headers["Allow"] = allow;
    return answer;
  }
  std::string known;
  for (const auto& [name, ignored] : hub.routes) known += (known.empty() ? "" : ", ") + name;
  return Problem(404, "nothing is here; there is: " + known);
}

HttpRequest RequestOf(const Parser::value_type& request) {
  const std::string_view target = View(request.target());
  const auto mark = target.find('?');
  HttpRequest out{std::string(target.substr(0, mark)),
                  mark == std::string_view::npos ? "" : std::string(target.substr(mark + 1))};
  for (const auto& field : request) {
    std::string name(View(field.name_string()));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    out.headers[name] = View(field.value());
  }
  out.body = request.body();
  return out;
}

HttpResponse Ask(const Handler& handler, const HttpRequest& request) {
  try {
    return handler(request);
  } catch (const std::exception& e) {  // our handlers throw nothing, but memory may end
    spdlog::error("web: {} failed: {}", request.path, e.what());
    return Problem(500, "the server failed; its log says why");
  }
}

/// One connection, request by request. Owned by the operation that it waits for.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Hub* hub, tcp::socket socket) : hub_(hub), stream_(std::move(socket)) { ++hub_->connections; }
  ~Connection() {
    hub_->readers.erase(this);
    hub_->reader_count = hub_->readers.size();
    --hub_->connections;
  }

  void Read() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(hub_->options.max_head_bytes));
    parser_->body_limit(hub_->options.max_body_bytes);
    stream_.expires_after(hub_->options.read_timeout);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](error_code error, std::size_t) { self->Handle(error); });
  }

  /// For a reader of the stream. One that does not take what it asked for is cut off.
  void Push(std::shared_ptr<const std::string> event) {
    const auto now = std::chrono::steady_clock::now();
    const bool busy = !waiting_.empty();
    if (busy) behind_bytes_ += event->size();
    const bool stalled = busy && now - write_began_ > hub_->options.write_timeout;
    if (behind_bytes_ > hub_->options.max_stream_bytes || stalled) {
      hub_->readers.erase(this);
      hub_->reader_count = hub_->readers.size();
      return stream_.close();
    }
    waiting_.push_back(std::move(event));
    if (waiting_.size() == 1) WriteEvent();
  }

 private:
  void Handle(error_code error) {
    const bool garbled = error.category() == make_error_code(http::error::bad_method).category();
    if (garbled && error != http::error::end_of_stream && error != http::error::partial_message) {
      const int status = error == http::error::header_limit ? 431 : error == http::error::body_limit ? 413 : 400;
      return Write(Problem(status, "this is no request that is answered here: " + error.message()), false, false);
    }
    if (error) return;  // gone, or too slow
    const auto& request = parser_->get();
    HttpRequest asked = RequestOf(request);
    const bool head = request.method() == http::verb::head;
    const bool keep = request.keep_alive() && (request.body().empty() || request.method() == http::verb::post);
    std::string route = head || request.method() == http::verb::get
                            ? asked.path
                            : std::string(View(request.method_string())) + " " + asked.path;
    if (auto answer = WithoutHandler(*hub_, request, asked.path, route)) return Write(*std::move(answer), head, keep);
    stream_.expires_never();
    asio::thread_pool& pool = hub_->options.slow_routes.contains(route) ? hub_->slow_handlers : hub_->handlers;
    asio::post(pool,
               [self = shared_from_this(), asked = std::move(asked), route = std::move(route), head, keep]() mutable {
                 HttpResponse answer = Ask(self->hub_->routes.at(route), asked);
                 asio::io_context& io = self->hub_->io;
                 // The connection moves on, so that it is let go on the sockets' thread alone.
                 asio::post(io, [self = std::move(self), answer = std::move(answer), head, keep]() mutable {
                   self->Write(std::move(answer), head, keep);
                 });
               });
  }

  void Write(HttpResponse answer, bool head, bool keep) {
    const bool stream = answer.stream && !head;
    response_ = {};
    response_.version(11);
    response_.result(static_cast<unsigned>(answer.status));
    response_.set(http::field::server, "pregao/" + std::string(kVersion));
    response_.set(http::field::content_type, answer.content_type);
    response_.set(http::field::cache_control, "no-store");
    response_.set("X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : answer.headers) response_.set(name, value);
    response_.keep_alive(keep && !stream);
    response_.body() = std::move(answer.body);
    if (!stream) response_.prepare_payload();
    if (head) response_.body().clear();  // its length stays in the header
    stream_.expires_after(hub_->options.write_timeout);
    http::async_write(stream_, response_, [self = shared_from_this(), keep, stream](error_code error, std::size_t) {
      if (error) return;
      if (stream) return self->Subscribe();
      if (keep) return self->Read();
      error_code ignored;
      self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    });
  }

  void Subscribe() {
    stream_.expires_never();
    hub_->readers.insert(this);
    hub_->reader_count = hub_->readers.size();
    WatchForTheEnd();
  }

  /// What a reader of the stream sends is not wanted; that it goes is.
  void WatchForTheEnd() {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(512), [self = shared_from_this()](error_code error, std::size_t) {
      if (!error) return self->WatchForTheEnd();
      self->hub_->readers.erase(self.get());
      self->hub_->reader_count = self->hub_->readers.size();
      self->stream_.close();
    });
  }

  void WriteEvent() {
    write_began_ = std::chrono::steady_clock::now();
    asio::async_write(stream_, asio::buffer(*waiting_.front()),
                      [self = shared_from_this()](error_code error, std::size_t) {
                        if (error) return;  // the read ends with an error, too
                        self->waiting_.pop_front();
                        if (self->waiting_.empty()) return;
                        self->behind_bytes_ -= self->waiting_.front()->size();
                        self->WriteEvent();
                      });
  }

  Hub* const hub_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  http::response<http::string_body> response_;
  // Of a reader of the stream:
  std::deque<std::shared_ptr<const std::string>> waiting_;  // the first is being written
  std::size_t behind_bytes_ = 0;                            // of those behind the first
  std::chrono::steady_clock::time_point write_began_;
};

Status CannotListen(const Address& address, const error_code& error) {
  std::string remedy = "choose another address or port with web.listen";
  if (error == asio::error::address_in_use) {
    remedy =
        "another program, perhaps another pregao, listens there; choose another port with web.listen, or \"\" for none";
  } else if (error == asio::error::access_denied) {
    remedy = "ports below 1024 need a privilege: choose a higher one with web.listen";
  } else if (error == boost::system::errc::address_not_available) {
    remedy =
        "this machine has no such address: set web.listen to one of its own, or to \":" + std::to_string(address.port) +
        "\" for all of them";
  }
  return Status::IOError("cannot listen at ", address.text(), ": ", error.message(), "; ", remedy);
}

Status Listen(const Address& address, tcp::acceptor* acceptor) {
  error_code error;
  const tcp::endpoint endpoint(asio::ip::make_address(address.host, error), address.port);
  if (!error) acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(asio::socket_base::max_listen_connections, error);
  return error ? CannotListen(address, error) : Status::OK();
}

}  // namespace

struct HttpServer::State {
  State(HttpOptions options, Routes routes) : hub(std::move(options), std::move(routes)) {}

  void Accept() {
    acceptor.async_accept([this](error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) {
        spdlog::warn("web: no connection can be accepted at {}: {}", address.text(), error.message());
        pause.expires_after(kAcceptPause);
        pause.async_wait([this](error_code stopped) {
          if (!stopped) Accept();
        });
        return;
      }
      // Beyond the limit the socket is closed as it goes out of scope.
      if (hub.connections < hub.options.max_connections) std::make_shared<Connection>(&hub, std::move(socket))->Read();
      Accept();
    });
  }

  void Run() {
    try {
      hub.io.run();
    } catch (const std::exception& e) {
      spdlog::error("web: the server has ended, the pipeline goes on: {}", e.what());
    }
  }

  Hub hub;
  tcp::acceptor acceptor{hub.io};
  asio::steady_timer pause{hub.io};
  Address address;
  std::thread thread;
};

Result<std::unique_ptr<HttpServer>> HttpServer::Start(HttpOptions options, Routes routes) {
  auto state = std::make_unique<State>(std::move(options), std::move(routes));
  state->address = state->hub.options.listen;
  TRY(Listen(state->address, &state->acceptor));
  error_code error;
  state->address.port = state->acceptor.local_endpoint(error).port();
  state->Accept();
  state->thread = std::thread([raw = state.get()] { raw->Run(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

HttpServer::~HttpServer() {
  state_->hub.io.stop();
  state_->thread.join();
  for (asio::thread_pool* const pool : {&state_->hub.handlers, &state_->hub.slow_handlers}) {
    pool->stop();
    pool->join();
  }
}

void HttpServer::Publish(std::shared_ptr<const std::string> event) {
  asio::post(state_->hub.io, [hub = &state_->hub, event = std::move(event)] {
    const std::vector<Connection*> readers(hub->readers.begin(), hub->readers.end());  // a push may take one out
    for (Connection* const reader : readers) reader->Push(event);
  });
}

std::size_t HttpServer::stream_readers() const { return state_->hub.reader_count; }

const Address& HttpServer::address() const { return state_->address; }

Status TryListen(const Address& address) {
  asio::io_context io;
  tcp::acceptor acceptor(io);
  return Listen(address, &acceptor);
}

}  // namespace pregao::web
