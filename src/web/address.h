#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace pregao::web {

/// Where a server listens.
struct Address {
  std::string host = "127.0.0.1";  ///< an IP address
  std::uint16_t port = 0;          ///< 0: any that is free

  /// "127.0.0.1:8686", "[::1]:8686".
  [[nodiscard]] std::string text() const;
};

/// Reads "127.0.0.1:8686", "[::1]:8686", "localhost:8686", ":8686" (every address of the machine).
/// Invalid names the text and the forms.
[[nodiscard]] Result<Address> ParseAddress(std::string_view text);

/// Whether the Host header of a request is one that this server answers to: an IP address, localhost, or one of
/// `names`, with any port. What else arrives was sent by a page that has its own name resolve to us (DNS rebinding).
[[nodiscard]] bool HostAllowed(std::string_view host, const std::vector<std::string>& names);

}  // namespace pregao::web
