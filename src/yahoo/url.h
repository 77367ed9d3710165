#pragma once
#include <string>
#include <string_view>

#include "base/status.h"

namespace pregao::yahoo {

/// The address of a WebSocket: ws://host[:port][/path?query] or wss://….
struct StreamUrl {
  bool tls = false;
  std::string host;  ///< without the brackets of an IPv6 address
  std::string port;  ///< digits; by default 80, or 443 with TLS
  std::string target = "/";

  /// host:port as the Host header has it.
  [[nodiscard]] std::string authority() const;
};

/// Invalid, with what is wrong and an example.
[[nodiscard]] Result<StreamUrl> ParseStreamUrl(std::string_view url);
/// Whether it is what can stand before /v8/finance/chart: http://host[:port][/path] or https://…. Invalid, with what is
/// wrong and an example.
[[nodiscard]] Status CheckChartUrl(std::string_view url);

}  // namespace pregao::yahoo
