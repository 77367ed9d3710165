#include "yahoo/url.h"

#include <charconv>

#include "base/text.h"

namespace pregao::yahoo {

std::string StreamUrl::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (tls ? "443" : "80") ? name : name + ":" + port;
}

namespace {

/// The two schemes of an address, and how it is called and written in messages.
struct Kind {
  std::string_view name, plain, tls, example;
};
constexpr Kind kStream{"stream", "ws://", "wss://",
                       "wss://streamer.finance.yahoo.com/?version=2 or ws://127.0.0.1:8765/"};
constexpr Kind kChart{"chart", "http://", "https://", "https://query1.finance.yahoo.com or http://127.0.0.1:8765"};

Result<StreamUrl> Parse(std::string_view url, const Kind& kind) {
  const auto wrong = [&kind, whole = WithoutUserInfo(url)](std::string_view what, std::string_view more = "") {
    return Status::Invalid(kind.name, " address \"", whole, "\" ", what, more, ": write it like ", kind.example);
  };
  for (const char c : url) {
    if (c <= 0x20 || c == 0x7F) return wrong("has a blank, a control or a non-ASCII character");
  }
  StreamUrl out;
  out.tls = url.starts_with(kind.tls);
  if (!out.tls && !url.starts_with(kind.plain)) {
    return wrong("begins with neither ", std::string(kind.plain) + " nor " + std::string(kind.tls));
  }
  url.remove_prefix((out.tls ? kind.tls : kind.plain).size());
  if (url.find('#') != std::string_view::npos) return wrong("has a fragment (#)");
  const std::size_t path = std::min(url.find_first_of("/?"), url.size());
  std::string_view authority = url.substr(0, path);
  if (path < url.size()) out.target = (url[path] == '?' ? "/" : "") + std::string(url.substr(path));
  if (authority.find('@') != std::string_view::npos) return wrong("has a user name");

  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return wrong("has a '[' without ']'");
    out.host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    out.host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  if (out.host.empty()) return wrong("names no host");
  if (port.empty()) {
    out.port = out.tls ? "443" : "80";
    return out;
  }
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data() + 1, port.data() + port.size(), number);
  if (port[0] != ':' || error != std::errc{} || end != port.data() + port.size() || number == 0 || number > 65'535) {
    return wrong("has a port that is not a number from 1 to 65535");
  }
  out.port = std::to_string(number);
  return out;
}

}  // namespace

Result<StreamUrl> ParseStreamUrl(std::string_view url) { return Parse(url, kStream); }

Status CheckChartUrl(std::string_view url) {
  TRY_ASSIGN(const StreamUrl parsed, Parse(url, kChart));
  if (parsed.target.find('?') == std::string::npos) return Status::OK();
  return Status::Invalid("chart address \"", WithoutUserInfo(url), "\" has a query (?): write it like ",
                         kChart.example);
}

}  // namespace pregao::yahoo
