#include "web/access.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/json_writer.h"

namespace pregao::web {
namespace {

constexpr std::string_view kCookie = "pregao_token=";

HttpResponse Refuse(int status, std::string_view why) {
  JsonWriter w;
  w.BeginObject();
  w.Key("error");
  w.String(why);
  w.EndObject();
  return {status, "application/json", w.Take() + "\n"};
}

std::string_view Header(const HttpRequest& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string_view() : std::string_view(found->second);
}

/// In a time that does not tell how much of it is right.
bool Same(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b.empty() ? 0 : b[i % b.size()]);
  }
  return difference == 0;
}

std::string_view CookieToken(std::string_view cookies) {
  while (!cookies.empty()) {
    std::string_view one = cookies.substr(0, cookies.find(';'));
    cookies.remove_prefix(std::min(one.size() + 1, cookies.size()));
    while (one.starts_with(' ')) one.remove_prefix(1);
    if (one.starts_with(kCookie)) return one.substr(kCookie.size());
  }
  return "";
}

/// nullopt: the token is shown, or none is needed.
std::optional<HttpResponse> WithoutToken(const HttpRequest& request, const std::string& token) {
  if (token.empty()) return std::nullopt;
  std::string_view bearer = Header(request, "authorization");
  if (bearer.starts_with("Bearer ") && Same(bearer.substr(7), token)) return std::nullopt;
  if (Same(CookieToken(Header(request, "cookie")), token)) return std::nullopt;
  const std::string given = QueryParameter(request.query, "token");
  if (!given.empty() && Same(given, token)) {
    HttpResponse answer{303, "text/plain; charset=utf-8", "\n"};
    answer.headers["Location"] = request.path;
    answer.headers["Set-Cookie"] =
        std::string(kCookie) + token + "; HttpOnly; SameSite=Strict; Path=/; Max-Age=2592000";
    return answer;
  }
  auto answer =
      Refuse(401, "a token is needed: open /?token=… once, or send it as Authorization: Bearer; it is web.token");
  answer.headers["WWW-Authenticate"] = "Bearer";
  return answer;
}

/// nullopt: it was sent by our own page, or by no page.
std::optional<HttpResponse> FromElsewhere(const HttpRequest& request) {
  if (!Header(request, "content-type").starts_with("application/json")) {
    return Refuse(415, "what is sent here is Content-Type: application/json");
  }
  const auto site = Header(request, "sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none")
    return Refuse(403, "a page of another origin sends nothing here");
  const auto origin = Header(request, "origin");
  const auto scheme = origin.find("://");
  if (!origin.empty() && (scheme == std::string_view::npos || origin.substr(scheme + 3) != Header(request, "host"))) {
    return Refuse(403, "a page of another origin sends nothing here");
  }
  return std::nullopt;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = high >= 0 ? HexDigit(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

}  // namespace

HttpHeaders PageHeaders() {
  return {
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
       "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
      {"Referrer-Policy", "no-referrer"},
      {"X-Frame-Options", "DENY"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
  };
}

Routes Guarded(Routes routes, const AccessRules& rules) {
  Routes out;
  for (auto& [route, handler] : routes) {
    const bool sends = route.starts_with("POST ");
    out[route] = [handler = std::move(handler), rules, sends](const HttpRequest& request) {
      auto refusal = WithoutToken(request, rules.token);
      if (!refusal && sends) refusal = FromElsewhere(request);
      HttpResponse answer = refusal ? *std::move(refusal) : handler(request);
      answer.headers.merge(PageHeaders());
      return answer;
    };
  }
  return out;
}

std::string QueryParameter(const std::string& query, const std::string& name) {
  std::string_view left = query;
  while (!left.empty()) {
    const std::string_view one = left.substr(0, left.find('&'));
    left.remove_prefix(std::min(one.size() + 1, left.size()));
    const auto equals = one.find('=');
    if (equals != std::string_view::npos && one.substr(0, equals) == name) return Decode(one.substr(equals + 1));
  }
  return "";
}

}  // namespace pregao::web
