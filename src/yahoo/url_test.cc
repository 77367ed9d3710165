#include "yahoo/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pregao::yahoo {
namespace {

TEST(ParseStreamUrl, TakesAnAddressApart) {
  struct Case {
    const char* url;
    bool tls;
    const char *host, *port, *target, *authority;
  };
  for (const Case& c : {Case{"wss://streamer.finance.yahoo.com/?version=2", true, "streamer.finance.yahoo.com", "443",
                             "/?version=2", "streamer.finance.yahoo.com"},
                        Case{"ws://127.0.0.1:8765", false, "127.0.0.1", "8765", "/", "127.0.0.1:8765"},
                        Case{"ws://host?version=2", false, "host", "80", "/?version=2", "host"},
                        Case{"wss://[::1]:9443/a/b", true, "::1", "9443", "/a/b", "[::1]:9443"}}) {
    const auto url = ParseStreamUrl(c.url);
    ASSERT_TRUE(url.ok()) << url.status();
    EXPECT_EQ(url->tls, c.tls) << c.url;
    EXPECT_EQ(url->host, c.host);
    EXPECT_EQ(url->port, c.port);
    EXPECT_EQ(url->target, c.target);
    EXPECT_EQ(url->authority(), c.authority);
  }
}

TEST(ParseStreamUrl, RefusesAUserNameWithoutShowingIt) {
  const auto parsed = ParseStreamUrl("ws://user:secret@h/");
  ASSERT_TRUE(parsed.status().IsInvalid());
  EXPECT_THAT(parsed.status().message(), ::testing::HasSubstr("\"ws://…@h/\""));
}

TEST(ParseStreamUrl, RefusesWithTheValueAndAnExample) {
  for (const char* url : {"", "http://x/", "wss://", "ws://:80/", "ws://h:0", "ws://h:65536", "ws://h:8x",
                          "ws://h:", "ws://[::1", "ws://[::1]8", "ws://h/#a", "ws://h /", "ws://h/\r\nX: y"}) {
    const auto parsed = ParseStreamUrl(url);
    ASSERT_TRUE(parsed.status().IsInvalid()) << url;
    EXPECT_THAT(parsed.status().message(), ::testing::HasSubstr(std::string("\"") + url + "\""));
    EXPECT_THAT(parsed.status().message(), ::testing::HasSubstr("wss://streamer.finance.yahoo.com"));
  }
}

TEST(CheckChartUrl, RefusesWithTheValueAndAnExample) {
  for (const char* url : {"https://query1.finance.yahoo.com", "http://127.0.0.1:8080/", "http://[::1]:1/proxy"}) {
    EXPECT_TRUE(CheckChartUrl(url).ok()) << url;
  }
  for (const char* url : {"", "nonsense", "ws://h", "https://", "http://h:0", "http://h/?a=b", "http://h /"}) {
    const Status status = CheckChartUrl(url);
    ASSERT_TRUE(status.IsInvalid()) << url;
    EXPECT_THAT(status.message(), ::testing::HasSubstr(std::string("\"") + url + "\""));
    EXPECT_THAT(status.message(), ::testing::HasSubstr("https://query1.finance.yahoo.com"));
  }
}

}  // namespace
}  // namespace pregao::yahoo
