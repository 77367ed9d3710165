#pragma once
/// Where a Spark Connect server is. Source: Spark's client connection string, connector/connect/docs.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/status.h"

namespace pregao::spark {

/// `sc://host[:port][/;use_ssl=true;token=…;user_id=…]`, the values percent-encoded as in Spark's own clients
struct ConnectUrl {
  std::string host;
  std::uint16_t port = 15002;
  bool tls = false;
  std::string token;    ///< of a bearer; a secret. Sent over TLS, or without it to this machine only
  std::string user_id;  ///< whose sessions these are, for a server that is shared
  std::map<std::string, std::string> headers;  ///< sent with each request: parameters x-…, as Databricks wants them

  [[nodiscard]] std::string address() const { return host + ":" + std::to_string(port); }
};

/// Invalid with what is wrong and how it is written; the text's secrets are not repeated.
[[nodiscard]] Result<ConnectUrl> ParseConnectUrl(std::string_view text);

}  // namespace pregao::spark
