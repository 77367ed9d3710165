#pragma once
/// A scripted HTTP server on the loopback, for what no emulator does: answers lost, cut short, late, or refused.
#include <arpa/inet.h>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <netinet/in.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace pregao::test {

struct ServedRequest {
  std::int64_t number = 0;  ///< from 1, in the order of arrival
  std::string method, target;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;

  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

struct ServedAnswer {
  enum class Fault {
    kNone,
    kDrop,      ///< the connection is closed without a word
    kTruncate,  ///< half of the body, then the connection is closed
    kStall,     ///< silence until the server ends
  };
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  Fault fault = Fault::kNone;
};

/// Each connection has a thread of its own, and the handler runs in it. Connections are kept alive.
class HttpServer {
 public:
  using Handler = std::function<ServedAnswer(const ServedRequest&)>;

  explicit HttpServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, generic, &size) != 0) {
      throw std::runtime_error("no port to listen on");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { Accept(); });
  }
  ~HttpServer() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      std::lock_guard lock(mutex_);
      for (const int connection : connections_) ::shutdown(connection, SHUT_RDWR);
      stopped_.notify_all();
    }
    for (auto& thread : threads_) thread.join();
    ::close(listener_);
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::int64_t requests() const { return requests_; }
  [[nodiscard]] std::int64_t connections() const { return accepted_; }

 private:
  void Accept() {
    while (!stopping_) {
      const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) continue;
      ++accepted_;
      std::lock_guard lock(mutex_);
      connections_.push_back(connection);
      threads_.emplace_back([this, connection] { Serve(connection); });
    }
  }

  void Serve(int connection) {
    std::string buffer;
    ServedRequest request;
    while (!stopping_ && Read(connection, &buffer, &request)) {
      if (!Answer(connection, handler_(request))) break;
    }
    ::shutdown(connection, SHUT_RDWR);
    std::lock_guard lock(mutex_);
    std::erase(connections_, connection);
    ::close(connection);
  }

  static bool More(int connection, std::string* buffer) {
    char bytes[1 << 16];
    const ssize_t size = ::recv(connection, bytes, sizeof bytes, 0);
    if (size > 0) buffer->append(bytes, static_cast<std::size_t>(size));
    return size > 0;
  }

  bool Read(int connection, std::string* buffer, ServedRequest* request) {
    std::size_t end;
    while ((end = buffer->find("\r\n\r\n")) == std::string::npos) {
      if (!More(connection, buffer)) return false;
    }
    *request = {};
    const std::string head = buffer->substr(0, end + 2);
    buffer->erase(0, end + 4);
    std::size_t line = head.find("\r\n");
    const std::size_t first = head.find(' '), second = head.find(' ', first + 1);
    request->method = head.substr(0, first);
    request->target = head.substr(first + 1, second - first - 1);
    for (line += 2; line < head.size();) {
      const std::size_t stop = head.find("\r\n", line), colon = head.find(':', line);
      std::string name = head.substr(line, colon - line);
      for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      const std::size_t value = head.find_first_not_of(' ', colon + 1);
      request->headers[name] = value < stop ? head.substr(value, stop - value) : "";
      line = stop + 2;
    }
    const std::string length = request->header("content-length");
    const std::size_t size = length.empty() ? 0 : std::stoull(length);
    while (buffer->size() < size) {
      if (!More(connection, buffer)) return false;
    }
    request->body = buffer->substr(0, size);
    buffer->erase(0, size);
    request->number = ++requests_;
    return true;
  }

  /// @return whether the connection lives on
  bool Answer(int connection, const ServedAnswer& answer) {
    using Fault = ServedAnswer::Fault;
    if (answer.fault == Fault::kDrop) return false;
    if (answer.fault == Fault::kStall) {
      std::unique_lock lock(mutex_);
      stopped_.wait(lock, [this] { return stopping_.load(); });
      return false;
    }
    std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " Answer\r\n";
    for (const auto& [name, value] : answer.headers) text.append(name).append(": ").append(value).append("\r\n");
    text += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n";
    const bool whole = answer.fault != Fault::kTruncate;
    text += whole ? answer.body : answer.body.substr(0, answer.body.size() / 2);
    for (std::size_t sent = 0; sent < text.size();) {
      const ssize_t size = ::send(connection, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (size <= 0) return false;
      sent += static_cast<std::size_t>(size);
    }
    return whole;
  }

  const Handler handler_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread acceptor_;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::int64_t> requests_ = 0, accepted_ = 0;
  std::mutex mutex_;
  std::condition_variable stopped_;
  std::vector<int> connections_;      // guarded by mutex_
  std::vector<std::thread> threads_;  // guarded by mutex_ until the acceptor has ended
};

}  // namespace pregao::test
