#include "cloud/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/http_server.h"

namespace pregao::cloud {
namespace {

using test::HttpServer;
using test::ServedAnswer;
using test::ServedRequest;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Fault = ServedAnswer::Fault;

HttpRequest To(const HttpServer& server, const std::string& target = "/") {
  HttpRequest request;
  request.url = server.url() + target;
  return request;
}

TEST(HttpClient, SendsMethodHeadersAndBodyAndHandsBackTheAnswer) {
  const HttpServer server([](const ServedRequest& r) {
    return ServedAnswer{418, {{"X-Back", r.header("x-there")}}, r.method + " " + r.target + " " + r.body};
  });
  HttpClient client;
  HttpRequest request = To(server, "/a?b=c");
  request.method = "PUT";
  request.headers = {{"X-There", "v"}};
  const std::string body("\0\xff\r\n", 4);
  request.body = body;
  const auto answer = client.Send(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 418);
  EXPECT_EQ(answer->headers.at("x-back"), "v");
  EXPECT_EQ(answer->body, "PUT /a?b=c " + body);
}

TEST(HttpClient, KeepsConnectionsAlive) {
  const HttpServer server([](const ServedRequest&) { return ServedAnswer{}; });
  HttpClient client;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client.Send(To(server)).ok());
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(client.counters()->requests, 20);
}

TEST(HttpClient, ManyThreadsAtOnce) {
  const HttpServer server([](const ServedRequest& r) { return ServedAnswer{200, {}, r.target}; });
  HttpClient client;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const std::string target = "/" + std::to_string(t) + "/" + std::to_string(i);
        EXPECT_EQ(client.Send(To(server, target)).ValueOrDie().body, target);
      }
    });
  }
  threads.clear();
  EXPECT_LE(server.connections(), 8);
}

TEST(HttpClient, AnAnswerThatIsLostOrCutShortIsAnIoError) {
  for (const Fault fault : {Fault::kDrop, Fault::kTruncate}) {
    const HttpServer server([&](const ServedRequest&) { return ServedAnswer{200, {}, "0123456789", fault}; });
    HttpClient client;
    const auto answer = client.Send(To(server));
    EXPECT_TRUE(answer.status().IsIOError()) << answer.status();
  }
}

TEST(HttpClient, AServerThatSaysNothingIsLeftAfterTheTimeout) {
  const HttpServer server([](const ServedRequest&) { return ServedAnswer{200, {}, "", Fault::kStall}; });
  HttpOptions options;
  options.total_timeout = std::chrono::milliseconds(100);
  HttpClient client(options);
  const auto answer = client.Send(To(server));
  EXPECT_TRUE(answer.status().IsIOError()) << answer.status();
  EXPECT_THAT(answer.status().message(), HasSubstr("timed out"));
}

TEST(HttpClient, NobodyListeningIsAnIoErrorThatNamesThePlaceWithoutItsQuery) {
  std::string url;
  {
    url = HttpServer([](const ServedRequest&) { return ServedAnswer{}; }).url();
  }
  HttpClient client;
  HttpRequest request;
  request.url = url + "/path?key=secret";
  const auto answer = client.Send(request);
  EXPECT_TRUE(answer.status().IsIOError()) << answer.status();
  EXPECT_THAT(answer.status().message(), AllOf(HasSubstr("/path"), Not(HasSubstr("secret"))));
}

TEST(HttpClient, AnAnswerBeyondTheBoundIsInvalid) {
  const HttpServer server([](const ServedRequest&) { return ServedAnswer{200, {}, std::string(1000, 'x')}; });
  HttpClient client;
  HttpRequest request = To(server);
  request.max_answer = 1000;
  EXPECT_TRUE(client.Send(request).ok());
  request.max_answer = 999;
  EXPECT_TRUE(client.Send(request).status().IsInvalid());
}

TEST(HttpClient, RedirectsAreNotFollowed) {
  const HttpServer server([](const ServedRequest&) { return ServedAnswer{302, {{"Location", "/other"}}, ""}; });
  HttpClient client;
  EXPECT_EQ(client.Send(To(server))->status, 302);
  EXPECT_EQ(server.requests(), 1);
}

TEST(HttpClient, RetryAfterInSecondsOrAsADate) {
  const HttpServer server([](const ServedRequest& r) {
    return ServedAnswer{429, {{"Retry-After", r.target == "/s" ? "7" : "Fri, 31 Dec 2100 23:59:59 GMT"}}, ""};
  });
  HttpClient client;
  EXPECT_EQ(client.Send(To(server, "/s"))->retry_after, std::chrono::seconds(7));
  EXPECT_GT(client.Send(To(server, "/d"))->retry_after.value(), std::chrono::hours(1));
}

TEST(HttpClient, OtherSchemesThanHttpAreRefused) {
  HttpClient client;
  HttpRequest request;
  request.url = "file:///etc/hostname";
  EXPECT_FALSE(client.Send(request).ok());
}

TEST(UrlEncode, LeavesOnlyWhatNeedsNoEscape) {
  EXPECT_EQ(UrlEncode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(UrlEncode("a/b c%\xc3\xa7="), "a%2Fb%20c%25%C3%A7%3D");
}

TEST(IsLoopback, KnowsThisMachine) {
  for (const char* url : {"http://127.0.0.1:80/x", "http://localhost", "http://[::1]:5/", "127.0.0.1:9"}) {
    EXPECT_TRUE(IsLoopback(url)) << url;
  }
  for (const char* url : {"http://127.0.0.1.evil.example/", "http://localhost@evil.example/", "https://google.com"}) {
    EXPECT_FALSE(IsLoopback(url)) << url;
  }
}

}  // namespace
}  // namespace pregao::cloud
