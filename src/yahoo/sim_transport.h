#pragma once
/// The simulator's sockets: a server of WebSockets and of plain HTTP on one thread. The only server code that knows
/// Boost is its .cc.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace pregao::yahoo {

enum class SimClose : std::uint8_t {
  kGoingAway,    ///< a close frame with code 1001
  kWithoutCode,  ///< a close frame with no code, as Yahoo answers a malformed request
  kReset,        ///< a TCP reset
};

/// One accepted connection. To be used on the transport's thread only.
class SimConnection {
 public:
  virtual ~SimConnection() = default;
  /// Queues a text message; a client that lets too many pile up is reset.
  virtual void Send(std::string text) = 0;
  virtual void Close(SimClose how) = 0;
};

/// The answer to a plain HTTP request.
struct SimAnswer {
  int status = 200;
  std::string body;                           ///< JSON, or plain text where the status is no 200
  std::optional<std::int64_t> retry_after_s;  ///< the header
};

/// All run on the transport's thread.
struct SimHandlers {
  std::function<void(std::uint64_t id, std::string_view target, std::shared_ptr<SimConnection>)> on_open;
  std::function<void(std::uint64_t id, std::string_view text)> on_message;
  std::function<void(std::uint64_t id)> on_close;
  std::function<SimAnswer(std::string_view target)> on_request;
  std::function<void()> on_tick;
  /// The last of all, on the thread that destroys the transport: let go of every connection.
  std::function<void()> on_stop;
};

struct SimTransportOptions {
  std::string host;
  std::uint16_t port;
  std::size_t max_connections;
  std::chrono::microseconds tick;
  std::string certificate_pem, key_pem;
};

class SimTransport {
 public:
  [[nodiscard]] static Result<std::unique_ptr<SimTransport>> Start(const SimTransportOptions& options,
                                                                   SimHandlers handlers);
  /// Stops the thread; no handler runs after.
  virtual ~SimTransport() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// Runs `work` on the thread. Thread-safe.
  virtual void Post(std::function<void()> work) = 0;
};

}  // namespace pregao::yahoo
