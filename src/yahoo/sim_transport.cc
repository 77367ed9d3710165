#include "yahoo/sim_transport.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <deque>
#include <optional>
#include <set>
#include <thread>
#include <type_traits>

namespace pregao::yahoo {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using boost::system::error_code;
using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;
using tcp = asio::ip::tcp;

constexpr std::size_t kMaxQueued = 100'000;
constexpr std::size_t kMaxRequestBytes = 1 << 20;
constexpr auto kHandshakeTimeout = std::chrono::seconds(10);
constexpr auto kIdleTimeout = std::chrono::seconds(60);  // of a connection kept for the next request

/// What sessions and the server share; all on one thread.
struct Hub {
  SimHandlers handlers;
  std::set<SimConnection*> open;
};

template <class Stream>
class Session final : public SimConnection, public std::enable_shared_from_this<Session<Stream>> {
 public:
  template <class... Args>
  Session(Hub* hub, std::uint64_t id, Args&&... args) : hub_(hub), id_(id), ws_(std::forward<Args>(args)...) {
    hub_->open.insert(this);
  }
  ~Session() override { hub_->open.erase(this); }

  void Run() {
    Tcp().expires_after(kHandshakeTimeout);
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      ws_.next_layer().async_handshake(asio::ssl::stream_base::server, [self = this->shared_from_this()](error_code e) {
        if (!e) self->ReadUpgrade();
      });
    } else {
      ReadUpgrade();
    }
  }

  void Send(std::string text) override {
    if (closing_) return;
    if (queue_.size() == kMaxQueued) return Close(SimClose::kReset);
    queue_.push_back(std::move(text));
    if (queue_.size() == 1) Write();
  }

  void Close(SimClose how) override {
    if (closing_) return;
    closing_ = how;
    if (how == SimClose::kReset) {
      error_code ignored;
      Tcp().socket().set_option(asio::socket_base::linger(true, 0), ignored);
      Tcp().socket().close(ignored);
    } else if (queue_.empty()) {
      SayGoodBye();
    }  // else the write under way says it when it is done
  }

 private:
  void ReadUpgrade() {
    http::async_read(ws_.next_layer(), buffer_, request_, [self = this->shared_from_this()](error_code e, std::size_t) {
      if (e) return;
      if (!websocket::is_upgrade(self->request_)) return self->AnswerRequest();
      self->Tcp().expires_never();
      self->ws_.set_option(websocket::stream_base::timeout{kHandshakeTimeout, websocket::stream_base::none(), false});
      self->ws_.read_message_max(kMaxRequestBytes);
      self->ws_.async_accept(self->request_, [self](error_code error) {
        if (error) return;
        const auto target = self->request_.target();
        self->hub_->handlers.on_open(self->id_, {target.data(), target.size()}, self);
        self->Read();
      });
    });
  }

  void AnswerRequest() {
    const auto target = request_.target();
    const SimAnswer answer = hub_->handlers.on_request({target.data(), target.size()});
    response_ = {};
    response_.result(static_cast<unsigned>(answer.status));
    response_.set(http::field::content_type, answer.body.starts_with('{') ? "application/json" : "text/plain");
    if (answer.retry_after_s) response_.set(http::field::retry_after, std::to_string(*answer.retry_after_s));
    response_.body() = answer.body;
    response_.keep_alive(request_.keep_alive());
    response_.prepare_payload();
    Tcp().expires_after(kHandshakeTimeout);
    http::async_write(ws_.next_layer(), response_, [self = this->shared_from_this()](error_code e, std::size_t) {
      if (e || !self->response_.keep_alive()) return;
      self->request_ = {};
      self->Tcp().expires_after(kIdleTimeout);
      self->ReadUpgrade();
    });
  }

  void Read() {
    ws_.async_read(buffer_, [self = this->shared_from_this()](error_code error, std::size_t) {
      if (error) {
        self->closing_ = self->closing_.value_or(SimClose::kReset);
        return self->hub_->handlers.on_close(self->id_);
      }
      const std::string text = beast::buffers_to_string(self->buffer_.data());
      self->buffer_.consume(self->buffer_.size());
      if (!self->closing_) self->hub_->handlers.on_message(self->id_, text);
      self->Read();
    });
  }

  void Write() {
    ws_.async_write(asio::buffer(queue_.front()), [self = this->shared_from_this()](error_code error, std::size_t) {
      if (error) return self->Close(SimClose::kReset);
      self->queue_.pop_front();
      if (self->closing_) return self->SayGoodBye();
      if (!self->queue_.empty()) self->Write();
    });
  }

  void SayGoodBye() {
    if (*closing_ == SimClose::kReset) return;
    ws_.async_close(
        *closing_ == SimClose::kWithoutCode ? websocket::close_code::none : websocket::close_code::going_away,
        [self = this->shared_from_this()](error_code) {});
  }

  beast::tcp_stream& Tcp() { return beast::get_lowest_layer(ws_); }

  Hub* const hub_;
  const std::uint64_t id_;
  websocket::stream<Stream> ws_;
  beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response<http::string_body> response_;
  std::deque<std::string> queue_;  // the first one is being written
  std::optional<SimClose> closing_;
};

class BeastTransport final : public SimTransport {
 public:
  BeastTransport(const SimTransportOptions& options, SimHandlers handlers)
      : options_(options), hub_{std::move(handlers), {}}, tls_(asio::ssl::context::tls_server) {}

  ~BeastTransport() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
    hub_.handlers.on_stop();
  }

  Status Open() {
    error_code error;
    if (!options_.certificate_pem.empty()) {
      tls_.use_certificate_chain(asio::buffer(options_.certificate_pem), error);
      if (!error) tls_.use_private_key(asio::buffer(options_.key_pem), asio::ssl::context::pem, error);
      if (error) return Status::Invalid("certificate or key of the simulator: ", error.message(), ": give both as PEM");
    }
    const auto address = asio::ip::make_address(options_.host, error);
    if (error) return Status::Invalid("host \"", options_.host, "\" is not an address: write it like 127.0.0.1");
    const tcp::endpoint endpoint(address, options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return Status::IOError("cannot listen on ", options_.host, ":", options_.port, ": ", error.message(),
                             ": choose another port, or 0 for a free one");
    }
    port_ = acceptor_.local_endpoint().port();
    Accept();
    next_tick_ = std::chrono::steady_clock::now();
    Tick();
    thread_ = std::thread([this] { io_.run(); });
    return Status::OK();
  }

  std::uint16_t port() const override { return port_; }
  void Post(std::function<void()> work) override { asio::post(io_, std::move(work)); }

 private:
  void Accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (!error && hub_.open.size() < options_.max_connections) {
        error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        const std::uint64_t id = ++accepted_;
        if (options_.certificate_pem.empty()) {
          std::make_shared<Session<PlainStream>>(&hub_, id, std::move(socket))->Run();
        } else {
          std::make_shared<Session<TlsStream>>(&hub_, id, std::move(socket), tls_)->Run();
        }
      }
      Accept();
    });
  }

  void Tick() {
    // An absolute timetable; after a pause it is begun anew, so that the market does not rush.
    next_tick_ = std::max(next_tick_ + options_.tick, std::chrono::steady_clock::now());
    timer_.expires_at(next_tick_);
    timer_.async_wait([this](error_code error) {
      if (error) return;
      hub_.handlers.on_tick();
      Tick();
    });
  }

  const SimTransportOptions options_;
  Hub hub_;  // before io_: sessions, which io_'s handlers keep, leave it when they die
  asio::ssl::context tls_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_};
  asio::steady_timer timer_{io_};
  std::chrono::steady_clock::time_point next_tick_;
  std::uint64_t accepted_ = 0;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<SimTransport>> SimTransport::Start(const SimTransportOptions& options, SimHandlers handlers) {
  try {
    auto transport = std::make_unique<BeastTransport>(options, std::move(handlers));
    TRY(transport->Open());
    return transport;
  } catch (const std::exception& error) {  // Asio throws where the system refuses it epoll, memory or a thread
    return Status::IOError("the simulator's server does not start: ", error.what());
  }
}

}  // namespace pregao::yahoo
