#include "web/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pregao::web {
namespace {

TEST(Address, IsReadInEveryForm) {
  for (const auto& [text, host, port] :
       {std::tuple("127.0.0.1:8686", "127.0.0.1", 8686), std::tuple("[::1]:1", "::1", 1),
        std::tuple("localhost:65535", "127.0.0.1", 65535), std::tuple(":8686", "0.0.0.0", 8686),
        std::tuple("0.0.0.0:0", "0.0.0.0", 0)}) {
    const auto address = ParseAddress(text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(address->host, host);
    EXPECT_EQ(address->port, port);
    EXPECT_EQ(ParseAddress(address->text())->text(), address->text());
  }
}

TEST(Address, WhatIsNoneIsNamedWithTheForms) {
  for (const char* text : {"", "8686", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:8686 ",
                           "example.com:80", "[::1]", "::1:80", "[::1:80", "1.2.3:80"}) {
    const auto status = ParseAddress(text).status();
    EXPECT_TRUE(status.IsInvalid()) << text;
    EXPECT_THAT(status.message(), ::testing::HasSubstr("\"127.0.0.1:8686\"")) << text;
  }
}

TEST(Host, AddressesAndLocalhostAreAnsweredOthersNot) {
  for (const char* host :
       {"127.0.0.1", "127.0.0.1:8686", "[::1]:8686", "[::1]", "localhost", "LOCALHOST:80", "10.0.0.7:1"}) {
    EXPECT_TRUE(HostAllowed(host, {})) << host;
  }
  for (const char* host : {"", "evil.example", "evil.example:8686", "127.0.0.1.evil.example", "localhost.evil.example",
                           "[evil", "127.0.0.1@evil.example", ":8686"}) {
    EXPECT_FALSE(HostAllowed(host, {})) << host;
  }
}

TEST(Host, NamesThatWereGivenAreAnsweredWhateverTheirCase) {
  EXPECT_TRUE(HostAllowed("Pregao:8686", {"pregao"}));
  EXPECT_FALSE(HostAllowed("pregao.evil.example:8686", {"pregao"}));
}

}  // namespace
}  // namespace pregao::web
