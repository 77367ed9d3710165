#pragma once
/// A WebSocket as a client, plain or over TLS. The only client code that knows Boost is web_socket.cc.
#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/status.h"
#include "yahoo/url.h"

namespace pregao::yahoo {

struct WebSocketOptions {
  std::chrono::milliseconds step_timeout{10'000};  ///< of name, TCP, TLS, upgrade and of each write
  std::size_t max_message_bytes = 256 * 1024;
  std::string ca_file;  ///< PEM of further authorities to trust
};

/// One open connection, used by one thread; Wake alone is thread-safe.
class WebSocket {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Connects; over TLS (1.2 or newer) the certificate and the host name must be right. `stop` ends every wait of the
  /// socket's whole life. IOError: in words; Invalid: the authorities' file; Cancelled: stopped.
  [[nodiscard]] static Result<std::unique_ptr<WebSocket>> Connect(const StreamUrl& url, const WebSocketOptions& options,
                                                                  std::stop_token stop);
  virtual ~WebSocket() = default;

  /// The next message. nullopt: `until` has come, Wake was called, or stop. IOError: the connection is gone.
  [[nodiscard]] virtual Result<std::optional<std::string>> Read(TimePoint until) = 0;
  /// Sends a text message.
  [[nodiscard]] virtual Status Write(const std::string& text) = 0;
  /// Ends the Read that waits, or the next one.
  virtual void Wake() = 0;
  /// Says good-bye, for at most 300 ms.
  virtual void Close() = 0;
};

}  // namespace pregao::yahoo
