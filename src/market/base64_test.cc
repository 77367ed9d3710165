#include "market/base64.h"

#include <gtest/gtest.h>

namespace pregao::market {
namespace {

TEST(Base64, EncodesTheVectorsOfRfc4648) {
  for (const auto& [bytes, text] : {std::pair{"", ""},
                                    {"f", "Zg=="},
                                    {"fo", "Zm8="},
                                    {"foo", "Zm9v"},
                                    {"foob", "Zm9vYg=="},
                                    {"fooba", "Zm9vYmE="},
                                    {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(EncodeBase64(bytes), text);
    EXPECT_EQ(DecodeBase64(text), bytes);
  }
}

TEST(Base64, RoundTripsEveryByteAtEveryPlace) {
  for (std::size_t length = 1; length <= 4; ++length) {
    for (std::size_t place = 0; place < length; ++place) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string bytes(length, '\x5A');
        bytes[place] = static_cast<char>(byte);
        ASSERT_EQ(DecodeBase64(EncodeBase64(bytes)), bytes) << byte;
      }
    }
  }
}

TEST(Base64, RefusesWhatIsNotExactlyIt) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "=", "====", "Z===", "Zm9v\n", "Zm 9", "Zm9-", "Zm9_",
                           "Zg==Zg==", "Zm8=Zm8=", "Z\xC3\xA7==", "\"Zg=", "Zh==", "Zm9="}) {
    EXPECT_EQ(DecodeBase64(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace pregao::market
