#include "web/http_get.h"

#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <system_error>
#include <unistd.h>

namespace pregao::web {
namespace {

constexpr std::size_t kMaxAnswerBytes = 1 << 20;

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  const int fd_;
};

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Endpoint EndpointOf(const Address& address) {
  Endpoint out;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET, address.host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    std::memcpy(&out.storage, &v4, out.size = sizeof v4);
  } else if (inet_pton(AF_INET6, address.host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    std::memcpy(&out.storage, &v6, out.size = sizeof v6);
  }
  return out;
}

Status Fault(const Address& address, const char* what) {
  const int error = errno;
  const bool late = error == EAGAIN || error == EINPROGRESS;
  return Status::IOError(address.text(), " ", what, ": ",
                         late ? "it is silent" : std::generic_category().message(error));
}

Result<HttpResponse> Parse(const Address& address, const std::string& answer) {
  HttpResponse out;
  const auto body = answer.find("\r\n\r\n");
  const char* const status = answer.data() + std::min<std::size_t>(answer.size(), sizeof "HTTP/1.1 " - 1);
  if (!answer.starts_with("HTTP/1.") || body == std::string::npos ||
      std::from_chars(status, answer.data() + answer.size(), out.status).ec != std::errc()) {
    return Status::IOError(address.text(), " does not speak HTTP");
  }
  out.body = answer.substr(body + 4);
  return out;
}

}  // namespace

Result<HttpResponse> HttpGet(const Address& address, const std::string& path, std::chrono::milliseconds timeout) {
  const Endpoint endpoint = EndpointOf(address);
  const Socket socket(::socket(endpoint.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return Fault(address, "cannot be asked");
  const timeval limit{timeout.count() / 1000, timeout.count() % 1000 * 1000};
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO})
    setsockopt(socket.get(), SOL_SOCKET, option, &limit, sizeof limit);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&endpoint.storage), endpoint.size) != 0) {
    return Fault(address, "does not answer");
  }
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
    return Fault(address, "does not listen");
  }
  std::string answer;
  char buffer[4096];
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (answer.size() <= kMaxAnswerBytes && std::chrono::steady_clock::now() < deadline) {
    const ssize_t got = ::recv(socket.get(), buffer, sizeof buffer, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Fault(address, "does not answer");
    if (got == 0) return Parse(address, answer);
    answer.append(buffer, static_cast<std::size_t>(got));
  }
  return Status::IOError(address.text(), " answers too slowly or too long");
}

}  // namespace pregao::web
