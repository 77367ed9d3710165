#include "web/address.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>

namespace pregao::web {
namespace {

bool IsIp(const std::string& text) {
  in6_addr ignored{};
  return inet_pton(AF_INET, text.c_str(), &ignored) == 1 || inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

struct Parts {
  std::string host;
  std::string_view port;
};

/// "host:port", "[v6]:port", "host", "[v6]".
Parts Split(std::string_view text) {
  const auto bracket = text.starts_with('[') ? text.find(']') : std::string_view::npos;
  const auto colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  std::string_view host = text.substr(0, colon);
  if (bracket != std::string_view::npos) host = host.substr(1, bracket - 1);
  std::string lower(host);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return {std::move(lower), colon == std::string_view::npos ? "" : text.substr(colon + 1)};
}

}  // namespace

std::string Address::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Address> ParseAddress(std::string_view text) {
  Parts parts = Split(text);
  if (parts.host == "localhost") parts.host = "127.0.0.1";
  if (parts.host.empty()) parts.host = "0.0.0.0";
  Address address{parts.host, 0};
  const auto [end, error] = std::from_chars(parts.port.data(), parts.port.data() + parts.port.size(), address.port);
  if (error != std::errc() || end != parts.port.data() + parts.port.size() || !IsIp(address.host)) {
    return Status::Invalid("\"", text,
                           "\" is no address to listen at: give an IP address and a port, such as \"127.0.0.1:8686\", "
                           "\"[::1]:8686\", or \":8686\" for every address of this machine");
  }
  return address;
}

bool HostAllowed(std::string_view host, const std::vector<std::string>& names) {
  const Parts parts = Split(host);
  return IsIp(parts.host) || parts.host == "localhost" ||
         std::find(names.begin(), names.end(), parts.host) != names.end();
}

}  // namespace pregao::web
