#include "web/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pregao::web {
namespace {

using ::testing::HasSubstr;

HttpResponse Ask(const std::string& token, const std::string& route, HttpRequest request) {
  Routes routes;
  routes[route] = [](const HttpRequest&) { return HttpResponse{200, "text/plain", "done"}; };
  return Guarded(std::move(routes), {token}).at(route)(request);
}

TEST(Access, WithoutATokenEveryoneReads) { EXPECT_EQ(Ask("", "/", {"/", ""}).body, "done"); }

TEST(Access, EveryAnswerKeepsThePageToItself) {
  for (const char* token : {"", "secret"}) {
    const auto headers = Ask(token, "/", {"/", ""}).headers;
    EXPECT_THAT(headers.at("Content-Security-Policy"), HasSubstr("default-src 'none'"));
    EXPECT_THAT(headers.at("Content-Security-Policy"), HasSubstr("frame-ancestors 'none'"));
  }
}

TEST(Access, ATokenIsShownAsBearerOrCookie) {
  EXPECT_EQ(Ask("secret", "/", {"/", ""}).status, 401);
  EXPECT_EQ(Ask("secret", "/", {"/", "", {{"authorization", "Bearer secret"}}}).status, 200);
  EXPECT_EQ(Ask("secret", "/", {"/", "", {{"cookie", "a=b; pregao_token=secret"}}}).status, 200);
  for (const char* wrong : {"Bearer secre", "Bearer secrets", "Bearer ", "secret", "Bearer Secret"}) {
    EXPECT_EQ(Ask("secret", "/", {"/", "", {{"authorization", wrong}}}).status, 401) << wrong;
  }
  EXPECT_EQ(Ask("secret", "/", {"/", "", {{"cookie", "pregao_token=; pregao_token=secrets"}}}).status, 401);
}

TEST(Access, ATokenInTheAddressBecomesACookieAndLeavesTheAddress) {
  const auto answer = Ask("secret", "/", {"/", "token=secret"});
  EXPECT_EQ(answer.status, 303);
  EXPECT_EQ(answer.headers.at("Location"), "/");
  EXPECT_THAT(answer.headers.at("Set-Cookie"), HasSubstr("HttpOnly; SameSite=Strict"));
  EXPECT_EQ(Ask("secret", "/", {"/", "token=wrong"}).status, 401);
}

TEST(Access, OnlyOurOwnPageAndProgramsSend) {
  const auto send = [](HttpHeaders headers) {
    headers.emplace("host", "127.0.0.1:8686");  // emplace: what a case gives itself stays
    headers.emplace("content-type", "application/json");
    return Ask("", "POST /api/watchlist", {"/api/watchlist", "", std::move(headers), "{}"}).status;
  };
  EXPECT_EQ(send({}), 200);
  EXPECT_EQ(send({{"origin", "http://127.0.0.1:8686"}, {"sec-fetch-site", "same-origin"}}), 200);
  EXPECT_EQ(send({{"origin", "http://evil.example"}}), 403);
  EXPECT_EQ(send({{"origin", "http://127.0.0.1:8687"}}), 403);
  EXPECT_EQ(send({{"origin", "null"}}), 403);
  EXPECT_EQ(send({{"sec-fetch-site", "cross-site"}}), 403);
  EXPECT_EQ(send({{"sec-fetch-site", "same-site"}}), 403);
  EXPECT_EQ(send({{"content-type", "text/plain"}}), 415) << "what a form could send";
}

TEST(QueryParameter, IsDecoded) {
  EXPECT_EQ(QueryParameter("a=1&ticker=%5EBVSP&b=2", "ticker"), "^BVSP");
  EXPECT_EQ(QueryParameter("ticker=A+B%", "ticker"), "A B%");
  EXPECT_EQ(QueryParameter("other=1", "ticker"), "");
  EXPECT_EQ(QueryParameter("", "ticker"), "");
}

}  // namespace
}  // namespace pregao::web
