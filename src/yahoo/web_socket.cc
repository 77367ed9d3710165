#include "yahoo/web_socket.h"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <type_traits>

#include "yahoo/resolve.h"

namespace pregao::yahoo {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

/// Addresses of one name that are tried, one after the other.
constexpr std::size_t kMaxAddresses = 4;
/// A peer that is gone without a word is noticed by what it leaves unacknowledged: the heartbeat, if nothing else.
constexpr unsigned kUserTimeoutMs = 30'000;

template <class Stream>
class BeastSocket final : public WebSocket {
  static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;

 public:
  BeastSocket(StreamUrl url, WebSocketOptions options, std::stop_token stop)
      : url_(std::move(url)),
        options_(std::move(options)),
        tls_(asio::ssl::context::tls_client),
        stop_(std::move(stop)),
        on_stop_(stop_, [this] { Wake(); }) {}

  Status Open() {
    TRY(PrepareTls());
    TRY_ASSIGN(const auto addresses, Resolve(url_.host, url_.port, options_.step_timeout, stop_));
    Status last;
    for (std::size_t i = 0; i < std::min(addresses.size(), kMaxAddresses); ++i) {
      last = OpenAt(addresses[i]);
      if (last.ok() || last.IsCancelled()) return last;
    }
    return last;
  }

  Result<std::optional<std::string>> Read(TimePoint until) override {
    if (!reading_ && !read_done_) {
      reading_ = true;
      ws_->async_read(buffer_, [this](error_code error, std::size_t) {
        reading_ = false;
        read_done_ = true;
        read_error_ = error;
      });
    }
    while (!read_done_ && !woken_.exchange(false) && !stop_.stop_requested() && Clock::now() < until) RunOne(until);
    if (!read_done_) return std::nullopt;
    read_done_ = false;
    if (read_error_) return Status::IOError(ReadProblem());
    std::string message = beast::buffers_to_string(buffer_.data());
    buffer_.consume(buffer_.size());
    return message;
  }

  Status Write(const std::string& text) override {
    return Step("sending", [&](auto done) { ws_->async_write(asio::buffer(text), std::move(done)); });
  }

  void Wake() override {
    woken_ = true;
    asio::post(io_, [] {});
  }

  void Close() override {
    if (!ws_.has_value() || !ws_->is_open()) return;
    const auto until = Clock::now() + std::chrono::milliseconds(300);
    bool done = false;
    ws_->async_close(websocket::close_code::normal, [&done](error_code) { done = true; });
    while (!done && Clock::now() < until) RunOne(until);
    Abandon();
    while (!done) RunOne(Clock::now() + std::chrono::seconds(1));
  }

 private:
  Status PrepareTls() {
    if constexpr (kTls) {
      error_code error;
      tls_.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                       asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
      tls_.set_verify_mode(asio::ssl::verify_peer);
      tls_.set_default_verify_paths(error);
      if (error) return Status::IOError("the system's certificate authorities do not load: ", error.message());
      if (!options_.ca_file.empty()) {
        tls_.load_verify_file(options_.ca_file, error);
        if (error) {
          return Status::Invalid("certificate authorities in \"", options_.ca_file, "\" do not load: ", error.message(),
                                 ": give a PEM file");
        }
      }
    }
    return Status::OK();
  }

  Status OpenAt(const Address& address) {
    ws_.reset();
    if constexpr (kTls) {
      ws_.emplace(io_, tls_);
      TRY(ExpectHost());
    } else {
      ws_.emplace(io_);
    }
    error_code error;
    const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(address.ip, error), address.port);
    if (error) return Status::IOError("address ", address.ip, ": ", error.message());
    TRY(Step("connecting", [&](auto done) { Tcp().async_connect(endpoint, std::move(done)); }));
    Tcp().socket().set_option(asio::ip::tcp::no_delay(true), error);
    const unsigned user_timeout_ms = kUserTimeoutMs;
    (void)setsockopt(Tcp().socket().native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms,
                     sizeof user_timeout_ms);
    if constexpr (kTls) {
      TRY(Step("TLS",
               [&](auto done) { ws_->next_layer().async_handshake(asio::ssl::stream_base::client, std::move(done)); }));
    }
    ws_->read_message_max(options_.max_message_bytes);
    ws_->set_option(websocket::stream_base::decorator([](websocket::request_type& request) {
      request.set(beast::http::field::user_agent, "Mozilla/5.0 (compatible; pregao)");
    }));
    return Step("the WebSocket handshake",
                [&](auto done) { ws_->async_handshake(upgrade_, url_.authority(), url_.target, std::move(done)); });
  }

  /// SNI, and the name that the certificate must have.
  Status ExpectHost() {
    if constexpr (kTls) {
      SSL* ssl = ws_->next_layer().native_handle();
      error_code not_ip;
      (void)asio::ip::make_address(url_.host, not_ip);
      const bool set =
          not_ip ? SSL_set_tlsext_host_name(ssl, url_.host.c_str()) == 1 && SSL_set1_host(ssl, url_.host.c_str()) == 1
                 : X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), url_.host.c_str()) == 1;
      if (!set) return Status::IOError("TLS does not take the host name ", url_.host);
    }
    return Status::OK();
  }

  /// Runs one asynchronous operation to its end, or gives it up at the time-out or stop. Its handler always runs
  /// before this returns, so it may borrow from the stack.
  template <class Start>
  Status Step(std::string_view what, Start start) {
    const auto deadline = Clock::now() + options_.step_timeout;
    bool done = false;
    error_code error;
    start([&done, &error](error_code e, auto&&...) {
      done = true;
      error = e;
    });
    while (!done && !stop_.stop_requested() && Clock::now() < deadline) RunOne(deadline);
    const bool late = !done;
    if (late) Abandon();
    while (!done) RunOne(Clock::now() + std::chrono::seconds(1));
    if (stop_.stop_requested()) return Status::Cancelled("stopped");
    if (late) return Status::IOError(Peer(), ": ", what, " took longer than ", options_.step_timeout.count(), " ms");
    return error ? Status::IOError(Peer(), ": ", what, " failed: ", Problem(error)) : Status::OK();
  }

  void RunOne(TimePoint until) {
    if (io_.stopped()) io_.restart();
    io_.run_one_until(until);
  }

  void Abandon() {
    error_code ignored;
    Tcp().socket().close(ignored);
  }

  std::string Problem(const error_code& error) {
    if constexpr (kTls) {
      const long verdict = SSL_get_verify_result(ws_->next_layer().native_handle());
      if (verdict != X509_V_OK) {
        return std::string("its certificate is not to be trusted (") + X509_verify_cert_error_string(verdict) + ")";
      }
    }
    if (error == websocket::error::upgrade_declined) {
      return "the server answered HTTP " + std::to_string(upgrade_.result_int()) + " instead of a WebSocket";
    }
    return error.message();
  }

  std::string ReadProblem() {
    if (read_error_ == websocket::error::closed) {
      const auto& reason = ws_->reason();
      const std::string code =
          reason.code == websocket::close_code::none ? "without a code" : "with code " + std::to_string(reason.code);
      return Peer() + " closed the connection " + code +
             (reason.reason.empty() ? "" : ": " + std::string(reason.reason.c_str()));
    }
    if (read_error_ == websocket::error::message_too_big || read_error_ == websocket::error::buffer_overflow) {
      return Peer() + " sent a message above " + std::to_string(options_.max_message_bytes) + " bytes";
    }
    return Peer() + ": the connection broke: " + read_error_.message();
  }

  [[nodiscard]] std::string Peer() const { return url_.host + ":" + url_.port; }
  beast::tcp_stream& Tcp() { return beast::get_lowest_layer(*ws_); }

  const StreamUrl url_;
  const WebSocketOptions options_;
  asio::io_context io_{1};
  asio::ssl::context tls_;
  std::optional<websocket::stream<Stream>> ws_;
  websocket::response_type upgrade_;
  beast::flat_buffer buffer_;
  bool reading_ = false, read_done_ = false;
  error_code read_error_;
  std::atomic<bool> woken_{false};
  std::stop_token stop_;
  std::stop_callback<std::function<void()>> on_stop_;  // last: it uses what is above
};

template <class Stream>
Result<std::unique_ptr<WebSocket>> OpenAs(const StreamUrl& url, const WebSocketOptions& options, std::stop_token stop) {
  try {
    auto socket = std::make_unique<BeastSocket<Stream>>(url, options, std::move(stop));
    TRY(socket->Open());
    return socket;
  } catch (const std::exception& error) {  // Asio throws where the system refuses it epoll or memory
    return Status::IOError("no socket to ", url.host, ": ", error.what());
  }
}

}  // namespace

Result<std::unique_ptr<WebSocket>> WebSocket::Connect(const StreamUrl& url, const WebSocketOptions& options,
                                                      std::stop_token stop) {
  return url.tls ? OpenAs<TlsStream>(url, options, std::move(stop))
                 : OpenAs<PlainStream>(url, options, std::move(stop));
}

}  // namespace pregao::yahoo
