#include "web/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <latch>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/wait_testing.h"
#include "web/http_get.h"
#include "web/lake_probe.h"

namespace pregao::web {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::chrono::seconds kPatience{30};

/// A client that sends what it likes.
class RawClient {
 public:
  explicit RawClient(const Address& address) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(address.port);
    inet_pton(AF_INET, address.host.c_str(), &to.sin_addr);
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    const timeval limit{kPatience.count(), 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~RawClient() { close(fd_); }
  void Send(const std::string& text) { (void)!send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  /// How many bytes of the answer are here, at most `most`.
  std::int64_t Peek(std::size_t most) {
    std::string buffer(most, ' ');
    return recv(fd_, buffer.data(), most, MSG_PEEK | MSG_DONTWAIT);
  }
  /// Everything until `end`, or until the server closes.
  std::string ReadUntil(const std::string& end) {
    std::string all;
    char buffer[4096];
    for (ssize_t n; !all.ends_with(end) && (n = recv(fd_, buffer, sizeof buffer, 0)) > 0;)
      all.append(buffer, static_cast<std::size_t>(n));
    return all;
  }
  /// Everything until the server closes.
  std::string ReadAll() {
    std::string all;
    char buffer[4096];
    for (ssize_t n; (n = recv(fd_, buffer, sizeof buffer, 0)) > 0;) all.append(buffer, static_cast<std::size_t>(n));
    return all;
  }

 private:
  const int fd_;
};

class HttpServerTest : public testing::Test {
 protected:
  void Start(HttpOptions options = {}, Routes routes = {}) {
    routes.emplace("/hello", [](const HttpRequest& r) { return HttpResponse{200, "text/plain", "hello " + r.query}; });
    auto server = HttpServer::Start(std::move(options), std::move(routes));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::move(*server);
  }
  /// With /stream, which begins with `text`.
  void StartStream(const std::string& text) {
    Routes routes;
    routes["/stream"] = [text](const HttpRequest&) { return HttpResponse{200, "text/event-stream", text, {}, true}; };
    Start({}, routes);
  }
  /// The clients become the readers of the stream.
  void Listen(std::initializer_list<RawClient*> clients) {
    for (RawClient* const client : clients) client->Send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
    ASSERT_TRUE(Eventually([&] { return server_->stream_readers() == clients.size(); }));
  }
  std::string Exchange(const std::string& request) {
    RawClient client(server_->address());
    client.Send(request);
    return client.ReadAll();
  }
  Result<HttpResponse> Get(const std::string& path) { return HttpGet(server_->address(), path, kPatience); }

  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersItsRoutesAndNamesThemWhereNothingIs) {
  Start();
  EXPECT_EQ(Get("/hello?x=1")->body, "hello x=1");
  EXPECT_EQ(Get("/absent")->status, 404);
  EXPECT_THAT(Get("/absent")->body, HasSubstr("/hello"));
}

TEST_F(HttpServerTest, HeadIsAGetWithoutItsBody) {
  Start();
  const auto answer = Exchange("HEAD /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 6\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, AConnectionServesManyRequests) {
  Start();
  const std::string one = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const auto answer = Exchange(one + one + "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  std::size_t count = 0;
  for (std::size_t at = 0; (at = answer.find("hello ", at)) != std::string::npos; ++at) ++count;
  EXPECT_EQ(count, 3u);
}

TEST_F(HttpServerTest, AnotherHostIsRefusedWithTheRemedy) {
  HttpOptions options;
  options.host_names = {"pregao"};
  Start(options);
  const auto with = [&](const std::string& header) {
    return Exchange("GET /hello HTTP/1.1\r\n" + header + "Connection: close\r\n\r\n");
  };
  EXPECT_THAT(with("Host: pregao:8686\r\n"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(with("Host: evil.example\r\n"), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(with("Host: evil.example\r\n"), HasSubstr("web.hosts"));
  EXPECT_THAT(with(""), StartsWith("HTTP/1.1 400"));
}

TEST_F(HttpServerTest, OtherMethodsBodiesAndGarbageAreRefused) {
  Start();
  EXPECT_THAT(Exchange("DELETE /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(Exchange("GET /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"),
              StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Exchange("\x16\x03\x01 is TLS\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Exchange("GET /hello HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431"));
  EXPECT_EQ(Get("/hello")->status, 200) << "and it lives on";
}

TEST_F(HttpServerTest, AClientThatNeverEndsItsRequestIsCutOffAndHoldsNobodyUp) {
  HttpOptions options;
  options.read_timeout = std::chrono::milliseconds(200);
  Start(options);
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 20; ++i) {
    slow.push_back(std::make_unique<RawClient>(server_->address()));
    slow.back()->Send("GET /hello HT");
  }
  EXPECT_EQ(Get("/hello")->status, 200);
  for (const auto& client : slow) EXPECT_EQ(client->ReadAll(), "") << "closed without an answer";
}

TEST_F(HttpServerTest, ConnectionsBeyondTheLimitAreClosedAndRoomIsMadeAgain) {
  HttpOptions options;
  options.max_connections = 2;
  Start(options);
  {
    RawClient one(server_->address()), two(server_->address());
    // Both are accepted before the third, for the queue of the kernel keeps its order.
    EXPECT_EQ(RawClient(server_->address()).ReadAll(), "");
  }
  EXPECT_TRUE(Eventually([&] { return Get("/hello").ok(); }));
}

TEST_F(HttpServerTest, AHandlerThatHangsHoldsNoOtherUp) {
  std::latch release(1);
  Routes routes;
  routes["/slow"] = [&](const HttpRequest&) {
    release.wait();
    return HttpResponse{200, "text/plain", "at last"};
  };
  Start({}, routes);
  RawClient client(server_->address());
  client.Send("GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(Get("/hello")->status, 200);
  release.count_down();
  EXPECT_THAT(client.ReadAll(), EndsWith("at last"));
}

TEST_F(HttpServerTest, RoutesThatWaitForALakeTakeNoThreadFromTheOthers) {
  std::latch release(1);
  Routes routes;
  routes["/slow"] = [&](const HttpRequest&) {
    release.wait();
    return HttpResponse{200, "text/plain", "at last"};
  };
  HttpOptions options;
  options.slow_routes = {"/slow"};
  Start(options, routes);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 2 * (options.slow_threads + options.handler_threads); ++i) {
    clients.push_back(std::make_unique<RawClient>(server_->address()));
    clients.back()->Send("GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  }
  EXPECT_EQ(Get("/hello")->status, 200);
  release.count_down();
  for (const auto& client : clients) EXPECT_THAT(client->ReadAll(), EndsWith("at last"));
}

TEST_F(HttpServerTest, AHandlerThatThrowsIsAnAnswerOf500) {
  Routes routes;
  routes["/throws"] = [](const HttpRequest&) -> HttpResponse { throw std::bad_alloc(); };
  Start({}, routes);
  EXPECT_EQ(Get("/throws")->status, 500);
  EXPECT_EQ(Get("/hello")->status, 200);
}

TEST_F(HttpServerTest, APostReachesItsOwnRouteWithHeadersAndBody) {
  Routes routes;
  routes["POST /say"] = [](const HttpRequest& r) {
    return HttpResponse{200, "text/plain", r.headers.at("x-who") + r.body};
  };
  HttpOptions options;
  options.max_body_bytes = 16;
  Start(options, routes);
  const auto post = [&](const std::string& path, const std::string& body) {
    return Exchange("POST " + path +
                    " HTTP/1.1\r\nHost: localhost\r\nX-Who: me\r\nConnection: close\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n\r\n" + body);
  };
  EXPECT_THAT(post("/say", " hello"), EndsWith("me hello"));
  EXPECT_THAT(post("/say", std::string(17, 'x')), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(post("/hello", "x"), StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(post("/hello", "x"), HasSubstr("ask this by GET, HEAD; no other method"));
  EXPECT_THAT(Get("/say")->body, HasSubstr("ask this by POST; no other method"));
  EXPECT_EQ(Get("/say")->status, 405);
}

TEST_F(HttpServerTest, EveryReaderOfTheStreamGetsWhatIsPublished) {
  StartStream("begin\n");
  RawClient one(server_->address()), two(server_->address());
  Listen({&one, &two});
  server_->Publish(std::make_shared<const std::string>("event\n"));
  EXPECT_TRUE(Eventually([&] { return one.Peek(4096) > 7 && two.Peek(4096) > 7; }));
  EXPECT_EQ(Get("/hello")->status, 200);
  server_.reset();
  EXPECT_THAT(one.ReadAll(), EndsWith("\r\n\r\nbegin\nevent\n"));
  EXPECT_THAT(two.ReadAll(), EndsWith("\r\n\r\nbegin\nevent\n"));
}

TEST_F(HttpServerTest, AReaderThatTakesNothingIsCutOffAndTheOthersGoOn) {
  StartStream("");
  RawClient slow(server_->address());
  Listen({&slow});
  const auto event = std::make_shared<const std::string>(64 << 10, 'x');
  EXPECT_TRUE(Eventually([&] {
    server_->Publish(event);
    return server_->stream_readers() == 0;
  }));
  EXPECT_EQ(Get("/hello")->status, 200);
}

TEST_F(HttpServerTest, AnEventOfAnySizeReachesAReaderThatTakesIt) {
  StartStream("");
  RawClient reader(server_->address());
  Listen({&reader});
  server_->Publish(std::make_shared<const std::string>(std::string(3 << 20, 'x') + "end"));
  server_->Publish(std::make_shared<const std::string>("next"));
  EXPECT_THAT(reader.ReadUntil("next"), EndsWith("xendnext"));
  EXPECT_EQ(server_->stream_readers(), 1u);
}

TEST_F(HttpServerTest, AReaderThatGoesIsForgotten) {
  StartStream("");
  {
    RawClient reader(server_->address());
    Listen({&reader});
  }
  EXPECT_TRUE(Eventually([&] { return server_->stream_readers() == 0; }));
}

TEST_F(HttpServerTest, EndsAtOnceWithConnectionsOpen) {
  Start();
  RawClient idle(server_->address()), half(server_->address());
  half.Send("GET /hel");
  server_.reset();
  EXPECT_EQ(idle.ReadAll(), "");
}

TEST_F(HttpServerTest, APortThatIsTakenIsAnErrorWithAddressAndRemedy) {
  Start();
  HttpOptions options;
  options.listen = server_->address();
  const auto status = HttpServer::Start(options, {}).status();
  EXPECT_TRUE(status.IsIOError());
  EXPECT_THAT(status.message(), HasSubstr(server_->address().text()));
  EXPECT_THAT(status.message(), HasSubstr("another program, perhaps another pregao, listens there"));
  EXPECT_EQ(TryListen(server_->address()).message(), status.message());
  const Address address = server_->address();
  server_.reset();
  EXPECT_TRUE(TryListen(address).ok());
}

TEST_F(HttpServerTest, AnAddressOfAnotherMachineIsAnErrorWithTheRemedy) {
  EXPECT_THAT(TryListen({"192.0.2.1", 8686}).message(), HasSubstr("this machine has no such address"));
}

TEST(HttpGet, NobodyThereIsAnErrorThatNamesTheAddress) {
  const auto status = HttpGet({"127.0.0.1", 1}, "/", kPatience).status();
  EXPECT_TRUE(status.IsIOError());
  EXPECT_THAT(status.message(), HasSubstr("127.0.0.1:1 does not answer: "));
}

TEST(LakeProbe, LooksUntilItEndsAndTellsTheNewestAnswer) {
  const SystemClock clock;
  std::atomic<int> looks = 0;
  const LakeProbe probe([&] { return ++looks < 3 ? Status::OK() : Status::IOError("gone"); },
                        std::chrono::milliseconds(1), &clock);
  EXPECT_TRUE(Eventually([&] { return probe.newest().status.IsIOError(); }));
}

}  // namespace
}  // namespace pregao::web
