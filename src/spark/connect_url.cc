#include "spark/connect_url.h"

#include <algorithm>
#include <charconv>

namespace pregao::spark {
namespace {

constexpr std::string_view kScheme = "sc://";
constexpr const char* kForm =
    "a Spark Connect server is written sc://host:15002, or sc://host:443/;use_ssl=true;token=…";

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// %3D is '=' and so on; what is no such pair stays, as in Spark's Python client ('+' too).
std::string Decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = high < 0 ? -1 : HexDigit(text[i + 2]);
    if (low < 0) {
      out += text[i];
    } else {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

bool IsThisMachine(std::string_view host) { return host == "localhost" || host == "127.0.0.1" || host == "[::1]"; }

/// What gRPC sends as a header's name; it ends the program over others.
bool IsHeaderName(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
  });
}

/// The same of a header's value.
bool IsHeaderText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

Status SetParameter(std::string_view name, const std::string& value, ConnectUrl* url) {
  if ((name == "token" || name.starts_with("x-")) && !IsHeaderText(value)) {
    return Status::Invalid("parameter '", name,
                           "' has characters that no header can carry: printable ASCII is expected");
  }
  if (name == "use_ssl") {
    if (value != "true" && value != "false") return Status::Invalid("use_ssl=", value, ": true or false is expected");
    url->tls = value == "true";
  } else if (name == "token") {
    url->token = value;
  } else if (name == "user_id") {
    url->user_id = value;
  } else if (name.starts_with("x-")) {
    std::string header(name);  // gRPC takes small letters alone
    for (char& c : header) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (!IsHeaderName(header)) {
      return Status::Invalid("parameter '", name, "' is no name of a header: use letters, digits, '_', '.' and '-'");
    }
    url->headers[header] = value;
  } else if (name == "session_id") {
    return Status::Invalid("session_id=", value, ": pregao's sessions are named by the lake and the topic, so that ",
                           "queries are found again: leave session_id out");
  } else if (name != "user_agent") {
    return Status::Invalid("parameter '", name, "' is unknown; known are use_ssl, token, user_id, x-…");
  }
  return Status::OK();
}

}  // namespace

Result<ConnectUrl> ParseConnectUrl(std::string_view text) {
  if (!text.starts_with(kScheme)) return Status::Invalid(kForm);
  text.remove_prefix(kScheme.size());
  ConnectUrl url;
  const auto slash = text.find('/');
  std::string_view address = text.substr(0, slash);
  const auto colon = address.rfind(':');
  if (colon != std::string_view::npos && address.find(']', colon) == std::string_view::npos) {
    const std::string_view port = address.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc() || end != port.data() + port.size() || url.port == 0) {
      return Status::Invalid("port '", port, "' is not one: ", kForm);
    }
    address = address.substr(0, colon);
  }
  if (address.empty()) return Status::Invalid("no host: ", kForm);
  url.host = address;
  std::string_view rest = slash == std::string_view::npos ? std::string_view() : text.substr(slash + 1);
  if (!rest.empty() && rest[0] != ';') return Status::Invalid("parameters follow '/;': ", kForm);
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::string_view pair = rest.substr(0, rest.find(';'));
    rest.remove_prefix(pair.size());
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) return Status::Invalid("a parameter has no '=': ", kForm);
    const std::string_view name = pair.substr(0, equals), value = pair.substr(equals + 1);
    if (value.find('=') != std::string_view::npos) {
      return Status::Invalid("parameter '", name, "' has a second '=': one in a value is written %3D, a ';' %3B");
    }
    TRY(SetParameter(name, Decoded(value), &url));
  }
  // As Spark's own clients have it: a token asks for TLS.
  if (!url.token.empty() && !IsThisMachine(url.host)) url.tls = true;
  return url;
}

}  // namespace pregao::spark
